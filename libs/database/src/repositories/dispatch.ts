import type { ChannelSettings } from '#config';
import type { Priority, StepName } from '#pipeline';
import type { EntityManager } from 'typeorm';
import { storedPriority } from '../entities/task.js';
import { KEPT_PLACE, wantedWith } from './artifacts.js';

/** How a lane is doing, and how far the channels have shared it. */
export interface LaneState {
  readonly name: string;
  /** Virtual time (s). */
  readonly clock: number;
  readonly finishes: ReadonlyMap<string, number>;
  /** Places while it recovers; null: all. */
  readonly allowed: number | null;
  /** Places that its provider says it has; null: it has not said lately. */
  readonly said: number | null;
  /** Calls in a row that failed. */
  readonly faults: number;
  /** How long nothing begins (ms); 0: it may. */
  readonly heldMs: number;
  /** How long until the next may begin, where it keeps a pace (ms). */
  readonly nextStartMs: number;
  /** Steps of which nothing begins for now. */
  readonly heldSteps: readonly StepName[];
}

/** What is on its way or in the making, or still has a place at its provider. */
export interface InHand {
  readonly taskId: string;
  readonly channelId: string;
  readonly step: StepName;
  /** In its queue, and nobody has taken it up. */
  readonly unclaimed: boolean;
  readonly hasPlace: boolean;
  /** What it is expected to cost and is not written down among the costs yet (USD). */
  readonly reservedUsd: number;
}

/** An item that could be made now. */
export interface WaitingItem {
  readonly id: string;
  readonly lane: string;
  readonly taskId: string;
  readonly channelId: string;
  readonly step: StepName;
  readonly generation: number;
  readonly priority: Priority;
  readonly requestId: string | null;
  readonly expectedMs: number;
  readonly expectedUsd: number;
  /** Items of its video's step that are not ready. */
  readonly itemsLeft: number;
  readonly weight: number;
  /** What its channel's file says of limits. */
  readonly budget: ChannelSettings['budget'] | null;
  readonly caps: ChannelSettings['provider_caps'] | null;
  /** Its provider is at work on it already: it goes on without asking for a place. */
  readonly hasPlace: boolean;
}

/** An item that is handed to its queue. */
export interface HandedItem {
  readonly id: string;
  readonly tag: number;
  /** It takes a place at its provider. */
  readonly takesPlace: boolean;
}

/** A lane that has room. */
export interface Room {
  readonly name: string;
  /** Steps of which items may begin, and how many. */
  readonly steps: readonly StepName[];
  readonly room: number;
  /** Steps of which items that have a place already may go on. */
  readonly goingOn: readonly StepName[];
}

/** A ticket in a queue that nobody has taken up: it may have to change its place there. */
export type QueuedTicket = Pick<WaitingItem, 'id' | 'step' | 'generation' | 'priority'> & { readonly tag: number };

/** An item in the making holds its place for no longer than this, whatever happens (SQL interval). */
const LONGEST_PLACE = `interval '1 day'`;
/** What a provider said of its limits is believed for that long: plans change (SQL interval). */
export const BELIEVED = `interval '1 hour'`;

/** What the dispatcher asks and writes: `inHand`, `waiting`, `hand`, `setBack`, `putOff` and `forget` for whoever holds the lanes' lock, the rest for anybody. */
export class Dispatch {
  constructor(private readonly manager: EntityManager) {}

