import { RUN_AHEAD, STEPS, isAfter, type Priority, type Status, type StepName } from '#pipeline';
import { ILike, In, type EntityManager, type FindOptionsOrder } from 'typeorm';
import { TaskRow } from '../entities/task.js';
import { notPaused } from './channels.js';
import { during } from './during.js';
import { BUSY, WORKING, sqlList } from './status-lists.js';

/** What a row in Notion or an API request says about a video. */
export interface NewTask {
  channelId: string;
  title: string;
  topic: string;
  storyDirection: string;
  ownScript: string;
  priority: Priority;
  status: Extract<Status, 'draft' | 'queued'>;
  notionPageId: string | null;
  /** Left out: as the channel's schedule says, or as soon as it can. */
  publishAt?: Date | null;
  /** Whether the own script has still to be read from the row's page. */
  scriptPending?: boolean;
  requestId: string | null;
  /** The caller's name for the request, and the SHA-256 of what it asks for (hex): a repetition adds nothing. */
  idempotency?: { key: string; requestHash: string };
}

/** What people may change about a task. */
export type TaskEdit = Partial<
  Pick<TaskRow, 'channelId' | 'title' | 'topic' | 'storyDirection' | 'ownScript' | 'priority' | 'publishAt' | 'thumbnail'>
>;

/** What a list of tasks can be sorted by. */
export const TASK_SORTS = ['created_at', 'updated_at', 'priority'] as const;
export type TaskSort = (typeof TASK_SORTS)[number];

export interface TaskFilter {
  channelId?: string;
  /** Any of these. */
  statuses?: readonly Status[];
  priority?: Priority;
  /** Part of the title, whatever the case. */
  titlePart?: string;
  createdAfter?: Date;
  createdBefore?: Date;
  updatedAfter?: Date;
  /** Left out: newest first. */
  sort?: { by: TaskSort; descending: boolean };
  limit: number;
  offset: number;
}

/** What may change together with a task's status. */
export type TaskChange = Partial<
  Pick<TaskRow, 'step' | 'stepOpened' | 'itemsLeft' | 'failedArtifactId' | 'errorCode' | 'errorMessage' | 'queuedAt' | 'publishedAt'>
>;

/** A task that may be admitted, and which of its channel's it will be, from 1, counting those in work. */
export interface NextTask {
  readonly task: TaskRow;
  readonly turn: number;
}

/**
 * $1: how many may be busy at once. A task's turn is its place in its channel's queue, behind what the channel has in work; the first turn comes whether
 * there is a place or not, so that a channel with one video never waits for all those of another. From each channel no more rows are read than
 * there are places, in the order of an index, so a long queue costs nothing.
 */
export const NEXT_QUEUED = `
  WITH busy AS (
    SELECT channel_id, count(*) AS count FROM tasks WHERE status IN ${sqlList(BUSY)} AND ${notPaused('tasks')} GROUP BY channel_id
  ), free AS (
    SELECT greatest($1 - coalesce(sum(count), 0), 0)::bigint AS places FROM busy
  ), open AS (
    SELECT channels.id, coalesce(busy.count, 0) AS busy, free.places,
      greatest(least(free.places, (channels.settings ->> 'tasks_in_work')::int - coalesce(busy.count, 0)), (busy.count IS NULL)::int) AS most
    FROM channels CROSS JOIN free LEFT JOIN busy ON busy.channel_id = channels.id
    WHERE channels.paused_at IS NULL AND channels.removed_at IS NULL
  ), ranked AS (
  SELECT next.id, next.turn, row_number() OVER (ORDER BY next.priority, next.turn, next.queued_at, next.id) AS rank
  FROM open CROSS JOIN LATERAL (
    SELECT id, priority, queued_at, open.busy + row_number() OVER (ORDER BY priority, queued_at, id) AS turn
    FROM tasks WHERE status = 'queued' AND NOT script_pending AND channel_id = open.id ORDER BY priority, queued_at, id LIMIT open.most
  ) AS next)
  SELECT ranked.id, ranked.turn::int AS turn FROM ranked CROSS JOIN free WHERE ranked.rank <= free.places OR ranked.turn = 1 ORDER BY ranked.rank`;

