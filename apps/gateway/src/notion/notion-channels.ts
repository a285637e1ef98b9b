import { settings, type Settings } from '#config';
import { Database, type ChannelRow } from '#database';
import { channelPropertiesOf, channelRowOf, type NotionChannelRow } from '#providers/notion';
import { ChannelControl } from '#stage';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { NotionConnection } from './notion-connection.js';

/** Brings the channels and the data source that shows them together: who ticks Paused there pauses the channel, and its figures are shown. */
@Injectable()
export class NotionChannels {
  private readonly logger = new Logger(NotionChannels.name);

  constructor(
    private readonly database: Database,
    private readonly notion: NotionConnection,
    private readonly control: ChannelControl,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** @throws Failure as Notion's client does */
  async sync(): Promise<void> {
    const dataSource = this.settings.NOTION_CHANNELS_DATA_SOURCE_ID;
    if (!dataSource) return;
    const rows = new Map<string, NotionChannelRow>();
    for await (const page of this.notion.client.pagesEditedSince(dataSource, null)) {
      const row = channelRowOf(page);
      if (!rows.has(row.channel)) rows.set(row.channel, row);
    }
    const counts = await this.database.census.tasksByChannel();
    for (const channel of await this.database.channels.list()) {
      const row = rows.get(channel.key);
      const paused = row ? await this.decide(channel, row.paused) : channel.pausedAt !== null;
      const { queued = 0, in_work: inWork = 0 } = counts.get(channel.id) ?? {};
      const shown = { channel: channel.key, paused, queued, inWork };
      if (!row) await this.notion.client.addPage(dataSource, channelPropertiesOf(shown));
      else if (row.paused !== paused || row.queued !== queued || row.inWork !== inWork)
        await this.notion.client.writePage(row.pageId, channelPropertiesOf(shown));
      if (channel.notionPaused !== paused) await this.database.channels.notionShows(channel.id, paused);
    }
  }

  /** What a person has ticked since it was last looked at counts; otherwise what was decided elsewhere. Returns whether the channel is paused now. */
  private async decide(channel: ChannelRow, ticked: boolean): Promise<boolean> {
    const paused = channel.pausedAt !== null;
    if (ticked === paused || ticked === (channel.notionPaused ?? false)) return paused;
    this.logger.log({ event: 'notion_channel_ticked', channel_id: channel.id, paused: ticked });
    if (ticked) await this.control.pause(channel.id, 'notion');
    else await this.control.resume(channel.id, 'notion');
    return ticked;
  }
}
