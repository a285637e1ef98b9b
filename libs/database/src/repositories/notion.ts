import { In, LessThan, type EntityManager } from 'typeorm';
import { NotionMirrorRow, NotionSubscriptionRow, NotionSweepRow, type Notice, type SubscriptionState } from '../entities/notion.js';

/** What is learned of a row, by reading or writing it. */
export type MirrorChange = Partial<
  Pick<
    NotionMirrorRow,
    | 'dataSourceId'
    | 'status'
    | 'sentStatus'
    | 'priority'
    | 'thumbnail'
    | 'redo'
    | 'note'
    | 'notice'
    | 'statusSetBy'
    | 'readAt'
    | 'writtenAt'
  >
>;

const inMs = (ms: number) => `now() + ${Math.round(ms)} * interval '1 millisecond'`;

export class NotionMirrors {
  constructor(private readonly manager: EntityManager) {}

  /** Begins to follow a row; what is known of it stays. */
  async add(mirror: Pick<NotionMirrorRow, 'taskId' | 'channelId' | 'dataSourceId' | 'status' | 'priority'>): Promise<void> {
    await this.manager.createQueryBuilder().insert().into(NotionMirrorRow).values(mirror).orIgnore().execute();
  }

  async find(taskId: string): Promise<NotionMirrorRow | null> {
    return this.manager.findOneBy(NotionMirrorRow, { taskId });
  }

  async ofTasks(taskIds: readonly string[]): Promise<Map<string, NotionMirrorRow>> {
    const mirrors = await this.manager.findBy(NotionMirrorRow, { taskId: In([...taskIds]) });
    return new Map(mirrors.map((mirror) => [mirror.taskId, mirror]));
  }

  /**
   * Asks that the row be read, by whoever has it or takes it next.
   * @param statusSetBy who has set its status, if that is why
   * @returns what is known of it, which nobody changes before this transaction ends
   */
  async ask(taskId: string, statusSetBy?: string): Promise<NotionMirrorRow> {
    await this.manager.update(NotionMirrorRow, { taskId }, { attention: true, ...(statusSetBy && { statusSetBy }) });
    return this.manager.findOneByOrFail(NotionMirrorRow, { taskId });
  }

  /** Remembers what a row shows besides its state, whoever holds it. */
  async shows(taskId: string, shown: Partial<Pick<NotionMirrorRow, 'review' | 'storyboardId'>>): Promise<void> {
    await this.manager.update(NotionMirrorRow, { taskId }, shown);
  }

  /** Has something said to whoever changed the row last, whoever holds it. */
  async notice(taskId: string, notice: Notice): Promise<void> {
    await this.manager.update(NotionMirrorRow, { taskId }, { notice: notice });
  }

  /**
   * Takes a row for this worker, and the wish that it be read with it. Null: another has it and will look again before it lets go.
   * @returns what is known of the row, `attention` as it was before
   */
  async claim(taskId: string, leaseToken: string, leaseMs: number): Promise<NotionMirrorRow | null> {
    const [[claimed]] = await this.manager.query<[{ attention: boolean }[], number]>(
      `UPDATE notion_mirrors AS mirror SET lease_token = $2, lease_until = ${inMs(leaseMs)}, attention = false
       FROM (SELECT task_id, attention FROM notion_mirrors WHERE task_id = $1 FOR UPDATE) AS before
       WHERE mirror.task_id = before.task_id AND (mirror.lease_until IS NULL OR mirror.lease_until < now() OR mirror.lease_token = $2)
       RETURNING before.attention`,
      [taskId, leaseToken],
    );
    const mirror = claimed && (await this.find(taskId));
    return mirror ? Object.assign(mirror, { attention: claimed.attention }) : null;
  }

  /** Records what is known of the row, and keeps it for another while (ms). False: the lease is lost. */
  async learn(taskId: string, leaseToken: string, leaseMs: number, change: MirrorChange): Promise<boolean> {
    return this.holding(taskId, leaseToken, { ...(change as Changes), leaseUntil: () => inMs(leaseMs) });
  }

  /** Records what is about to be written over something that people change. False: the lease is lost, or somebody asked for the row to be read first. */
  async begin(taskId: string, leaseToken: string, leaseMs: number, change: MirrorChange): Promise<boolean> {
    const result = await this.manager
      .createQueryBuilder()
      .update(NotionMirrorRow)
      .set({ ...(change as Changes), leaseUntil: () => inMs(leaseMs) })
      .where({ taskId, leaseToken, attention: false })
      .execute();
    return result.affected === 1;
  }

