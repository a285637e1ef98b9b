import type { Estimate, ItemInputs, ItemKind, Priority, Status } from '#pipeline';
import type { EntityManager } from 'typeorm';
import { storedPriority } from '../entities/task.js';
import { BELIEVED } from './dispatch.js';
import { AT_GATE, BUSY, sqlList } from './status-lists.js';

/** Queued videos of a channel and a priority of which nothing has been begun. */
export interface QueuedVideos {
  readonly channelId: string;
  readonly priority: Priority;
  readonly count: number;
}

/** An item that is there and not ready. */
export interface UnfinishedItem<K extends ItemKind = ItemKind> {
  readonly kind: K;
  /** What time and price depend on; long texts that they do not depend on are left out. */
  readonly input: Partial<ItemInputs[K]>;
  /** Its call is under way, or its job with the provider, which is billed when it is accepted. */
  readonly isPaid: boolean;
  /** For how long it has been in the making (ms); null: it is not. */
  readonly runningMs: number | null;
}

/** A video that is in work, or queued once more after it was. */
export interface BegunVideo {
  readonly id: string;
  readonly channelId: string;
  readonly priority: Priority;
  readonly status: Status;
  /** What its storyboard comes to; null before it is written. */
  readonly estimate: Estimate | null;
  /** Kinds of which it has items, ready or not. */
  readonly kinds: readonly ItemKind[];
  readonly unfinished: readonly UnfinishedItem[];
}

/** A kind of item, and whether the simulator makes it now: it is as fast as it is told to be. */
export interface PacedKind {
  readonly kind: ItemKind;
  readonly simulated: boolean;
}

/** The latest items of a kind that tell how long one takes. */
const LATEST = 50;
/** Fewer tell nothing. */
const ENOUGH = 5;

/** Videos that wait, counted in an index and not read: there may be ten thousand. */
export const QUEUED_VIDEOS = `
  SELECT channel_id AS "channelId", priority, count(*)::int AS count FROM tasks WHERE status = 'queued' GROUP BY channel_id, priority`;

/** The parts of one begun video after the other, in the order of the line. */
const begunVideos = (which: string) => `
  SELECT tasks.id, tasks.channel_id AS "channelId", tasks.priority, tasks.status, made.estimate,
    coalesce(made.kinds, '{}') AS kinds, coalesce(made.unfinished, '[]') AS unfinished
  FROM tasks CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT kind) AS kinds,
      max(result -> 'estimate' #>> '{}') FILTER (WHERE kind = 'storyboard' AND state = 'ready')::jsonb AS estimate,
      json_agg(json_build_object('kind', kind, 'input', input - '{prompt,motion,before,after,description}'::text[],
        'isPaid', provider_job_id IS NOT NULL OR EXISTS (SELECT FROM video_costs WHERE artifact_id = artifacts.id AND state = 'intended'),
        'runningMs', CASE WHEN state = 'running' THEN extract(epoch FROM now() - started_at) * 1000 END)) FILTER (WHERE state <> 'ready') AS unfinished
    FROM artifacts WHERE artifacts.task_id = tasks.id AND state <> 'superseded'
  ) AS made
  WHERE ${which} ORDER BY tasks.status = 'queued', tasks.priority, tasks.queued_at, tasks.id`;

export const BEGUN_VIDEOS = begunVideos(
  `tasks.status IN ${sqlList([...BUSY, ...AT_GATE])} OR (tasks.status = 'queued' AND tasks.step_generation > 0)`,
);
/** $1: a task. */
const BEGUN_VIDEO = begunVideos('tasks.id = $1');

/** $1: kinds; $2: whether the simulator makes them. */
export const PACES = `
  SELECT wanted.kind, avg(latest.made_in_ms)::float8 AS ms
  FROM unnest($1::text[], $2::boolean[]) AS wanted (kind, simulated) CROSS JOIN LATERAL (
    SELECT made_in_ms FROM artifacts
    WHERE artifacts.kind = wanted.kind AND artifacts.simulated = wanted.simulated AND made_in_ms IS NOT NULL
    ORDER BY created_at DESC LIMIT ${LATEST}
  ) AS latest GROUP BY wanted.kind HAVING count(*) >= ${ENOUGH}`;

/** $1: a task. Those of its channel that are queued before it and as urgent. */
export const QUEUED_BEFORE = `
  SELECT count(*)::int AS count FROM tasks AS mine JOIN tasks AS earlier
    ON earlier.status = 'queued' AND earlier.channel_id = mine.channel_id AND earlier.priority = mine.priority
      AND (earlier.queued_at, earlier.id) < (mine.queued_at, mine.id)
  WHERE mine.id = $1`;

type Stored<T extends { priority: Priority }> = Omit<T, 'priority'> & { priority: number };

/** What a forecast is made from: what is left to be made, and how long it takes. */
export class Forecasts {
  constructor(private readonly manager: EntityManager) {}

  /** Everything that is queued or in work; of each channel the begun videos in their order. */
  async unpublished(): Promise<{ queued: QueuedVideos[]; begun: BegunVideo[] }> {
    const begun = (await this.manager.query<Stored<BegunVideo>[]>(BEGUN_VIDEOS)).map(asBegun);
    const rows = await this.manager.query<Stored<QueuedVideos>[]>(QUEUED_VIDEOS);
    const queued = rows.map(({ channelId, count, ...row }) => {
      const priority = storedPriority(row.priority);
      const again = begun.filter((video) => video.status === 'queued' && video.channelId === channelId && video.priority === priority);
      return { channelId, priority, count: Math.max(0, count - again.length) };
    });
    return { queued: queued.filter(({ count }) => count > 0), begun };
  }

  /** What is left of one video. @throws when there is no such task */
  async video(taskId: string): Promise<BegunVideo> {
    const [row] = await this.manager.query<Stored<BegunVideo>[]>(BEGUN_VIDEO, [taskId]);
    if (!row) throw new Error(`There is no task ${taskId}`);
    return asBegun(row);
  }

  /** How many of its channel are queued before a task and are as urgent. */
  async queuedBefore(taskId: string): Promise<number> {
    const [row] = await this.manager.query<{ count: number }[]>(QUEUED_BEFORE, [taskId]);
    return row?.count ?? 0;
  }

  /** How many each provider has said lately that it takes at once, by lane. */
  async saidPlaces(): Promise<Map<string, number>> {
    const rows = await this.manager.query<{ name: string; said: number }[]>(
      `SELECT name, said FROM lanes WHERE said IS NOT NULL AND said_at > now() - ${BELIEVED}`,
    );
    return new Map(rows.map(({ name, said }) => [name, said]));
  }

  /** How long an item of each kind took of late (ms); kinds of which too few were made are left out. */
  async paces(kinds: readonly PacedKind[]): Promise<Map<ItemKind, number>> {
    const rows = await this.manager.query<{ kind: ItemKind; ms: number }[]>(PACES, [
      kinds.map(({ kind }) => kind),
      kinds.map(({ simulated }) => simulated),
    ]);
    return new Map(rows.map(({ kind, ms }) => [kind, ms]));
  }
}

function asBegun(row: Stored<BegunVideo>): BegunVideo {
  return { ...row, priority: storedPriority(row.priority) };
}
