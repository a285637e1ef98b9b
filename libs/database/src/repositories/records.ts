import type { Decision, Gate } from '#pipeline';
import { In, LessThan, type EntityManager } from 'typeorm';
import type { OutgoingJob } from './outbox.js';
import { AuditLogRow, ReviewRow, WebhookEventRow } from '../entities/records.js';
import { during } from './during.js';

type New<T> = Omit<T, 'id' | 'createdAt' | 'updatedAt'>;

interface RecordFilter {
  channelId?: string;
  taskId?: string;
  createdAfter?: Date;
  createdBefore?: Date;
  limit: number;
  offset: number;
}

export interface ReviewFilter extends RecordFilter {
  gate?: Gate;
  decision?: Decision;
  reviewer?: string;
}

export interface AuditLogFilter extends RecordFilter {
  actor?: string;
  action?: string;
}

export class Reviews {
  constructor(private readonly manager: EntityManager) {}

  async add(review: New<ReviewRow>): Promise<void> {
    await this.manager.insert(ReviewRow, review);
  }

  async ofTask(taskId: string): Promise<ReviewRow[]> {
    return this.manager.find(ReviewRow, { where: { taskId }, order: { createdAt: 'ASC' } });
  }

  /** Newest first. */
  async list({ createdAfter, createdBefore, limit, offset, ...equal }: ReviewFilter): Promise<{ reviews: ReviewRow[]; total: number }> {
    const [reviews, total] = await this.manager.findAndCount(ReviewRow, {
      where: { ...equal, ...during('createdAt', createdAfter, createdBefore) },
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
    return { reviews, total };
  }
}

export class AuditLogs {
  constructor(private readonly manager: EntityManager) {}

  async add(entry: New<AuditLogRow>): Promise<void> {
    await this.manager.insert(AuditLogRow, entry);
  }

  async ofTask(taskId: string): Promise<AuditLogRow[]> {
    return this.manager.find(AuditLogRow, { where: { taskId }, order: { createdAt: 'ASC' } });
  }

  /** Newest first. */
  async list({ createdAfter, createdBefore, limit, offset, ...equal }: AuditLogFilter): Promise<{ entries: AuditLogRow[]; total: number }> {
    const [entries, total] = await this.manager.findAndCount(AuditLogRow, {
      where: { ...equal, ...during('createdAt', createdAfter, createdBefore) },
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
    return { entries, total };
  }
}

/** An event as it came in. `eventId` is the sender's. */
export interface NewEvent {
  eventId: string;
  type: string;
  payload: object;
}

export class WebhookEvents {
  constructor(private readonly manager: EntityManager) {}

  /** Stores events, and the job that has them worked, in one statement; those that were delivered before are left as they are. */
  async add(events: readonly NewEvent[], { queue, name, jobId, payload, priority }: OutgoingJob): Promise<void> {
    await this.manager.query(
      `WITH added AS (
         INSERT INTO webhook_events (event_id, type, payload)
         SELECT event_id, type, payload::jsonb FROM unnest($1::text[], $2::text[], $3::text[]) AS event (event_id, type, payload)
         ON CONFLICT DO NOTHING RETURNING id)
       INSERT INTO outbox (queue, name, job_id, payload, priority) SELECT $4, $5, $6, $7::jsonb, $8 WHERE EXISTS (SELECT FROM added)
       ON CONFLICT DO NOTHING`,
      [
        events.map(({ eventId }) => eventId),
        events.map(({ type }) => type),
        events.map((event) => JSON.stringify(event.payload)),
        queue,
        name,
        jobId,
        JSON.stringify(payload),
        priority,
      ],
    );
  }

  /** Takes events that are due for this worker, for that long (ms), oldest first. */
  async take(holdMs: number, limit: number): Promise<WebhookEventRow[]> {
    const [taken] = await this.manager.query<[{ id: string }[], number]>(
      `UPDATE webhook_events SET attempt = attempt + 1, next_at = now() + $1 * interval '1 millisecond'
       WHERE id IN (SELECT id FROM webhook_events WHERE handled_at IS NULL AND next_at <= now() ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [holdMs, limit],
    );
    return this.manager.find(WebhookEventRow, { where: { id: In(taken.map(({ id }) => id)) }, order: { createdAt: 'ASC' } });
  }

  /** Whether events have been due for that long (ms) without being taken. */
  async areOverdue(overdueMs: number): Promise<boolean> {
    return this.manager
      .createQueryBuilder(WebhookEventRow, 'event')
      .where(`event.handled_at IS NULL AND event.next_at < now() - :overdueMs * interval '1 millisecond'`, { overdueMs })
      .getExists();
  }

  /** Puts events off for that long (ms). */
  async putOff(ids: readonly string[], delayMs: number): Promise<void> {
    if (ids.length === 0) return;
    await this.manager.update(WebhookEventRow, { id: In([...ids]) }, { nextAt: new Date(Date.now() + delayMs) });
  }

  async handled(ids: readonly string[], outcome: string): Promise<void> {
    if (ids.length === 0) return;
    await this.manager.update(WebhookEventRow, { id: In([...ids]) }, { handledAt: new Date(), outcome });
  }

  /** Forgets events that were handled that long ago (ms): none is delivered again after so long. */
  async forget(ageMs: number): Promise<void> {
    await this.manager.delete(WebhookEventRow, { handledAt: LessThan(new Date(Date.now() - ageMs)) });
  }
}
