import { priorityTitle, statusTitle, type PropertyNames, type RowProperty } from '#pipeline';
import { isFullDatabase, isFullPage, isFullView, type CreatePageParameters, type QueryDataSourceParameters } from '@notionhq/client';
import { findPlace, madeIn, sourceAt, sourcesOf, titleOf, type DataSource } from './find-place.js';
import { mendSchema } from './mend-schema.js';
import type { PatientNotion } from './patient-notion.js';
import {
  channelProperties,
  configurationsOf,
  isOfChannels,
  optionIn,
  videoProperties,
  type ChannelChoice,
  type WantedProperty,
} from './schema.js';
import type { SetupReport } from './setup-report.js';
import { EVERYTHING, VIEWS, idsIn } from './views.js';

const VIDEOS = 'Videos';
const CHANNELS = 'Channels';
const EXAMPLE = 'Example: why the deep sea glows (set its Status to Queued to have it made)';

/** What is to be set up. */
export interface SetupWish {
  /** Address or id of the page in which a database is to be made. */
  page?: string;
  /** Address or id of a database, or id of a data source, that is to be made fit. */
  database?: string;
  /** Id of the data source of channels, if one is known. */
  channelsId?: string;
  /** What the rows' properties are called. */
  names: PropertyNames;
  channels: readonly ChannelChoice[];
  /** The channel that the data source is for; null: it is for all of them. */
  only: ChannelChoice | null;
}

type Values = NonNullable<CreatePageParameters['properties']>;
type Query = Omit<QueryDataSourceParameters, 'data_source_id'>;

/** Makes a database for videos, or makes one fit that there is. Adds what is missing; takes away, renames and overwrites nothing. */
export class NotionSetup {
  private page: { id: string; title: string } | null = null;
  private videos: DataSource | null = null;
  private channels: DataSource | null = null;
  private names: ReadonlyMap<string, string> = new Map();
  private isNew = false;
  private readonly title: string;
  private readonly wanted: readonly WantedProperty[];

  constructor(
    private readonly notion: PatientNotion,
    private readonly report: SetupReport,
    private readonly wish: SetupWish,
  ) {
    this.title = wish.only?.name ?? VIDEOS;
    this.wanted = videoProperties(wish.names, wish.only ? null : wish.channels);
  }

  /** Ids of the data sources; null for one that is not there. */
  get ids(): { videos: string | null; channels: string | null } {
    return { videos: this.videos?.id ?? null, channels: this.channels?.id ?? null };
  }

  /** What the rows' properties turned out to be called, where that is not what was wished. */
  get otherNames(): Partial<PropertyNames> {
    return Object.fromEntries([...this.names].filter(([meaning, name]) => this.wish.names[meaning as RowProperty] !== name));
  }

  /**
   * Looks for the place that is meant.
   * @returns what was found, for people
   * @throws Failure, like all the others here, whose `userMessage` says what to do
   */
  async find(): Promise<string> {
    const { page, database, only } = this.wish;
    const place = await findPlace(this.notion, {
      ...(page !== undefined && { page }),
      ...(database !== undefined && { database }),
      title: this.title,
      takesAnyOfVideos: !only,
    });
    if ('page' in place) {
      this.page = place.page;
      return `none yet, in the page "${place.page.title}"`;
    }
    this.videos = place.videos;
    return `"${titleOf(place.videos)}"`;
  }

  /** Makes the database, or adds what its data source of videos lacks. */
  async setUpVideos(): Promise<void> {
    if (this.page) this.videos = await this.makeDatabase(this.page);
    if (!this.videos) return;
    const mended = await mendSchema(this.notion, this.report, { source: this.videos, title: titleOf(this.videos), wanted: this.wanted });
    this.videos = mended.source;
    this.names = mended.names;
  }

  /** The data source of the channels, with a row for each. */
  async setUpChannels(): Promise<void> {
    const wanted = channelProperties();
    this.channels = await this.findChannels();
    this.channels ??= await this.report.change(`the data source "${CHANNELS}" in the same database`, () => this.makeChannels(wanted));
    if (this.channels) {
      const { source, names } = await mendSchema(this.notion, this.report, { source: this.channels, title: CHANNELS, wanted });
      this.channels = source;
      for (const { meaning, name } of wanted) {
        const other = names.get(meaning);
        if (other !== undefined && other !== name)
          this.report.problem(`${other} in ${CHANNELS} has to be called ${name}. Rename it in Notion.`);
      }
    }
    const rows = this.channels ? await this.allRows(this.channels) : [];
    for (const { key } of this.wish.channels) if (!rows.includes(key)) await this.addRow(this.channels, CHANNELS, key, () => ({}));
  }

  /** Views of the videos, each unless there is one of its name. */
  async setUpViews(): Promise<void> {
    const views = this.videos ? await this.views(this.videos) : [];
    for (const wanted of VIEWS) {
      const { name, needs } = wanted;
      if (views.some((view) => view.name.trim() === name)) continue;
      if (this.videos && needs.some((property) => !this.names.has(property)))
        this.report.problem(
          `The view "${name}" can be made when ${needs.map((property) => this.wish.names[property]).join(', ')} is mended.`,
        );
      else await this.report.change(`the view "${name}"`, () => this.makeView(this.there(this.videos), wanted, views));
    }
  }

