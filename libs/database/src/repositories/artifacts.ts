import {
  IN_WORK,
  STEPS,
  type Finding,
  type ItemInputs,
  type ItemKind,
  type ItemProgress,
  type ItemResults,
  type StepName,
} from '#pipeline';
import { In, Not, type EntityManager } from 'typeorm';
import { ArtifactRow } from '../entities/artifact.js';
import { ChannelRow } from '../entities/channel.js';
import { TaskRow } from '../entities/task.js';
import { VideoCostRow } from '../entities/video-cost.js';
import { notPaused } from './channels.js';
import { WORKING, sqlList } from './status-lists.js';

export interface NewArtifact<K extends ItemKind = ItemKind> {
  channelId: string;
  taskId: string;
  step: StepName;
  kind: K;
  position: number;
  revision: number;
  input: ItemInputs[K];
  /** Made before its step begins. */
  ahead?: boolean;
  expectedMs?: number;
  expectedUsd?: number;
}

/** What is recorded of a file that is in its place. */
export interface MadeArtifact {
  path: string;
  checksum: string;
  bytes: number;
  durationMs: number | null;
  result: ItemResults[ItemKind];
  simulated: boolean;
  findings: Finding[];
}

/** An item that its worker has taken, and what making it begins with. */
export interface Claimed {
  readonly artifact: ArtifactRow;
  readonly task: TaskRow;
  readonly channel: ChannelRow;
  /** What an earlier worker has paid for, or may have, and not settled. */
  readonly openCall: VideoCostRow | null;
}

/** Why an item was not made. */
export interface ItemError {
  code: string;
  message: string;
  /** The provider's job is over: the next try needs a new one. */
  endsJob: boolean;
}

/**
 * SQL: a task is at work on the item's step, or the item is made ahead of it while the task is in work or waits for a person. What stopped, was cancelled
 * or has not come so far is left alone.
 */
export const wantedWith = (item: string, task: string) =>
  `(${task}.step = ${item}.step AND ${task}.step_opened AND ${task}.status IN ${sqlList(WORKING)} OR ${item}.ahead AND ${task}.status IN ${sqlList(IN_WORK)})`;

/** SQL: the same of the item's own task, and its channel is not paused. */
export const wanted = (item: string) =>
  `EXISTS (SELECT FROM tasks WHERE tasks.id = ${item}.task_id AND ${wantedWith(item, 'tasks')}) AND ${notPaused(item)}`;

/** SQL: until when an item that its worker has let go keeps its place: as long as a provider may be at work on it, which is 15 minutes at most. */
export const KEPT_PLACE = `CASE WHEN place_until IS NOT NULL AND (provider_job_id IS NOT NULL
  OR EXISTS (SELECT FROM video_costs WHERE artifact_id = artifacts.id AND video_costs.state = 'intended')) THEN now() + interval '20 minutes' END`;

/** A table's row as JSON, by its columns. */
type StoredRow = Readonly<Record<string, unknown>>;

export class Artifacts {
  constructor(private readonly manager: EntityManager) {}

  /** Adds a step's items; those that exist already are left as they are. */
  async add(artifacts: readonly NewArtifact[]): Promise<void> {
    if (artifacts.length === 0) return;
    await this.manager
      .createQueryBuilder()
      .insert()
      .into(ArtifactRow)
      .values([...artifacts])
      .orIgnore()
      .execute();
  }

  async find(id: string): Promise<ArtifactRow | null> {
    return this.manager.findOneBy(ArtifactRow, { id });
  }

  /** Every current artifact of a task, in the order of the steps. */
  async ofTask(taskId: string): Promise<ArtifactRow[]> {
    const artifacts = await this.manager.find(ArtifactRow, { where: { taskId, state: Not('superseded') }, order: { position: 'ASC' } });
    const place = (artifact: ArtifactRow) => STEPS.findIndex(({ name }) => name === artifact.step);
    return artifacts.sort((one, other) => place(one) - place(other));
  }

  /** Every artifact that a task has had, those that were replaced, too, oldest first. */
  async history(taskId: string): Promise<ArtifactRow[]> {
    return this.manager.find(ArtifactRow, { where: { taskId }, order: { createdAt: 'ASC', position: 'ASC' } });
  }

