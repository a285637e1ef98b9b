import { NOTION_QUEUE } from '#pipeline';
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

/**
 * SQL: what is shown in Notion waits in the outbox until its queue, which is worked at Notion's pace, has room: thousands of rows that are queued together must
 * not fill Redis. What people have done there does not wait.
 */
const PATIENT = `(outbox.queue = '${NOTION_QUEUE}' AND outbox.priority > 2)`;

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

  /** The jobs whose time has come and that do not wait for room, oldest first. */
  async due(limit: number): Promise<OutboxRow[]> {
    return this.manager
      .createQueryBuilder(OutboxRow, 'outbox')
      .where(`outbox.not_before <= now() AND NOT ${PATIENT}`)
      .orderBy('outbox.not_before')
      .addOrderBy('outbox.created_at')
      .limit(limit)
      .getMany();
  }

  /** The jobs whose time has come and that wait for room in their queue, the most urgent first. */
  async patient(limit: number): Promise<OutboxRow[]> {
    return this.manager
      .createQueryBuilder(OutboxRow, 'outbox')
      .where(`outbox.not_before <= now() AND ${PATIENT}`)
      .orderBy('outbox.priority')
      .addOrderBy('outbox.not_before')
      .limit(limit)
      .getMany();
  }

  async remove(jobs: readonly OutboxRow[]): Promise<void> {
    if (jobs.length > 0) await this.manager.delete(OutboxRow, { id: In(jobs.map(({ id }) => id)) });
  }
}
