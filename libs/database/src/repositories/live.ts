import type { EntityManager } from 'typeorm';
import type { ArtifactRow } from '../entities/artifact.js';
import type { TaskRow } from '../entities/task.js';
import { Tasks } from './tasks.js';

/** A task, and how far its open step is, in items; 0 of 0 when none is open. */
export interface TaskProgress {
  readonly task: TaskRow;
  readonly ready: number;
  readonly total: number;
  /** Its items whose making takes long, and how far each is. */
  readonly making: readonly Pick<ArtifactRow, 'kind' | 'position' | 'progress'>[];
}

/** Which tasks a listener wants to hear of; left out, all. */
export interface LiveFilter {
  readonly channelId?: string;
  readonly taskId?: string;
}

/** How far changes have been read: the last one's moment as Postgres writes it, to the microsecond, and its task. */
export interface ChangeCursor {
  readonly at: string;
  readonly id: string;
}

const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/** What live listeners are told. */
export class Live {
  constructor(private readonly manager: EntityManager) {}

  /** The database's clock, by which changes are dated. */
  async now(): Promise<Date> {
    const [row] = await this.manager.query<{ now: Date }[]>('SELECT now() AS now');
    return row?.now ?? new Date();
  }

  async find(taskId: string): Promise<TaskProgress | null> {
    const [found] = await this.progress([taskId]);
    return found ?? null;
  }

  /**
   * Tasks that have changed since, oldest change first, a page at a time.
   * @param from a moment, or where the last page ended
   */
  async changed(
    from: Date | ChangeCursor,
    { channelId, taskId }: LiveFilter,
    limit: number,
  ): Promise<{ tasks: TaskProgress[]; next: ChangeCursor | null }> {
    const { at, id } = from instanceof Date ? { at: from.toISOString(), id: BEFORE_ALL_IDS } : from;
    const rows = await this.manager.query<ChangeCursor[]>(
      `SELECT updated_at::text AS at, id FROM tasks
       WHERE (updated_at, id) > ($1::timestamptz, $2::uuid) AND ($3::uuid IS NULL OR channel_id = $3) AND ($4::uuid IS NULL OR id = $4)
       ORDER BY updated_at, id LIMIT $5`,
      [at, id, channelId ?? null, taskId ?? null, limit],
    );
    const tasks = rows.length === 0 ? [] : await this.progress(rows.map((row) => row.id));
    return { tasks, next: rows.length < limit ? null : (rows.at(-1) ?? null) };
  }

  private async progress(ids: readonly string[]): Promise<TaskProgress[]> {
    const tasks = new Map((await new Tasks(this.manager).byIds(ids)).map((task) => [task.id, task]));
    const counts = await this.manager.query<({ task_id: string } & Omit<TaskProgress, 'task'>)[]>(
      `SELECT artifacts.task_id, count(*) FILTER (WHERE artifacts.state = 'ready')::int AS ready, count(*)::int AS total,
         coalesce(json_agg(json_build_object('kind', kind, 'position', position, 'progress', progress) ORDER BY position)
           FILTER (WHERE progress IS NOT NULL), '[]') AS making
       FROM artifacts JOIN tasks ON tasks.id = artifacts.task_id AND tasks.step = artifacts.step
       WHERE tasks.id = ANY($1) AND tasks.step_opened AND artifacts.state <> 'superseded' GROUP BY artifacts.task_id`,
      [ids],
    );
    const counted = new Map(counts.map((row) => [row.task_id, row]));
    return ids.flatMap((id) => {
      const task = tasks.get(id);
      const { ready = 0, total = 0, making = [] } = counted.get(id) ?? {};
      return task ? [{ task, ready, total, making }] : [];
    });
  }
}
