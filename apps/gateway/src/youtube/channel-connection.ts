import { settings, type Settings } from '#config';
import { Database, type ChannelRow } from '#database';
import { permanent } from '#pipeline';
import type { OAuthGrant } from '#providers/youtube';
import { OutboxRelay, reconnect } from '#stage';
import { ChannelGrants } from '#youtube';
import { Inject, Injectable } from '@nestjs/common';

/** How channels get their grants, whichever way those come in. */
@Injectable()
export class ChannelConnection {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Stores a channel's grant; everything that has waited for it goes on.
   * @param grant with the YouTube channel that it is for
   * @throws Failure WRONG_YOUTUBE_CHANNEL when that is another than the channel's file names
   */
  async connect(channel: ChannelRow, grant: OAuthGrant, actor: string): Promise<void> {
    const wanted = channel.settings.youtube.channel_id;
    if (grant.channelId !== wanted) {
      const granted = grant.channelId ?? 'no stated channel';
      throw permanent({
        code: 'WRONG_YOUTUBE_CHANNEL',
        message: `The grant is for ${granted}, the channel file names ${wanted}`,
        userMessage: `The grant is for ${granted}, the channel file names ${wanted}. Choose that channel on the consent page.`,
      });
    }
    await this.database.transaction(async (tx) => {
      await this.grants.save(tx, channel.id, grant);
      await reconnect(tx, channel.id);
      const details = { youtube_channel_id: wanted, ...(grant.grantExpiresAt && { ends_at: grant.grantExpiresAt.toISOString() }) };
      await tx.auditLogs.add({ channelId: channel.id, taskId: null, actor, action: 'channel_connected', details });
    });
    this.relay.wake();
  }

  /**
   * Renews a channel's access to YouTube now; returns when the new one ends.
   * @throws Failure when it was never connected, or Google does not honour its grant
   */
  async renew(channel: ChannelRow, actor: string): Promise<Date> {
    const expiresAt = await this.grants.renew(channel.id);
    await this.database.transaction(async (tx) => {
      await reconnect(tx, channel.id);
      const details = { expires_at: expiresAt.toISOString() };
      await tx.auditLogs.add({ channelId: channel.id, taskId: null, actor, action: 'channel_grant_refreshed', details });
    });
    this.relay.wake();
    return expiresAt;
  }

  /** Made when it is needed: an installation that does not publish has no key. */
  private get grants(): ChannelGrants {
    return new ChannelGrants(this.database, this.settings);
  }
}
