import { IsNull, type EntityManager } from 'typeorm';
import { ApiTokenRow } from '../entities/api-token.js';

export class ApiTokens {
  constructor(private readonly manager: EntityManager) {}

  /** Adds one; null when another has, or had, that name. */
  async add(token: Pick<ApiTokenRow, 'name' | 'role' | 'tokenHash' | 'createdBy'>): Promise<ApiTokenRow | null> {
    const inserted = await this.manager.createQueryBuilder().insert().into(ApiTokenRow).values(token).orIgnore().returning('id').execute();
    const [row] = inserted.raw as { id: string }[];
    return row ? this.find(row.id) : null;
  }

  async find(id: string): Promise<ApiTokenRow | null> {
    return this.manager.findOneBy(ApiTokenRow, { id });
  }

  /** Those that are not revoked. */
  async live(): Promise<ApiTokenRow[]> {
    return this.manager.findBy(ApiTokenRow, { revokedAt: IsNull() });
  }

  /** The same, locked until the transaction ends. */
  async lockLive(): Promise<ApiTokenRow[]> {
    return this.manager.find(ApiTokenRow, { where: { revokedAt: IsNull() }, order: { id: 'ASC' }, lock: { mode: 'pessimistic_write' } });
  }

  /** Newest first, the revoked ones too. */
  async list({ limit, offset }: { limit: number; offset: number }): Promise<{ tokens: ApiTokenRow[]; total: number }> {
    const [tokens, total] = await this.manager.findAndCount(ApiTokenRow, {
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
    return { tokens, total };
  }

  async revoke(id: string): Promise<void> {
    await this.manager.update(ApiTokenRow, { id, revokedAt: IsNull() }, { revokedAt: () => 'now()' });
  }

  /** Remembers that a token was used; at most once a minute, whoever asks how often. */
  async used(id: string): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(ApiTokenRow)
      .set({ lastUsedAt: () => 'now()' })
      .where(`id = :id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`, { id })
      .execute();
  }
}
