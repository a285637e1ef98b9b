import { required, settings, youtubeAccess, type Settings } from '#config';
import { Database, TokenCipher } from '#database';
import { permanent } from '#pipeline';
import { GoogleOAuth, parseGrant, serializeGrant, type OAuthGrant } from '#providers/youtube';
import { Inject, Injectable } from '@nestjs/common';

/** An access token is renewed when it would end within this time (ms): an upload must not outlive it. */
const RENEW_BEFORE_MS = 5 * 60_000;

/** The channels' Google grants: decrypted for use, renewed in time, stored again. */
@Injectable()
export class ChannelGrants {
  readonly cipher: TokenCipher;

  /** @throws SettingsError when there is no key to encrypt them with */
  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.cipher = new TokenCipher(required(settings, 'TOKEN_ENCRYPTION_KEY'));
  }

  /**
   * An access token of the channel that is good for a while.
   * @throws Failure when the channel was never connected, or Google no longer honours its grant
   */
  async accessToken(channelId: string): Promise<string> {
    const grant = await this.stored(channelId);
    if (grant.expiresAt.getTime() - Date.now() > RENEW_BEFORE_MS) return grant.accessToken;
    return (await this.renewed(channelId, grant)).accessToken;
  }

  /**
   * Renews the channel's access token now; returns when the new one ends.
   * @throws Failure when the channel was never connected, or Google no longer honours its grant
   */
  async renew(channelId: string): Promise<Date> {
    return (await this.renewed(channelId, await this.stored(channelId))).expiresAt;
  }

  /** Stores a grant, encrypted. */
  async save(database: Database, channelId: string, grant: OAuthGrant): Promise<void> {
    const grantEncrypted = this.cipher.encrypt(serializeGrant(grant), channelId);
    await database.oauthTokens.save({ channelId, grantEncrypted, expiresAt: grant.expiresAt });
  }

  private async renewed(channelId: string, grant: OAuthGrant): Promise<OAuthGrant> {
    const renewed = await new GoogleOAuth(youtubeAccess(this.settings)).refresh(grant);
    await this.save(this.database, channelId, renewed);
    return renewed;
  }

  private async stored(channelId: string): Promise<OAuthGrant> {
    const row = await this.database.oauthTokens.find(channelId);
    if (!row) {
      throw permanent({
        code: 'CHANNEL_NOT_CONNECTED',
        message: `Channel ${channelId} has no Google grant`,
        userMessage:
          'This channel is not connected to YouTube yet. Run scripts/youtube-auth and store its grant as README says, then retry the task.',
      });
    }
    return parseGrant(this.decrypted(row.grantEncrypted, channelId));
  }

  private decrypted(grantEncrypted: string, channelId: string): string {
    try {
      return this.cipher.decrypt(grantEncrypted, channelId);
    } catch (cause) {
      throw permanent({
        code: 'GRANT_INVALID',
        message: `The grant of channel ${channelId} cannot be decrypted`,
        userMessage:
          'The stored grant cannot be read with this TOKEN_ENCRYPTION_KEY. Set the key that it was stored with, or connect the channel again.',
        cause,
      });
    }
  }
}