/** Steps during which others are worked ahead. */
const BEFORE_AHEAD = STEPS.map(({ name }) => name).filter(
  (name) => !isAfter(RUN_AHEAD.from, name) && RUN_AHEAD.steps.every((ahead) => isAfter(ahead, name)),
);

export class Tasks {
  constructor(private readonly manager: EntityManager) {}

  /** Adds a task; null when the Notion row, or the idempotency key, has one already. */
  async add({ idempotency, ...task }: NewTask): Promise<TaskRow | null> {
    const inserted = await this.manager
      .createQueryBuilder()
      .insert()
      .into(TaskRow)
      .values({
        ...task,
        queuedAt: task.status === 'queued' ? new Date() : null,
        ...(idempotency && { idempotencyKey: idempotency.key, requestHash: idempotency.requestHash }),
      })
      .orIgnore()
      .returning('id')
      .execute();
    const [row] = inserted.raw as { id: string }[];
    return row ? this.get(row.id) : null;
  }

  async find(id: string): Promise<TaskRow | null> {
    return this.manager.findOneBy(TaskRow, { id });
  }

  /** @throws EntityNotFoundError when there is no such task */
  async get(id: string): Promise<TaskRow> {
    return this.manager.findOneByOrFail(TaskRow, { id });
  }

  async byIds(ids: readonly string[]): Promise<TaskRow[]> {
    return this.manager.findBy(TaskRow, { id: In([...new Set(ids)]) });
  }

  /** The tasks of Notion pages, by page. */
  async byNotionPages(pageIds: readonly string[]): Promise<Map<string, TaskRow>> {
    const tasks = await this.manager.findBy(TaskRow, { notionPageId: In([...pageIds]) });
    return new Map(tasks.flatMap((task) => (task.notionPageId ? [[task.notionPageId, task]] : [])));
  }

  /** Keeps a task from being admitted until its page has been read for the creator's own narration. */
  async awaitScript(id: string): Promise<void> {
    await this.manager.update(TaskRow, { id }, { scriptPending: true });
  }

  /** What the page had to say; empty when it holds no narration. */
  async scriptRead(id: string, ownScript: string): Promise<void> {
    await this.manager.update(TaskRow, { id }, { ownScript, scriptPending: false });
  }

  /** Queued tasks whose script has not been read for that long (ms). */
  async withoutScript(untouchedMs: number): Promise<TaskRow[]> {
    return this.manager
      .createQueryBuilder(TaskRow, 'task')
      .where(`task.status = 'queued' AND task.script_pending AND task.updated_at < now() - :untouched * interval '1 millisecond'`, {
        untouched: untouchedMs,
      })
      .limit(500)
      .getMany();
  }

  async findByIdempotencyKey(idempotencyKey: string): Promise<TaskRow | null> {
    return this.manager.findOneBy(TaskRow, { idempotencyKey });
  }

