import { settings, youtubeAccess, type Settings } from '#config';
import { Database } from '#database';
import { permanent } from '#pipeline';
import { YouTubeClient } from '#providers/youtube';
import { Inject, Injectable } from '@nestjs/common';
import { ChannelGrants } from './channel-grants.js';
import { YouTubeQuota } from './youtube-quota.js';

/** YouTube as one channel sees it: with its grant, and every request counted. */
@Injectable()
export class ChannelYouTube {
  private readonly baseUrl: string;
  /** Whether the simulator plays YouTube. */
  readonly simulated: boolean;

  constructor(
    private readonly database: Database,
    private readonly grants: ChannelGrants,
    private readonly quota: YouTubeQuota,
    @Inject(settings.KEY) values: Settings,
  ) {
    const { baseUrl, simulated } = youtubeAccess(values);
    this.baseUrl = baseUrl;
    this.simulated = simulated;
  }

  /** For a channel of ours by its id. Says nothing of which YouTube channel its grant is for. */
  client(channelId: string): YouTubeClient {
    return new YouTubeClient(this.baseUrl, this.grants.of(channelId), this.quota.meter(channelId));
  }

  /**
   * For a channel whose grant was seen to be for the YouTube channel that its file names; with the playlist of all its uploads.
   * @throws Failure WRONG_YOUTUBE_CHANNEL when it is for another
   */
  async own(channelId: string): Promise<{ client: YouTubeClient; uploads: string }> {
    const { settings: channel } = await this.database.channels.get(channelId);
    const client = this.client(channelId);
    const { id, uploads } = await client.ownChannel();
    if (id === channel.youtube.channel_id) return { client, uploads };
    throw permanent({
      code: 'WRONG_YOUTUBE_CHANNEL',
      message: `The grant is for ${id}, the channel file names ${channel.youtube.channel_id}`,
      userMessage: `The stored Google grant belongs to the YouTube channel ${id}, not to ${channel.youtube.channel_id}. Connect the right channel.`,
    });
  }
}