  /** Lets a row go, unless its task has changed or somebody has asked for it meanwhile: false, and it is still held. */
  async settle(taskId: string, leaseToken: string): Promise<boolean> {
    const [, settled] = await this.manager.query<[unknown, number]>(
      `UPDATE notion_mirrors SET lease_token = NULL, lease_until = NULL
       WHERE task_id = $1 AND lease_token = $2 AND NOT attention
         AND EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND tasks.notion_version >= tasks.version)`,
      [taskId, leaseToken],
    );
    return settled === 1;
  }

  /** Lets a row go as it is, after a failure; what was asked for stays asked for. */
  async abandon(taskId: string, leaseToken: string): Promise<void> {
    await this.holding(taskId, leaseToken, { leaseToken: null, leaseUntil: null, attention: true });
  }

  /** Rows that somebody has asked for and nobody looks at, for that long (ms). */
  async neglected(untouchedMs: number): Promise<string[]> {
    const rows = await this.manager.query<{ task_id: string }[]>(
      `SELECT task_id FROM notion_mirrors WHERE attention AND (lease_until IS NULL OR lease_until < now())
         AND updated_at < now() - $1 * interval '1 millisecond' ORDER BY updated_at LIMIT 500`,
      [untouchedMs],
    );
    return rows.map((row) => row.task_id);
  }

  private async holding(taskId: string, leaseToken: string, change: Changes): Promise<boolean> {
    const result = await this.manager.createQueryBuilder().update(NotionMirrorRow).set(change).where({ taskId, leaseToken }).execute();
    return result.affected === 1;
  }
}
type Changes = Parameters<ReturnType<ReturnType<EntityManager['createQueryBuilder']>['update']>['set']>[0];

export class NotionSweeps {
  constructor(private readonly manager: EntityManager) {}

  /** Up to when that data source was looked through; null: never. */
  async until(dataSourceId: string): Promise<Date | null> {
    return (await this.manager.findOneBy(NotionSweepRow, { dataSourceId }))?.sweptUntil ?? null;
  }

  async record(dataSourceId: string, sweptUntil: Date): Promise<void> {
    await this.manager.upsert(NotionSweepRow, { dataSourceId, sweptUntil }, ['dataSourceId']);
  }
}

export class NotionSubscriptions {
  constructor(private readonly manager: EntityManager) {}

  /** Keeps a handshake as pending; the same one again changes nothing, whatever its state. False: it was known. */
  async add(subscription: Pick<NotionSubscriptionRow, 'tokenEncrypted' | 'tokenHash'>): Promise<boolean> {
    const inserted = await this.manager
      .createQueryBuilder()
      .insert()
      .into(NotionSubscriptionRow)
      .values(subscription)
      .orIgnore()
      .returning('id')
      .execute();
    return (inserted.raw as unknown[]).length > 0;
  }

  /** Forgets all pending ones but the newest. */
  async keepNewest(count: number): Promise<void> {
    await this.manager.query(
      `DELETE FROM notion_subscriptions WHERE state = 'pending' AND id NOT IN (
         SELECT id FROM notion_subscriptions WHERE state = 'pending' ORDER BY created_at DESC, id LIMIT $1)`,
      [count],
    );
  }

  /** Forgets pending ones that nobody wanted for that long (ms). */
  async forgetOlder(ageMs: number): Promise<void> {
    await this.manager.delete(NotionSubscriptionRow, { state: 'pending', createdAt: LessThan(new Date(Date.now() - ageMs)) });
  }

  /** Newest first. */
  async list(state?: SubscriptionState): Promise<NotionSubscriptionRow[]> {
    return this.manager.find(NotionSubscriptionRow, { where: { ...(state && { state }) }, order: { createdAt: 'DESC' }, take: 200 });
  }

  /** Moves one from one state to another. Null: it is not there, or not in that state any more. */
  async decide(id: string, from: SubscriptionState, to: SubscriptionState, by: string): Promise<NotionSubscriptionRow | null> {
    const result = await this.manager
      .createQueryBuilder()
      .update(NotionSubscriptionRow)
      .set({ state: to, decidedAt: () => 'now()', decidedBy: by })
      .where({ id, state: from })
      .execute();
    return result.affected === 1 ? this.manager.findOneByOrFail(NotionSubscriptionRow, { id }) : null;
  }
}
