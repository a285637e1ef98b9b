import { STEPS, type ItemInputs, type ItemKind, type ItemResults, type StepName } from '#pipeline';
import { In, Not, type EntityManager } from 'typeorm';
import { ArtifactRow } from '../entities/artifact.js';

export interface NewArtifact<K extends ItemKind = ItemKind> {
  channelId: string;
  taskId: string;
  step: StepName;
  kind: K;
  position: number;
  revision: number;
  input: ItemInputs[K];
}

/** What is recorded of a file that is in its place. */
export interface MadeArtifact {
  path: string;
  checksum: string;
  bytes: number;
  durationMs: number | null;
  result: ItemResults[ItemKind];
  simulated: boolean;
}

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

  /** The current artifacts of a step, in order. */
  async ofStep(taskId: string, step: StepName): Promise<ArtifactRow[]> {
    return this.manager.find(ArtifactRow, { where: { taskId, step, state: Not('superseded') }, order: { position: 'ASC' } });
  }

  /** The finished artifacts of a kind, in order. */
  async ready<K extends ItemKind>(taskId: string, kind: K): Promise<ArtifactRow<K>[]> {
    const rows = await this.manager.find(ArtifactRow, { where: { taskId, kind, state: 'ready' }, order: { position: 'ASC' } });
    return rows as ArtifactRow<K>[];
  }

  /** Takes an item for this worker, if the ticket is its latest and nobody works on it. Null: nothing to do. */
  async claim(id: string, generation: number, leaseToken: string, leaseMs: number): Promise<ArtifactRow | null> {
    const result = await this.manager
      .createQueryBuilder()
      .update(ArtifactRow)
      .set({
        state: 'running',
        attempt: () => 'attempt + 1',
        leaseToken,
        leaseUntil: () => `now() + ${Math.round(leaseMs)} * interval '1 millisecond'`,
      })
      .where('id = :id AND generation = :generation', { id, generation })
      .andWhere(`((state = 'due' AND next_at <= now()) OR (state = 'running' AND lease_until < now()))`)
      .execute();
    return result.affected === 1 ? this.find(id) : null;
  }

  /** Keeps the item for another while. False: the lease is lost and the work is in vain. */
  async renew(id: string, leaseToken: string, leaseMs: number): Promise<boolean> {
    return this.holding(id, leaseToken, { leaseUntil: () => `now() + ${Math.round(leaseMs)} * interval '1 millisecond'` });
  }

  /** Remembers the provider's job at once, so that whoever works on the item next picks it up. */
  async submitted(id: string, leaseToken: string, providerJobId: string): Promise<boolean> {
    return this.holding(id, leaseToken, { providerJobId });
  }

  /** Records a finished item. False: the lease was lost, somebody else decides. */
  async commit(id: string, leaseToken: string, made: MadeArtifact): Promise<boolean> {
    return this.holding(id, leaseToken, {
      ...made,
      state: 'ready',
      leaseToken: null,
      leaseUntil: null,
      errorCode: null,
      errorMessage: null,
    });
  }

  /** Puts an item off after a failure, under a new generation; `nextAt` is when it may be tried again. */
  async putOff(
    id: string,
    leaseToken: string,
    nextAt: Date,
    error: { code: string; message: string },
    countsAttempt: boolean,
  ): Promise<boolean> {
    return this.holding(id, leaseToken, {
      state: 'due',
      nextAt,
      generation: () => 'generation + 1',
      ...(countsAttempt ? {} : { attempt: () => 'attempt - 1' }),
      leaseToken: null,
      leaseUntil: null,
      errorCode: error.code,
      errorMessage: error.message,
    });
  }

  async fail(id: string, leaseToken: string, error: { code: string; message: string }): Promise<boolean> {
    return this.holding(id, leaseToken, {
      state: 'failed',
      leaseToken: null,
      leaseUntil: null,
      errorCode: error.code,
      errorMessage: error.message,
    });
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

  /** Makes the failed items of a step due again, with a full ladder of tries. */
  async reviveFailed(taskId: string, step: StepName): Promise<ArtifactRow[]> {
    const failed = await this.manager.findBy(ArtifactRow, { taskId, step, state: 'failed' });
    await this.dueAgain(failed, { attempt: 0 });
    return this.byIds(failed);
  }

  /** Items whose worker has gone silent. */
  async leaseExpired(): Promise<ArtifactRow[]> {
    return this.manager
      .createQueryBuilder(ArtifactRow, 'artifact')
      .where(`artifact.state = 'running' AND artifact.lease_until < now()`)
      .getMany();
  }

  /** Items that could have been made for a while and have no ticket on its way to the queue. */
  async overdue(untouchedMs: number): Promise<ArtifactRow[]> {
    return this.manager
      .createQueryBuilder(ArtifactRow, 'artifact')
      .where(`artifact.state = 'due' AND artifact.next_at < now() - :untouched * interval '1 millisecond'`, { untouched: untouchedMs })
      .andWhere(`NOT EXISTS (SELECT FROM outbox WHERE outbox.job_id = artifact.id || '-g' || artifact.generation)`)
      .getMany();
  }

  /** Issues items anew, if they are still as the caller saw them; returns those that were. */
  async reissue(artifacts: readonly ArtifactRow[]): Promise<ArtifactRow[]> {
    const issued: ArtifactRow[] = [];
    for (const { id, generation, state } of artifacts) {
      const result = await this.manager
        .createQueryBuilder()
        .update(ArtifactRow)
        .set({ state: 'due', nextAt: () => 'now()', generation: () => 'generation + 1', leaseToken: null, leaseUntil: null })
        .where({ id, generation, state })
        .execute();
      if (result.affected === 1) issued.push(...(await this.byIds([{ id }])));
    }
    return issued;
  }

  /** Replaces artifacts by a new revision of each, to be made from the same input. */
  async revise(artifacts: readonly ArtifactRow[]): Promise<ArtifactRow[]> {
    await this.manager.update(ArtifactRow, { id: In(artifacts.map(({ id }) => id)) }, { state: 'superseded' });
    const added = await this.manager
      .createQueryBuilder()
      .insert()
      .into(ArtifactRow)
      .values(
        artifacts.map(({ channelId, taskId, step, kind, position, revision, input }) => ({
          channelId,
          taskId,
          step,
          kind,
          position,
          revision: revision + 1,
          input,
        })),
      )
      .returning('id')
      .execute();
    return this.byIds(added.raw as { id: string }[]);
  }

  private async dueAgain(artifacts: readonly ArtifactRow[], change: { attempt: number }): Promise<void> {
    if (artifacts.length === 0) return;
    await this.manager
      .createQueryBuilder()
      .update(ArtifactRow)
      .set({ ...change, state: 'due', nextAt: () => 'now()', generation: () => 'generation + 1' })
      .where({ id: In(artifacts.map(({ id }) => id)) })
      .execute();
  }

  private async byIds(artifacts: readonly { id: string }[]): Promise<ArtifactRow[]> {
    return this.manager.findBy(ArtifactRow, { id: In(artifacts.map(({ id }) => id)) });
  }

  private async holding(id: string, leaseToken: string, change: Parameters<ReturnType<typeof this.updating>['set']>[0]): Promise<boolean> {
    const result = await this.updating().set(change).where({ id, leaseToken, state: 'running' }).execute();
    return result.affected === 1;
  }

  private updating() {
    return this.manager.createQueryBuilder().update(ArtifactRow);
  }
}