  /**
   * The lanes of these names, locked until the transaction ends: only one process at a time hands anything over. That end is not waited for to be on
   * disk: what a crash of Postgres takes back of it is handed over once more.
   */
  async lock(names: readonly string[]): Promise<LaneState[]> {
    const lanes = await this.read(names);
    if (lanes.length === names.length) return lanes;
    await this.manager.query('INSERT INTO lanes (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [names]);
    return this.read(names);
  }

  async inHand(): Promise<InHand[]> {
    return this.manager.query(
      `SELECT task_id AS "taskId", channel_id AS "channelId", step, state = 'due' AND handed_at IS NOT NULL AS unclaimed,
         coalesce(place_until > now(), false) AS "hasPlace",
         CASE WHEN handed_at IS NULL OR provider_job_id IS NOT NULL OR expected_usd = 0 OR EXISTS (
           SELECT FROM video_costs WHERE artifact_id = artifacts.id AND video_costs.created_at >= handed_at
         ) THEN 0 ELSE expected_usd::float8 END AS "reservedUsd"
       FROM artifacts WHERE handed_at IS NOT NULL OR place_until IS NOT NULL`,
    );
  }

  /** What could be made now in lanes that have room: of each channel no more than that, the most urgent first, then the oldest video, then what takes longest. */
  async waiting(rooms: readonly Room[]): Promise<WaitingItem[]> {
    const steps = rooms.flatMap(({ name, room, steps, goingOn }) =>
      goingOn.map((step) => ({ step, lane: name, room: steps.includes(step) ? room : 0 })),
    );
    const rows = await this.manager.query<(Omit<WaitingItem, 'priority'> & { priority: number })[]>(
      `SELECT next.id, next.lane, next.task_id AS "taskId", next.channel_id AS "channelId", next.step, next.generation, next.priority,
         next.request_id AS "requestId", next.expected_ms AS "expectedMs", next.expected_usd::float8 AS "expectedUsd",
         next.items_left AS "itemsLeft", next.has_place AS "hasPlace", coalesce((channels.settings ->> 'weight')::float8, 1) AS weight,
         channels.settings -> 'budget' AS budget, channels.settings -> 'provider_caps' AS caps
       FROM (
         SELECT item.id, item.task_id, item.channel_id, item.step, item.generation, item.expected_ms, item.expected_usd, item.position,
           tasks.priority, tasks.queued_at, tasks.request_id, tasks.items_left, lane.lane, lane.room, placed.has_place,
           row_number() OVER (
             PARTITION BY lane.lane, item.channel_id, placed.has_place
             ORDER BY tasks.priority, tasks.queued_at, item.task_id, item.expected_ms DESC, item.position
           ) AS nth
         FROM artifacts AS item JOIN jsonb_to_recordset($1) AS lane (step text, lane text, room integer) ON lane.step = item.step
         CROSS JOIN LATERAL (SELECT coalesce(item.place_until > now(), false) AS has_place) AS placed
         JOIN tasks ON tasks.id = item.task_id
         WHERE item.state = 'due' AND item.handed_at IS NULL AND item.next_at <= now() AND (placed.has_place OR lane.room > 0)
           AND ${wantedWith('item', 'tasks')}
       ) AS next JOIN channels ON channels.id = next.channel_id
       WHERE (next.has_place OR next.nth <= next.room) AND channels.paused_at IS NULL
       ORDER BY next.priority, next.queued_at, next.task_id, next.expected_ms DESC, next.position`,
      [JSON.stringify(steps)],
    );
    return rows.map((row) => ({ ...row, priority: storedPriority(row.priority) }));
  }

  /** Records what is handed over, and what that makes of a lane. */
  async hand(lane: Pick<LaneState, 'name' | 'clock' | 'finishes'>, items: readonly HandedItem[], spacingMs: number): Promise<void> {
    await this.manager.query(
      `WITH handed AS (
         UPDATE artifacts SET handed_at = now(), tag = item.tag,
           place_until = CASE WHEN item.takes_place THEN now() + ${LONGEST_PLACE} ELSE place_until END
         FROM unnest($1::uuid[], $2::float8[], $3::boolean[]) AS item (id, tag, takes_place) WHERE artifacts.id = item.id
       ), shared AS (
         INSERT INTO lane_shares (lane, channel_id, finish) SELECT $4, * FROM unnest($5::uuid[], $6::float8[])
         ON CONFLICT (lane, channel_id) DO UPDATE SET finish = EXCLUDED.finish
       )
       UPDATE lanes SET clock = $7,
         next_start_at = CASE WHEN $8 > 0 THEN greatest(next_start_at, now()) + $8 * interval '1 millisecond' ELSE next_start_at END
       WHERE name = $4`,
      [
        items.map(({ id }) => id),
        items.map(({ tag }) => tag),
        items.map(({ takesPlace }) => takesPlace),
        lane.name,
        [...lane.finishes.keys()],
        [...lane.finishes.values()],
        lane.clock,
        spacingMs,
      ],
    );
  }

  /** Sets a lane's virtual time back, with all that is counted in it. */
  async setBack(lane: string, steps: readonly StepName[], by: number): Promise<QueuedTicket[]> {
    await this.manager.query(
      `WITH shares AS (UPDATE lane_shares SET finish = greatest(finish - $2, 0) WHERE lane = $1) UPDATE lanes SET clock = greatest(clock - $2, 0) WHERE name = $1`,
      [lane, by],
    );
    const [rows] = await this.manager.query<[{ id: string }[], number]>(
      `UPDATE artifacts SET tag = greatest(tag - $2, 0)
       WHERE (handed_at IS NOT NULL OR place_until IS NOT NULL) AND step = ANY($1) AND state = 'due' RETURNING id`,
      [steps, by],
    );
    return this.queued(rows.map(({ id }) => id));
  }

  /**
   * Puts off what waits and costs something, for that long (ms) but not beyond midnight UTC, when days begin anew; says why in each item.
   * @param of one task, one channel, or with neither: all
   * @returns the tasks of which it was not put off for that reason before
   */
  async putOff(
    { taskId = null, channelId = null }: { taskId?: string | null; channelId?: string | null },
    { code, message }: { code: string; message: string },
    ms: number,
  ): Promise<string[]> {
    const [rows] = await this.manager.query<[{ taskId: string; anew: boolean }[], number]>(
      `WITH held AS (
         SELECT id, error_code IS DISTINCT FROM $3 AS anew FROM artifacts
         WHERE state = 'due' AND handed_at IS NULL AND expected_usd > 0 AND next_at <= now() AND (place_until IS NULL OR place_until <= now())
           AND ($1::uuid IS NULL OR task_id = $1) AND ($2::uuid IS NULL OR channel_id = $2) FOR UPDATE
       )
       UPDATE artifacts SET error_code = $3, error_message = $4,
         next_at = least(now() + $5 * interval '1 millisecond', (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC')
       FROM held WHERE artifacts.id = held.id RETURNING artifacts.task_id AS "taskId", held.anew`,
      [taskId, channelId, code, message, ms],
    );
    return [...new Set(rows.filter(({ anew }) => anew).map(({ taskId }) => taskId))];
  }

  /** Forgets how a lane was shared: nobody uses it. */
  async forget(lane: string): Promise<void> {
    await this.manager.query(`WITH shares AS (DELETE FROM lane_shares WHERE lane = $1) UPDATE lanes SET clock = 0 WHERE name = $1`, [lane]);
  }

  /** Tickets of a task that wait in their queues. */
  async queuedOf(taskId: string): Promise<QueuedTicket[]> {
    const rows = await this.manager.query<{ id: string }[]>(`SELECT id FROM artifacts WHERE task_id = $1 AND handed_at IS NOT NULL`, [
      taskId,
    ]);
    return this.queued(rows.map(({ id }) => id));
  }

  /**
   * Takes back what was handed to a queue and not taken up in that time, and what is held by workers that have gone silent. What a provider may still be
   * at work on keeps its place there.
   * @returns items that were taken from silent workers, and the tasks whose people were shown how far those were
   */
  async recall(unclaimedMs: number): Promise<{ expired: number; unclaimed: number; shown: string[] }> {
    const [expired] = await this.manager.query<[{ taskId: string; progress: object | null }[], number]>(
      `WITH silent AS (SELECT id, progress FROM artifacts WHERE state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED)
       UPDATE artifacts SET state = 'due', next_at = now(), generation = generation + 1, lease_token = NULL, lease_until = NULL, progress = NULL,
         handed_at = NULL, place_until = ${KEPT_PLACE}, updated_at = now()
       FROM silent WHERE artifacts.id = silent.id RETURNING artifacts.task_id AS "taskId", silent.progress`,
    );
    const [unclaimed] = await this.manager.query<[unknown[], number]>(
      `UPDATE artifacts SET handed_at = NULL, place_until = ${KEPT_PLACE}
       WHERE state = 'due' AND handed_at < now() - $1 * interval '1 millisecond' RETURNING id`,
      [unclaimedMs],
    );
    await this.manager.query(
      `UPDATE artifacts SET place_until = NULL WHERE (handed_at IS NOT NULL OR place_until IS NOT NULL) AND place_until < now()`,
    );
    const shown = expired.filter(({ progress }) => progress).map(({ taskId }) => taskId);
    return { expired: expired.length, unclaimed: unclaimed.length, shown: [...new Set(shown)] };
  }

  /** Remembers how many a provider says it takes at once. */
  async said(lane: string, count: number): Promise<void> {
    await this.manager.query(
      `UPDATE lanes SET said = $2, said_at = now()
       WHERE name = $1 AND (said IS DISTINCT FROM $2 OR said_at IS NULL OR said_at < now() - ${BELIEVED} / 2)`,
      [lane, count],
    );
  }

  /** Begins nothing of a step for that long (ms), and says why in whatever waits; returns the tasks of which something does. */
  async holdStep(lane: string, step: StepName, ms: number, { code, message }: { code: string; message: string }): Promise<string[]> {
    await this.manager.query(
      `UPDATE lanes SET held_steps = held_steps || jsonb_build_object($2::text, now() + $3 * interval '1 millisecond') WHERE name = $1`,
      [lane, step, ms],
    );
    const [rows] = await this.manager.query<[{ taskId: string }[], number]>(
      `UPDATE artifacts SET error_code = $2, error_message = $3
       WHERE step = $1 AND state = 'due' AND handed_at IS NULL AND error_code IS NULL RETURNING task_id AS "taskId"`,
      [step, code, message],
    );
    return [...new Set(rows.map(({ taskId }) => taskId))];
  }

  /** Begins nothing of a lane for that long (ms), and as few as that at once afterwards; never shortens a hold. */
  async hold(lane: string, ms: number, allowed: number): Promise<void> {
    await this.manager.query(
      `UPDATE lanes SET held_until = greatest(held_until, now() + $2 * interval '1 millisecond'), allowed = least(coalesce(allowed, $3), $3) WHERE name = $1`,
      [lane, ms, allowed],
    );
  }

  /** The same after its provider was asked for too much: half of what it is at work on at once. */
  async slow(lane: string, steps: readonly StepName[], ms: number): Promise<void> {
    await this.manager.query(
      `UPDATE lanes SET held_until = greatest(held_until, now() + $3 * interval '1 millisecond'), allowed = greatest(least(coalesce(allowed, busy.count), busy.count) / 2, 1)
       FROM (SELECT count(*)::int FROM artifacts WHERE (handed_at IS NOT NULL OR place_until IS NOT NULL) AND step = ANY($2) AND place_until > now()) AS busy
       WHERE name = $1`,
      [lane, steps, ms],
    );
  }

  /** Counts a call that failed, and returns how many have in a row; those that were under way when the lane was held are not counted. Null: not counted. */
  async fault(lane: string): Promise<number | null> {
    const [rows] = await this.manager.query<[{ faults: number }[], number]>(
      `UPDATE lanes SET faults = faults + 1 WHERE name = $1 AND (held_until IS NULL OR held_until < now()) RETURNING faults`,
      [lane],
    );
    return rows[0]?.faults ?? null;
  }

  /** A call has succeeded: one more at once, until all that there are may be. Returns whether the lane had been failing. */
  async success(lane: string, places: number): Promise<boolean> {
    const [rows] = await this.manager.query<[{ failing: boolean }[], number]>(
      `WITH before AS (SELECT name, faults FROM lanes WHERE name = $1 AND (allowed IS NOT NULL OR faults > 0) FOR UPDATE)
       UPDATE lanes SET faults = 0, allowed = CASE WHEN allowed + 1 < $2 THEN allowed + 1 END
       FROM before WHERE lanes.name = before.name RETURNING before.faults > 0 AS failing`,
      [lane, places],
    );
    return rows[0]?.failing ?? false;
  }

  private async read(names: readonly string[]): Promise<LaneState[]> {
    const rows = await this.manager.query<(Omit<LaneState, 'finishes'> & { finishes: Record<string, number> | null })[]>(
      `SELECT name, clock, allowed, CASE WHEN said_at > now() - ${BELIEVED} THEN said END AS said, faults,
         ${msUntil('held_until')} AS "heldMs", ${msUntil('next_start_at')} AS "nextStartMs",
         ARRAY(SELECT step FROM jsonb_each_text(held_steps) AS held (step, until) WHERE until::timestamptz > now()) AS "heldSteps",
         (SELECT jsonb_object_agg(channel_id, finish) FROM lane_shares WHERE lane = lanes.name) AS finishes
       FROM lanes CROSS JOIN set_config('synchronous_commit', 'off', true) WHERE name = ANY($1) ORDER BY name FOR UPDATE OF lanes`,
      [names],
    );
    return rows.map((row) => ({ ...row, finishes: new Map(Object.entries(row.finishes ?? {})) }));
  }

  private async queued(ids: readonly string[]): Promise<QueuedTicket[]> {
    const rows = await this.manager.query<(Omit<QueuedTicket, 'priority'> & { priority: number })[]>(
      `SELECT item.id, item.step, item.generation, coalesce(item.tag, 0) AS tag, tasks.priority FROM artifacts AS item JOIN tasks ON tasks.id = item.task_id
       WHERE item.id = ANY($1) AND item.state = 'due' AND item.handed_at IS NOT NULL`,
      [ids],
    );
    return rows.map((row) => ({ ...row, priority: storedPriority(row.priority) }));
  }
}

const msUntil = (moment: string) => `greatest(coalesce(extract(epoch FROM ${moment} - now()) * 1000, 0), 0)::float8`;
