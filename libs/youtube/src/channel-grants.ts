import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { settings, youtubeAccess, type Settings } from '#config';
import { Database, TokenCipher, type OAuthTokenRow } from '#database';
import { Failure, permanent, transient } from '#pipeline';
import { GoogleOAuth, parseGrant, serializeGrant, type AccessTokens, type OAuthGrant } from '#providers/youtube';
import { Inject, Injectable } from '@nestjs/common';

/** An access token is renewed when it would end within this time (ms). */
const RENEW_BEFORE_MS = 5 * 60_000;
/** So long a process has for a renewal before another may try (ms); Google answers within seconds. */
const LEASE_MS = 30_000;
/** How often those look who wait for another's renewal (ms). */
const LOOK_MS = 100;

/** The channels' Google grants: decrypted for use, renewed in time and by one process at a time, stored again. */
@Injectable()
export class ChannelGrants {
  private readonly cipher: TokenCipher;

  /** @throws SettingsError when there is no key to encrypt them with */
  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.cipher = TokenCipher.of(settings);
  }

  /** Access tokens of a channel; each throws a Failure when the channel was never connected, or Google no longer honours its grant. */
  of(channelId: string): AccessTokens {
    return {
      current: async () => (await this.fresh(channelId, ({ expiresAt }) => expiresAt.getTime() - Date.now() > RENEW_BEFORE_MS)).accessToken,
      renewed: async (refused) => (await this.fresh(channelId, ({ accessToken }) => accessToken !== refused)).accessToken,
    };
  }

  /**
   * Renews the channel's access token now, even if Google has refused that before; returns when the new one ends.
   * @throws Failure when the channel was never connected, or Google does not honour its grant
   */
  async renew(channelId: string): Promise<Date> {
    const before = await this.stored(channelId);
    const { accessToken } = this.open(before);
    return (await this.fresh(channelId, (grant) => grant.accessToken !== accessToken, true)).expiresAt;
  }

  /** Stores a grant, encrypted. */
  async save(database: Database, channelId: string, grant: OAuthGrant): Promise<void> {
    const { expiresAt, grantExpiresAt } = grant;
    await database.oauthTokens.save({ channelId, grantEncrypted: this.seal(channelId, grant), expiresAt, grantExpiresAt });
  }

  /** The grant once it is good enough; whoever finds that it is not renews it, everybody else waits for that. */
  private async fresh(channelId: string, isGood: (grant: OAuthGrant) => boolean, insists = false): Promise<OAuthGrant> {
    const until = Date.now() + LEASE_MS;
    const lease = randomUUID();
    while (Date.now() < until) {
      const row = await this.stored(channelId);
      if (row.refusedCode && !insists) throw refusal(row.refusedCode, row.refusedMessage ?? '');
      const grant = this.open(row);
      if (isGood(grant)) return grant;
      if (await this.database.oauthTokens.claim(channelId, lease, LEASE_MS)) {
        const renewed = await this.renewAs(channelId, lease, isGood);
        if (renewed) return renewed;
      }
      await sleep(LOOK_MS);
    }
    throw transient({
      code: 'OAUTH_RENEWAL_SLOW',
      message: `The grant of channel ${channelId} is being renewed for too long`,
      userMessage: 'The access to YouTube could not be renewed in time. It is tried again by itself.',
    });
  }

  /** Null: an operator has brought another grant meanwhile. */
  private async renewAs(channelId: string, lease: string, isGood: (grant: OAuthGrant) => boolean): Promise<OAuthGrant | null> {
    const { oauthTokens } = this.database;
    try {
      // As it is now: another process may have renewed it a moment before.
      const grant = this.open(await this.stored(channelId));
      if (isGood(grant)) {
        await oauthTokens.notRenewed(channelId, lease, null);
        return grant;
      }
      const renewed = await new GoogleOAuth(youtubeAccess(this.settings)).refresh(grant);
      const { expiresAt } = renewed;
      return (await oauthTokens.renewed(channelId, lease, { grantEncrypted: this.seal(channelId, renewed), expiresAt })) ? renewed : null;
    } catch (error) {
      const { code, userMessage, kind } = Failure.from(error);
      // What is wrong with our own client is not the grant's fault.
      const isDead = kind === 'permanent' && code !== 'OAUTH_INVALID_CLIENT';
      await oauthTokens.notRenewed(channelId, lease, isDead ? { code, message: userMessage } : null);
      throw error;
    }
  }

  private seal(channelId: string, grant: OAuthGrant): string {
    return this.cipher.encrypt(serializeGrant(grant), channelId);
  }

  private async stored(channelId: string): Promise<OAuthTokenRow> {
    const row = await this.database.oauthTokens.find(channelId);
    if (row) return row;
    throw permanent({
      code: 'CHANNEL_NOT_CONNECTED',
      message: `Channel ${channelId} has no Google grant`,
      userMessage: 'This channel is not connected to YouTube yet. Connect it as README says; its videos then go on by themselves.',
    });
  }

  private open({ channelId, grantEncrypted }: OAuthTokenRow): OAuthGrant {
    let json: string;
    try {
      json = this.cipher.decrypt(grantEncrypted, channelId);
    } catch (cause) {
      throw permanent({
        code: 'GRANT_INVALID',
        message: `The grant of channel ${channelId} cannot be decrypted`,
        userMessage:
          'The stored grant cannot be read with this TOKEN_ENCRYPTION_KEY. Set the key that it was stored with, or connect the channel again.',
        cause,
      });
    }
    return parseGrant(json);
  }
}

function refusal(code: string, userMessage: string): Failure {
  return permanent({ code, message: `Google has refused the grant before: ${code}`, userMessage });
}