  /** The current artifacts of a step, in order. */
  async ofStep(taskId: string, step: StepName): Promise<ArtifactRow[]> {
    return this.manager.find(ArtifactRow, { where: { taskId, step, state: Not('superseded') }, order: { position: 'ASC' } });
  }

  /** The finished artifacts of a kind, in order. */
  async ready<K extends ItemKind>(taskId: string, kind: K): Promise<ArtifactRow<K>[]> {
    const rows = await this.manager.find(ArtifactRow, { where: { taskId, kind, state: 'ready' }, order: { position: 'ASC' } });
    return rows as ArtifactRow<K>[];
  }

  /**
   * Takes an item for this worker, if the ticket is its latest, was not taken back, and nobody works on it. Null: nothing to do. One statement: its place at a
   * provider is empty meanwhile.
   */
  async claim(id: string, generation: number, leaseToken: string, leaseMs: number): Promise<Claimed | null> {
    const [row] = await this.manager.query<{ artifact: StoredRow; task: StoredRow; channel: StoredRow; call: StoredRow | null }[]>(
      `WITH claimed AS (
         UPDATE artifacts SET state = 'running', attempt = attempt + 1, lease_token = $3, lease_until = now() + $4 * interval '1 millisecond',
           progress = NULL, started_at = ${STARTED_AT}, updated_at = now()
         WHERE id = $1 AND generation = $2 AND state = 'due' AND handed_at IS NOT NULL AND ${wanted('artifacts')}
         RETURNING *
       )
       SELECT to_jsonb(claimed) AS artifact, to_jsonb(tasks) AS task, to_jsonb(channels) AS channel,
         (SELECT to_jsonb(video_costs) FROM video_costs WHERE artifact_id = claimed.id AND video_costs.state = 'intended') AS call
       FROM claimed JOIN tasks ON tasks.id = claimed.task_id JOIN channels ON channels.id = claimed.channel_id`,
      [id, generation, leaseToken, leaseMs],
    );
    return row
      ? {
          artifact: this.entity(ArtifactRow, row.artifact),
          task: this.entity(TaskRow, row.task),
          channel: this.entity(ChannelRow, row.channel),
          openCall: row.call && this.entity(VideoCostRow, row.call),
        }
      : null;
  }

  /** Gives an item's place at its provider to others: what is still to be done with it is done here. */
  async leavePlace(id: string, leaseToken: string): Promise<void> {
    await this.manager.query(`UPDATE artifacts SET place_until = NULL WHERE id = $1 AND lease_token = $2 AND place_until IS NOT NULL`, [
      id,
      leaseToken,
    ]);
  }

  /** Whether the item is still its worker's. */
  async isHeld(id: string, leaseToken: string): Promise<boolean> {
    return this.manager.existsBy(ArtifactRow, { id, leaseToken, state: 'running' });
  }

  /** Keeps all these items for another while; returns the ids of those that are still their workers'. */
  async renewAll(leases: readonly { id: string; leaseToken: string }[], leaseMs: number): Promise<string[]> {
    const [kept] = await this.manager.query<[{ id: string }[], number]>(
      `UPDATE artifacts SET lease_until = now() + $3 * interval '1 millisecond'
       FROM unnest($1::uuid[], $2::uuid[]) AS lease (id, token)
       WHERE artifacts.id = lease.id AND artifacts.lease_token = lease.token AND artifacts.state = 'running' RETURNING artifacts.id`,
      [leases.map(({ id }) => id), leases.map(({ leaseToken }) => leaseToken), leaseMs],
    );
    return kept.map(({ id }) => id);
  }

  /** Records how far the item is. False: the lease is lost, and what another worker says counts. */
  async progressed(id: string, leaseToken: string, progress: ItemProgress): Promise<boolean> {
    return this.holding(id, leaseToken, { progress });
  }

  /** Remembers the provider's job at once, so that whoever works on the item next picks it up. False: the lease is lost. */
  async submitted(id: string, leaseToken: string, providerJobId: string): Promise<boolean> {
    return this.holding(id, leaseToken, { providerJobId });
  }

