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
  private readonly oauth: GoogleOAuth;
  readonly cipher: TokenCipher;

  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) settings: Settings,
  ) {
    this.oauth = new GoogleOAuth(youtubeAccess(settings));
    this.cipher = new TokenCipher(required(settings, 'TOKEN_ENCRYPTION_KEY'));
  }

  /**
   * An access token of the channel that is good for a while.
   * @throws Failure when the channel was never connected, or Google no longer honours its grant
   */
  async accessToken(channelId: string): Promise<string> {
    const grant = await this.stored(channelId);
    if (grant.expiresAt.getTime() - Date.now() > RENEW_BEFORE_MS) return grant.accessToken;
    const renewed = await this.oauth.refresh(grant);
    const grantEncrypted = this.cipher.encrypt(serializeGrant(renewed), channelId);
    await this.database.oauthTokens.save({ channelId, grantEncrypted, expiresAt: renewed.expiresAt });
    return renewed.accessToken;
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
    return parseGrant(this.cipher.decrypt(row.grantEncrypted, channelId));
  }
}
