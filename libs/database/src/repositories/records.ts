import type { EntityManager } from 'typeorm';
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

  async find(id: string): Promise<WebhookEventRow | null> {
    return this.manager.findOneBy(WebhookEventRow, { id });
  }

  /** Events that came in and were not worked within that time (ms). */
  async unhandled(olderThanMs: number): Promise<WebhookEventRow[]> {
    return this.manager
      .createQueryBuilder(WebhookEventRow, 'event')
      .where(`event.handled_at IS NULL AND event.type <> 'handshake' AND event.created_at < now() - :age * interval '1 millisecond'`, {
        age: olderThanMs,
      })
      .orderBy('event.created_at')
      .limit(500)
      .getMany();
  }

  async handled(id: string, outcome: string): Promise<void> {
    await this.manager.update(WebhookEventRow, { id }, { handledAt: new Date(), outcome });
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

  /** The channels that are connected. */
  async channelIds(): Promise<Set<string>> {
    const tokens = await this.manager.find(OAuthTokenRow, { select: { channelId: true } });
    return new Set(tokens.map(({ channelId }) => channelId));
  }
}