  /** Gives an item the job that a paid call turned out to have started, whoever works on it now; one that waits is due at once, under a new generation. */
  async adopt(id: string, providerJobId: string): Promise<void> {
    await this.updating()
      .set({
        providerJobId,
        nextAt: () => `CASE WHEN state = 'due' THEN now() ELSE next_at END`,
        generation: () => `CASE WHEN state = 'due' THEN generation + 1 ELSE generation END`,
        handedAt: () => `CASE WHEN state = 'due' THEN NULL ELSE handed_at END`,
      })
      .where('id = :id AND provider_job_id IS NULL', { id })
      .andWhere(`state IN ('due', 'running', 'failed')`)
      .execute();
  }

  /**
   * Records a finished item.
   * @param chargedUsd what it has cost besides what is known already
   * @returns false: the lease was lost, somebody else decides
   */
  async commit(id: string, leaseToken: string, made: MadeArtifact, chargedUsd = 0): Promise<boolean> {
    return this.holding(id, leaseToken, {
      ...made,
      ...(chargedUsd > 0 && { costUsd: () => `cost_usd + ${chargedUsd}` }),
      state: 'ready',
      ...NOBODYS,
      placeUntil: null,
      madeInMs: () => MADE_IN_MS,
      errorCode: null,
      errorMessage: null,
    });
  }

  /** Puts an item off after a failure, under a new generation; `nextAt` is when it may be tried again. */
  async putOff(id: string, leaseToken: string, nextAt: Date, error: ItemError, countsAttempt: boolean): Promise<boolean> {
    return this.holding(id, leaseToken, {
      state: 'due',
      nextAt,
      generation: () => 'generation + 1',
      ...(countsAttempt ? {} : { attempt: () => 'attempt - 1' }),
      ...ended(error),
    });
  }

  /** Has an item made again from the beginning at once, under a new generation, at the price of no try: nothing of what was made is kept. */
  async makeAgain(id: string, leaseToken: string, why: Omit<ItemError, 'endsJob'>): Promise<boolean> {
    return this.holding(id, leaseToken, {
      state: 'due',
      remade: true,
      nextAt: () => 'now()',
      generation: () => 'generation + 1',
      attempt: () => 'attempt - 1',
      ...ended({ ...why, endsJob: true }),
    });
  }

  async fail(id: string, leaseToken: string, error: ItemError): Promise<boolean> {
    return this.holding(id, leaseToken, { state: 'failed', ...ended(error) });
  }