  /** The task, locked until the transaction ends. */
  async lock(id: string): Promise<TaskRow | null> {
    return this.manager.findOne(TaskRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async list(filter: TaskFilter): Promise<{ tasks: TaskRow[]; total: number }> {
    const { channelId, statuses, priority, titlePart, createdAfter, createdBefore, updatedAfter, sort, limit, offset } = filter;
    const [tasks, total] = await this.manager.findAndCount(TaskRow, {
      where: {
        ...(channelId && { channelId }),
        ...(statuses && { status: In(statuses) }),
        ...(priority && { priority }),
        ...(titlePart && { title: ILike(`%${titlePart.replace(/[\\%_]/g, '\\$&')}%`) }),
        ...during('createdAt', createdAfter, createdBefore),
        ...during('updatedAt', updatedAfter, undefined),
      },
      order: orderOf(sort),
      take: limit,
      skip: offset,
    });
    return { tasks, total };
  }

  /** Changes what people may change. */
  async edit(id: string, edit: TaskEdit): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(TaskRow)
      .set({ ...edit, version: () => 'version + 1' })
      .where({ id })
      .execute();
  }

  /** Moves a task on, if it is still where the caller saw it. False: somebody decided otherwise meanwhile. */
  async move(id: string, from: Status, to: Status, change: TaskChange = {}): Promise<boolean> {
    const result = await this.manager
      .createQueryBuilder()
      .update(TaskRow)
      .set({ ...change, status: to, version: () => 'version + 1' })
      .where({ id, status: from })
      .execute();
    return result.affected === 1;
  }

  /** Makes `step` the one to be opened next and returns the number of its ticket. */
  async nextStep(id: string, step: StepName): Promise<number> {
    const result = await this.manager
      .createQueryBuilder()
      .update(TaskRow)
      .set({ step, stepOpened: false, itemsLeft: 0, stepGeneration: () => 'step_generation + 1' })
      .where({ id })
      .returning('step_generation')
      .execute();
    return (result.raw as { step_generation: number }[])[0]?.step_generation ?? 0;
  }

  /** Counts one ready item of the open step; returns the task with what is left, or null when it has left that step. */
  async countReady(
    id: string,
    step: StepName,
  ): Promise<Pick<TaskRow, 'id' | 'channelId' | 'version' | 'notionPageId' | 'itemsLeft'> | null> {
    const [rows] = await this.manager.query<
      [{ channel_id: string; version: number; notion_page_id: string | null; items_left: number }[], number]
    >(
      `UPDATE tasks SET items_left = items_left - 1, updated_at = now() WHERE id = $1 AND step = $2 AND step_opened
       RETURNING channel_id, version, notion_page_id, items_left`,
      [id, step],
    );
    const [row] = rows;
    return row
      ? { id, channelId: row.channel_id, version: row.version, notionPageId: row.notion_page_id, itemsLeft: row.items_left }
      : null;
  }

  /** Remembers the version that the Notion row now shows; an older one than is remembered changes nothing. */
  async notionShows(id: string, version: number): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(TaskRow)
      .set({ notionVersion: version, updatedAt: () => 'updated_at' })
      .where('id = :id AND notion_version < :version', { id, version })
      .execute();
  }

  /** Tasks whose newest state their Notion row has not shown for a while, without a job on its way to the queue. */
  async behindInNotion(untouchedMs: number): Promise<TaskRow[]> {
    return this.manager
      .createQueryBuilder(TaskRow, 'task')
      .where('task.notion_page_id IS NOT NULL AND task.notion_version < task.version')
      .andWhere(`task.updated_at < now() - :untouched * interval '1 millisecond'`, { untouched: untouchedMs })
      .andWhere(`NOT EXISTS (SELECT FROM outbox WHERE outbox.job_id = task.id || '-v' || task.version)`)
      .orderBy('task.updated_at')
      .limit(500)
      .getMany();
  }

  /**
   * The next tasks to admit, as long as fewer than `atOnce` keep machines busy: the most urgent first, and among equals the channels in turn, counting
   * what each has in work already; of a channel that has nothing in work, one in any case. Nothing of a channel that is paused, has lost its file, or has as many in work as it may; what is in work of a
   * paused channel keeps nobody busy.
   */
  async nextQueued(atOnce: number): Promise<NextTask[]> {
    const rows = await this.manager.query<{ id: string; turn: number }[]>(NEXT_QUEUED, [atOnce]);
    const tasks = await this.byIds(rows.map(({ id }) => id));
    return rows.flatMap(({ id, turn }) => tasks.filter((task) => task.id === id).map((task) => ({ task, turn })));
  }

  /** Writes into every queued task of a channel why it waits; returns their ids. */
  async hold(channelId: string, { code, message }: { code: string; message: string }): Promise<string[]> {
    return this.explain(channelId, { errorCode: code, errorMessage: message });
  }

