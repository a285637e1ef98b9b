import { In, type EntityManager } from 'typeorm';
import { OutboxRow } from '../entities/records.js';

/** A job for a queue. `jobId` is deterministic, so that writing or relaying it twice makes one job. */
export interface OutgoingJob {
  queue: string;
  name: string;
  jobId: string;
  payload: object;
  priority: number;
  notBefore?: Date;
}

export class Outbox {
  constructor(private readonly manager: EntityManager) {}

  /** Writes jobs; they reach their queues after the transaction is committed. */
  async add(jobs: readonly OutgoingJob[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.manager
      .createQueryBuilder()
      .insert()
      .into(OutboxRow)
      .values([...jobs])
      .orIgnore()
      .execute();
  }

  /** The jobs whose time has come, oldest first. */
  async due(limit: number): Promise<OutboxRow[]> {
    return this.manager
      .createQueryBuilder(OutboxRow, 'outbox')
      .where('outbox.not_before <= now()')
      .orderBy('outbox.not_before')
      .addOrderBy('outbox.created_at')
      .limit(limit)
      .getMany();
  }

  async remove(jobs: readonly OutboxRow[]): Promise<void> {
    if (jobs.length > 0) await this.manager.delete(OutboxRow, { id: In(jobs.map(({ id }) => id)) });
  }
}