  /** Adds to what the item has cost (USD). */
  async charge(id: string, amountUsd: number): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(ArtifactRow)
      .set({ costUsd: () => 'cost_usd + :amountUsd' })
      .where({ id })
      .setParameter('amountUsd', amountUsd)
      .execute();
  }

  /** Makes what is missing of a step due at once, under a new generation; what failed gets a full ladder of tries. What a worker holds is left to it. */
  async restart(taskId: string, step: StepName): Promise<void> {
    await this.updating()
      .set({
        attempt: () => `CASE WHEN state = 'failed' THEN 0 ELSE attempt END`,
        state: 'due',
        ...RECALLED,
      })
      .where({ taskId, step, state: In(['due', 'failed']) })
      .execute();
  }

  /** Makes items of a step due at once that were put off for that reason. */
  async wake(taskId: string, step: StepName, errorCode: string): Promise<void> {
    await this.updating()
      .set({ ...RECALLED, errorCode: null, errorMessage: null })
      .where({ taskId, step, state: 'due', errorCode })
      .execute();
  }

  /** Makes items of a channel due at once that were put off for one of these reasons. */
  async wakeChannel(channelId: string, errorCodes: readonly string[]): Promise<void> {
    await this.updating()
      .set({ ...RECALLED, errorCode: null, errorMessage: null })
      .where({ channelId, state: 'due', errorCode: In([...errorCodes]) })
      .execute();
  }

  /** Takes back a channel's tickets that nobody has taken up, and their places with them. */
  async takeBack(channelId: string): Promise<void> {
    await this.updating()
      .set({ ...RECALLED, nextAt: () => 'next_at' })
      .where(`channel_id = :channelId AND state = 'due' AND handed_at IS NOT NULL`, { channelId })
      .execute();
  }

  /** Takes a task's items from their workers, whose leases are lost with that. */
  async release(taskId: string): Promise<void> {
    await this.updating()
      .set({ state: 'due', generation: () => 'generation + 1', ...NOBODYS, placeUntil: () => KEPT_PLACE })
      .where({ taskId, state: 'running' })
      .execute();
  }

  /** How many items of each step have been due for that long (ms) although nobody is at work on that step, and no quota is waited for. */
  async stuck(sinceMs: number): Promise<Map<StepName, number>> {
    const rows = await this.manager.query<{ step: StepName; waiting: number }[]>(
      `SELECT step, count(*)::int AS waiting FROM artifacts AS waiting
       WHERE state = 'due' AND next_at < now() - $1 * interval '1 millisecond' AND ${wanted('waiting')}
         AND NOT EXISTS (SELECT FROM lanes WHERE (held_steps ->> waiting.step)::timestamptz > now())
         AND NOT EXISTS (SELECT FROM artifacts AS busy WHERE busy.step = waiting.step AND busy.state = 'running' AND busy.lease_until > now())
       GROUP BY step`,
      [sinceMs],
    );
    return new Map(rows.map(({ step, waiting }) => [step, waiting]));
  }

  /** Replaces artifacts by a new revision of each, to be made from the same input. */
  async revise(artifacts: readonly ArtifactRow[]): Promise<ArtifactRow[]> {
    await this.manager.update(ArtifactRow, { id: In(artifacts.map(({ id }) => id)) }, { state: 'superseded', progress: null });
    const added = await this.manager
      .createQueryBuilder()
      .insert()
      .into(ArtifactRow)
      .values(
        artifacts.map(({ channelId, taskId, step, kind, position, revision, input, expectedMs, expectedUsd }) => ({
          channelId,
          taskId,
          step,
          kind,
          position,
          revision: revision + 1,
          input,
          expectedMs,
          expectedUsd,
        })),
      )
      .returning('id')
      .execute();
    return this.byIds(added.raw as { id: string }[]);
  }

  /** A row that came as JSON, as the entity that TypeORM would make of it. */
  private entity<T extends object>(type: new () => T, row: StoredRow): T {
    const { driver } = this.manager.dataSource;
    const { columns } = this.manager.dataSource.getMetadata(type);
    const entity = new type();
    for (const column of columns) column.setEntityValue(entity, driver.prepareHydratedValue(row[column.databaseName], column) as unknown);
    return entity;
  }

  private async byIds(artifacts: readonly { id: string }[]): Promise<ArtifactRow[]> {
    return this.manager.find(ArtifactRow, { where: { id: In(artifacts.map(({ id }) => id)) }, order: { position: 'ASC' } });
  }

  private async holding(id: string, leaseToken: string, change: Parameters<ReturnType<typeof this.updating>['set']>[0]): Promise<boolean> {
    const result = await this.updating().set(change).where({ id, leaseToken, state: 'running' }).execute();
    return result.affected === 1;
  }

  private updating() {
    return this.manager.createQueryBuilder().update(ArtifactRow);
  }
}

/** SQL: a job that is picked up goes on from when it was begun. */
const STARTED_AT = 'CASE WHEN provider_job_id IS NULL THEN now() ELSE coalesce(started_at, now()) END';
/** SQL: what took longer than an integer holds tells nothing of how long it usually takes. */
const MADE_IN_MS = `CASE WHEN started_at > now() - interval '20 days' THEN (extract(epoch FROM now() - started_at) * 1000)::integer END`;

/** Of an item that its worker has let go, or that was taken from it. */
const NOBODYS = { leaseToken: null, leaseUntil: null, progress: null, handedAt: null };

/** Of an item that is due at once and whose ticket, if it has one, is void. */
const RECALLED = { nextAt: () => 'now()', generation: () => 'generation + 1', handedAt: null, placeUntil: () => KEPT_PLACE };

const ended = ({ code, message, endsJob }: ItemError) => ({
  ...NOBODYS,
  errorCode: code,
  errorMessage: message,
  placeUntil: endsJob ? null : () => KEPT_PLACE,
  ...(endsJob && { providerJobId: null }),
});
