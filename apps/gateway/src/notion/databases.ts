import { settings, type Settings } from '#config';
import { Database, type ChannelRow } from '#database';
import { propertyNames, type PropertyNames, type RowProperty } from '#pipeline';
import { rowOf, type NotionRow, type PageOfRow } from '#providers/notion';
import { Inject, Injectable } from '@nestjs/common';

/** Which Notion databases hold rows, and what their properties are called: those of the installation, and those that a channel has to itself. */
@Injectable()
export class NotionDatabases {
  private readonly schemas = new Map<string, ReadonlySet<RowProperty>>();

  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Which of our properties a data source has, as its rows have shown to this process; null when none was read yet. */
  propertiesOf(dataSourceId: string | null): ReadonlySet<RowProperty> | null {
    return this.schemas.get(dataSourceId ?? '') ?? null;
  }

  learn({ dataSourceId, has }: NotionRow): void {
    this.schemas.set(dataSourceId ?? '', has);
  }

  /** As the settings and the channels are now. */
  async read(): Promise<KnownDatabases> {
    return new KnownDatabases(await this.database.channels.all(), this.settings);
  }
}

export class KnownDatabases {
  private readonly names: PropertyNames;

  constructor(
    readonly channels: readonly ChannelRow[],
    private readonly settings: Settings,
  ) {
    this.names = propertyNames(settings.NOTION_PROPERTIES);
  }

  /** Keys of the channels that rows can name. */
  get choices(): string[] {
    return this.channels.filter(({ removedAt }) => !removedAt).map(({ key }) => key);
  }

  /** Every data source that is looked through. */
  get dataSources(): string[] {
    const own = this.channels.flatMap((channel) => channel.settings.notion?.data_source_id ?? []);
    const shared = this.settings.NOTION_DATA_SOURCE_ID;
    return [...new Set([...(shared ? [shared] : []), ...own])];
  }

  /** Whether rows of a data source are videos of this installation. Without a data source of its own, it takes whatever the connection can see. */
  isOurs(dataSourceId: string | null): boolean {
    if (this.showsChannels(dataSourceId)) return false;
    return !this.settings.NOTION_DATA_SOURCE_ID || this.dataSources.some((known) => known === dataSourceId);
  }

  /** Whether a data source is the one that shows the channels. */
  showsChannels(dataSourceId: string | null): boolean {
    return dataSourceId !== null && dataSourceId === this.settings.NOTION_CHANNELS_DATA_SOURCE_ID;
  }

  namesIn(dataSourceId: string | null): PropertyNames {
    const own = this.ownerOf(dataSourceId)?.settings.notion?.properties;
    return own ? propertyNames({ ...this.settings.NOTION_PROPERTIES, ...own }) : this.names;
  }

  rowOf(page: PageOfRow): NotionRow {
    return rowOf(page, this.namesIn((page.parent as { data_source_id?: string }).data_source_id ?? null));
  }

  /** The channel that a row is for: whose data source it stands in, or which it names by key or name, whatever the case. */
  channelOf({ dataSourceId, channel }: NotionRow): ChannelRow | null {
    const owner = this.ownerOf(dataSourceId);
    if (owner) return owner;
    const wanted = channel.trim().toLowerCase();
    return this.channels.find(({ key, settings: { name } }) => [key, name].some((one) => one.toLowerCase() === wanted)) ?? null;
  }

  private ownerOf(dataSourceId: string | null): ChannelRow | null {
    return this.channels.find(({ settings: { notion } }) => dataSourceId && notion?.data_source_id === dataSourceId) ?? null;
  }
}
