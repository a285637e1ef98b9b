import { In, LessThan, type EntityManager } from 'typeorm';
import { AuditLogRow, OAuthTokenRow, ReviewRow, WebhookEventRow } from '../entities/records.js';

type New<T> = Omit<T, 'id' | 'createdAt' | 'updatedAt'>;

export class Reviews {
  constructor(private readonly manager: EntityManager) {}

  async add(review: New<ReviewRow>): Promise<void> {
    await this.manager.insert(ReviewRow, review);
  }

  async ofTask(taskId: string): Promise<ReviewRow[]> {
    return this.manager.find(ReviewRow, { where: { taskId }, order: { createdAt: 'ASC' } });
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
}

export class WebhookEvents {
  constructor(private readonly manager: EntityManager) {}

  /** Stores an event; null when it was delivered before. */
  async add(event: { eventId: string; type: string; payload: object }): Promise<string | null> {
    const inserted = await this.manager
      .createQueryBuilder()
      .insert()
      .into(WebhookEventRow)
      .values(event)
      .orIgnore()
      .returning('id')
      .execute();
    return (inserted.raw as { id: string }[])[0]?.id ?? null;
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

export class OAuthTokens {
  constructor(private readonly manager: EntityManager) {}

  async save(token: Pick<OAuthTokenRow, 'channelId' | 'grantEncrypted' | 'expiresAt'>): Promise<void> {
    await this.manager.upsert(OAuthTokenRow, token, ['channelId']);
  }

  async find(channelId: string): Promise<OAuthTokenRow | null> {
    return this.manager.findOneBy(OAuthTokenRow, { channelId });
  }
}