  /** Takes the reason away that was written for that code. */
  async release(channelId: string, code: string): Promise<string[]> {
    return this.explain(channelId, { errorCode: null, errorMessage: null }, code);
  }

  /** Tasks at work on a step of which nothing is left to be made, or whose count of what is left is wrong; none of these should ever be. */
  async miscounted(untouchedMs: number): Promise<{ id: string; step: StepName; missing: number }[]> {
    return this.manager.query(
      `SELECT tasks.id, tasks.step, count(artifacts.id)::int AS missing
       FROM tasks LEFT JOIN artifacts ON artifacts.task_id = tasks.id AND artifacts.step = tasks.step AND artifacts.state NOT IN ('ready', 'superseded')
       WHERE tasks.step_opened AND tasks.status = ANY($1) AND tasks.updated_at < now() - $2 * interval '1 millisecond'
       GROUP BY tasks.id HAVING count(artifacts.id) <> tasks.items_left OR count(artifacts.id) = 0`,
      [WORKING, untouchedMs],
    );
  }

  /** Corrects the count of what is left. */
  async recount(id: string, itemsLeft: number): Promise<void> {
    await this.manager.update(TaskRow, { id }, { itemsLeft });
  }

  /** Tasks, of one channel or of all, whose step has to be opened but has not been for a while, and whose ticket is no longer on its way. */
  async unopened(untouchedMs: number, channelId?: string): Promise<TaskRow[]> {
    return this.manager
      .createQueryBuilder(TaskRow, 'task')
      .where('task.step IS NOT NULL AND NOT task.step_opened')
      .andWhere('task.status IN (:...busy)', { busy: BUSY })
      .andWhere(notPaused('task'))
      .andWhere(channelId ? 'task.channel_id = :channelId' : 'true', { channelId })
      .andWhere(`task.updated_at < now() - :untouched * interval '1 millisecond'`, { untouched: untouchedMs })
      .andWhere(`NOT EXISTS (SELECT FROM outbox WHERE outbox.job_id = task.id || '-' || task.step || '-g' || task.step_generation)`)
      .getMany();
  }

  /** Tasks that have come to where others may be worked ahead, whose channel wants that, and of which nothing is planned although nobody has touched them for a while. */
  async notAhead(untouchedMs: number): Promise<TaskRow[]> {
    return this.manager
      .createQueryBuilder(TaskRow, 'task')
      .where('task.status IN (:...busy) AND task.step IN (:...before) AND task.step_opened', { busy: BUSY, before: BEFORE_AHEAD })
      .andWhere(`EXISTS (SELECT FROM channels WHERE channels.id = task.channel_id AND (channels.settings ->> 'run_ahead')::boolean)`)
      .andWhere(`task.updated_at < now() - :untouched * interval '1 millisecond'`, { untouched: untouchedMs })
      .andWhere('NOT EXISTS (SELECT FROM artifacts WHERE artifacts.task_id = task.id AND artifacts.ahead)')
      .getMany();
  }

  private async explain(channelId: string, reason: Pick<TaskRow, 'errorCode' | 'errorMessage'>, instead?: string): Promise<string[]> {
    const result = await this.manager
      .createQueryBuilder()
      .update(TaskRow)
      .set({ ...reason, version: () => 'version + 1' })
      .where({ channelId, status: 'queued', ...(instead && { errorCode: instead }) })
      .returning('id')
      .execute();
    return (result.raw as { id: string }[]).map(({ id }) => id);
  }
}

/** Every order ends in the id, so that no row is shown on two pages or on none. */
function orderOf(sort: TaskFilter['sort']): FindOptionsOrder<TaskRow> {
  const direction = (sort?.descending ?? true) ? 'DESC' : 'ASC';
  // What is stored is a place in a list that begins with the most urgent.
  if (sort?.by === 'priority') return { priority: sort.descending ? 'ASC' : 'DESC', createdAt: 'DESC', id: 'DESC' };
  if (sort?.by === 'updated_at') return { updatedAt: direction, id: direction };
  return { createdAt: direction, id: direction };
}