  /** A row to try things with, unless there is a row already, or somebody has thrown this one away. */
  async setUpExample(): Promise<void> {
    if (this.videos && (await this.hasRows(this.videos, { page_size: 1 }))) return;
    if (this.videos && (await this.hasRows(this.videos, { in_trash: true, filter: titleIs(this.videos, EXAMPLE) }))) return;
    const [channel] = this.wish.channels;
    await this.addRow(this.videos, this.title, EXAMPLE, ({ properties }) => ({
      status: { status: { name: statusTitle('draft') } },
      ...(channel && { channel: { select: { name: optionIn(properties[this.names.get('channel') ?? ''], channel) } } }),
      topic: { rich_text: text('How animals of the deep sea make light, and for whom.') },
      story_direction: { rich_text: text('Begin in the dark; end with the largest light show on Earth.') },
      priority: { select: { name: priorityTitle('normal') } },
    }));
  }

  private async makeDatabase({ id, title: pageTitle }: { id: string; title: string }): Promise<DataSource | null> {
    const made = await this.report.change(
      `the database "${this.title}" in the page "${pageTitle}", with ${this.wanted.length} properties`,
      () =>
        this.notion.write(
          async (client) => {
            const database = await client.databases.create({
              parent: { type: 'page_id', page_id: id },
              title: text(this.title),
              initial_data_source: { properties: configurationsOf(this.wanted) },
            });
            const [source] = isFullDatabase(database) ? database.data_sources : [];
            return source ? sourceAt(this.notion, source.id) : madeIn(this.notion, id, this.title);
          },
          () => madeIn(this.notion, id, this.title),
        ),
    );
    this.isNew = made !== null;
    return made;
  }

  private async findChannels(): Promise<DataSource | null> {
    const { channelsId } = this.wish;
    const known = channelsId ? await sourceAt(this.notion, channelsId) : null;
    if (known ?? !this.videos) return known;
    const sources = (await sourcesOf(this.notion, databaseOf(this.there(this.videos)))) ?? [];
    return sources.find(({ properties }) => isOfChannels(properties)) ?? null;
  }

  private makeChannels(wanted: readonly WantedProperty[]): Promise<DataSource | null> {
    const parent = { type: 'database_id' as const, database_id: databaseOf(this.there(this.videos)) };
    return this.notion.write(
      async (client) => {
        const { id } = await client.dataSources.create({ parent, title: text(CHANNELS), properties: configurationsOf(wanted) });
        return sourceAt(this.notion, id);
      },
      () => this.findChannels(),
    );
  }

  private async makeView(source: DataSource, { name, settings }: (typeof VIEWS)[number], views: readonly View[]): Promise<void> {
    const look = async () => (await this.views(source)).find((view) => view.name === name) ?? null;
    const [only] = views;
    // What a new data source comes with shows everything, under a name that says nothing.
    if (this.isNew && name === EVERYTHING && only && views.length === 1)
      await this.notion.write((client) => client.views.update({ view_id: only.id, name }), look);
    else {
      const view = { data_source_id: source.id, database_id: databaseOf(source), name, ...settings(idsIn(source, this.names)) };
      await this.notion.write((client) => client.views.create(view), look);
    }
  }

  private async views(source: DataSource): Promise<View[]> {
    const { results } = await this.notion.read((client) => client.views.list({ data_source_id: source.id, page_size: 100 }));
    const views: View[] = [];
    for (const { id } of results) {
      const view = await this.notion.read((client) => client.views.retrieve({ view_id: id }));
      if (isFullView(view)) views.push({ id, name: view.name });
    }
    return views;
  }

  /** @param values what stands in the row besides its title, by the meaning of the properties */
  private async addRow(
    source: DataSource | null,
    where: string,
    title: string,
    values: (source: DataSource) => Partial<Record<RowProperty, Values[string]>>,
  ): Promise<void> {
    await this.report.change(`the row "${title}" in "${where}"`, async () => {
      const there = this.there(source);
      const named = Object.entries(values(there)).flatMap(([meaning, value]) => {
        const name = this.names.get(meaning);
        return name === undefined ? [] : [[name, value] as const];
      });
      const properties: Values = { [titleName(there)]: { title: text(title) }, ...Object.fromEntries(named) };
      await this.notion.write(
        (client) => client.pages.create({ parent: { data_source_id: there.id }, properties }),
        async () => ((await this.hasRows(there, { filter: titleIs(there, title) })) ? true : null),
      );
    });
  }

  private async hasRows({ id }: DataSource, query: Query): Promise<boolean> {
    return (await this.notion.read((client) => client.dataSources.query({ data_source_id: id, ...query }))).results.length > 0;
  }

  /** The titles of all rows. */
  private async allRows({ id }: DataSource): Promise<string[]> {
    const titles: string[] = [];
    for await (const row of this.notion.each((client, page) => client.dataSources.query({ data_source_id: id, ...page })))
      if (isFullPage(row)) titles.push(titleOf(row));
    return titles;
  }

  /** What was made by now; only in a dry run it was not, and there nobody asks. */
  private there(source: DataSource | null): DataSource {
    if (!source) throw new Error('The data source was not made');
    return source;
  }
}

interface View {
  id: string;
  name: string;
}

const text = (content: string) => [{ text: { content } }];

function databaseOf({ parent }: DataSource): string {
  return parent.database_id;
}

function titleName({ properties }: DataSource): string {
  return Object.values(properties).find(({ type }) => type === 'title')?.name ?? 'title';
}

const titleIs = (source: DataSource, title: string) => ({ property: titleName(source), title: { equals: title } });
