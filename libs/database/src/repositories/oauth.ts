import { IsNull, LessThan, type EntityManager } from 'typeorm';
import { OAuthConsentRow, OAuthTokenRow } from '../entities/youtube.js';

/** Why Google no longer honours a grant. */
export interface GrantRefusal {
  code: string;
  message: string;
}

export class OAuthTokens {
  constructor(private readonly manager: EntityManager) {}

  /** Stores a grant that an operator brings: whatever was wrong with the one before is forgotten. */
  async save(token: Pick<OAuthTokenRow, 'channelId' | 'grantEncrypted' | 'expiresAt' | 'grantExpiresAt'>): Promise<void> {
    const fresh = { ...token, refusedAt: null, refusedCode: null, refusedMessage: null, leaseToken: null, leaseUntil: null };
    await this.manager.upsert(OAuthTokenRow, fresh, ['channelId']);
  }

  async find(channelId: string): Promise<OAuthTokenRow | null> {
    return this.manager.findOneBy(OAuthTokenRow, { channelId });
  }

  /** Takes a grant's renewal for one process, for that long (ms). False: another is at it. */
  async claim(channelId: string, leaseToken: string, leaseMs: number): Promise<boolean> {
    const result = await this.manager
      .createQueryBuilder()
      .update(OAuthTokenRow)
      .set({ leaseToken, leaseUntil: () => `now() + ${Math.round(leaseMs)} * interval '1 millisecond'` })
      .where('channel_id = :channelId AND (lease_until IS NULL OR lease_until < now())', { channelId })
      .execute();
    return result.affected === 1;
  }

  /** Stores a renewed grant. False: an operator has brought another one meanwhile, which stays. */
  async renewed(channelId: string, leaseToken: string, grant: Pick<OAuthTokenRow, 'grantEncrypted' | 'expiresAt'>): Promise<boolean> {
    const result = await this.manager.update(OAuthTokenRow, { channelId, leaseToken }, { ...grant, leaseToken: null, leaseUntil: null });
    return result.affected === 1;
  }

  /** Gives a renewal back; with a refusal, nobody tries it again. */
  async notRenewed(channelId: string, leaseToken: string, refusal: GrantRefusal | null): Promise<void> {
    await this.manager.update(
      OAuthTokenRow,
      { channelId, leaseToken },
      {
        leaseToken: null,
        leaseUntil: null,
        ...(refusal && { refusedAt: () => 'now()', refusedCode: refusal.code, refusedMessage: refusal.message }),
      },
    );
  }

  /** The channels that are connected. */
  async channelIds(): Promise<Set<string>> {
    const tokens = await this.manager.find(OAuthTokenRow, { select: { channelId: true }, where: { refusedAt: IsNull() } });
    return new Set(tokens.map(({ channelId }) => channelId));
  }

  /** Grants that end by themselves before that moment and are still good. */
  async ending(before: Date): Promise<OAuthTokenRow[]> {
    return this.manager.findBy(OAuthTokenRow, { grantExpiresAt: LessThan(before), refusedAt: IsNull() });
  }
}

export class OAuthConsents {
  constructor(private readonly manager: EntityManager) {}

  async add(consent: Pick<OAuthConsentRow, 'channelId' | 'actor' | 'ticketHash' | 'redirectUri' | 'expiresAt'>): Promise<void> {
    await this.manager.delete(OAuthConsentRow, { expiresAt: LessThan(new Date()) });
    await this.manager.insert(OAuthConsentRow, consent);
  }

  /** The consent that a ticket is for, unless its time is up or its page was opened before. */
  async ofTicket(ticketHash: string): Promise<OAuthConsentRow | null> {
    const found = await this.manager.findOneBy(OAuthConsentRow, { ticketHash, stateHash: IsNull() });
    return found && found.expiresAt > new Date() ? found : null;
  }

  /** Binds a consent to the browser that has opened its page. False: another was faster. */
  async opened(id: string, opened: Pick<OAuthConsentRow, 'stateHash' | 'browserHash' | 'verifierEncrypted'>): Promise<boolean> {
    const result = await this.manager.update(OAuthConsentRow, { id, stateHash: IsNull() }, opened);
    return result.affected === 1;
  }

  /** Takes the consent that an answer belongs to, which no second answer can have; null: none, or its time is up. */
  async take(stateHash: string): Promise<OAuthConsentRow | null> {
    const found = await this.manager.findOneBy(OAuthConsentRow, { stateHash });
    if (!found) return null;
    const result = await this.manager.delete(OAuthConsentRow, { id: found.id });
    return result.affected === 1 && found.expiresAt > new Date() ? found : null;
  }
}
