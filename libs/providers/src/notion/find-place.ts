import { permanent } from '#pipeline';
import {
  extractNotionId,
  isFullDataSource,
  isFullDatabase,
  isFullPage,
  type DataSourceObjectResponse,
  type PageObjectResponse,
  type SearchResponse,
} from '@notionhq/client';
import { HOW_TO_SHARE, type PatientNotion } from './patient-notion.js';
import { isOfChannels, isOfVideos } from './schema.js';

export type DataSource = DataSourceObjectResponse;
type Found = SearchResponse['results'][number];

/** Where videos are kept: in a data source that there is, or in a page in which a database is to be made. */
export type Place = { videos: DataSource } | { page: { id: string; title: string } };

/** What a person says of the place. */
export interface PlaceWish {
  /** Address or id of the page in which a database is to be made, unless it is there. */
  page?: string;
  /** Address or id of a database, or id of a data source. */
  database?: string;
  /** What a new database is called, and a made one is known by. */
  title: string;
  /** Whether a database that has such statuses is the one that is meant when nothing else is said. */
  takesAnyOfVideos: boolean;
}

/** How much is looked through at most; a workspace may hold any number of pages, most of them rows. */
const MOST_SEARCHED = 500;
/** Candidates that are named when there are several. */
const MOST_NAMED = 10;

const problem = (userMessage: string) =>
  permanent({ code: 'NOTION_PLACE_UNCLEAR', message: 'The place is not clear, or not there', userMessage });

/**
 * Finds the place that is meant.
 * @throws Failure whose `userMessage` says what is unclear, or wrong with it
 */
export async function findPlace(notion: PatientNotion, { page, database, title, takesAnyOfVideos }: PlaceWish): Promise<Place> {
  if (page !== undefined) return placeIn(notion, await pageAt(notion, page), title);
  if (database !== undefined) return { videos: await dataSourceAt(notion, database) };
  if (takesAnyOfVideos) {
    const { videos } = await findDataSources(notion);
    const [only, ...others] = videos;
    if (only && others.length === 0) return { videos: only };
    if (only) throw problem(`Several databases are of videos. Say which one, by --database and its id:\n${named(videos)}`);
  }
  const pages = (await search(notion, 'page')).filter(
    (one): one is PageObjectResponse => isFullPage(one) && one.parent.type !== 'data_source_id',
  );
  const [only, ...others] = pages;
  if (!only) throw problem(`The connection sees no page in which a database could be made. ${HOW_TO_SHARE}`);
  if (others.length > 0) throw problem(`In which page shall the database be made? Say so by --page and its id:\n${named(pages)}`);
  return placeIn(notion, only, title);
}

/** The data sources of videos, and those that show channels, that the connection sees. */
export async function findDataSources(notion: PatientNotion): Promise<{ videos: DataSource[]; channels: DataSource[] }> {
  const sources = (await search(notion, 'data_source')).filter((one): one is DataSource => isFullDataSource(one));
  return {
    videos: sources.filter(({ properties }) => isOfVideos(properties)),
    channels: sources.filter(({ properties }) => isOfChannels(properties)),
  };
}

function named(found: readonly (DataSource | PageObjectResponse)[]): string {
  return found
    .slice(0, MOST_NAMED)
    .map((one) => `  ${one.id}  ${titleOf(one)}`)
    .join('\n');
}

export function titleOf(one: DataSource | PageObjectResponse): string {
  const title = isFullPage(one) ? Object.values(one.properties).find(({ type }) => type === 'title') : { title: one.title };
  const pieces = title && 'title' in title ? title.title : [];
  return Array.isArray(pieces) ? pieces.map(({ plain_text }) => plain_text).join('') || 'Untitled' : 'Untitled';
}

async function search(notion: PatientNotion, value: 'page' | 'data_source'): Promise<Found[]> {
  const found: Found[] = [];
  for await (const one of notion.each((client, page) => client.search({ filter: { property: 'object', value }, ...page }))) {
    if (!('in_trash' in one && one.in_trash)) found.push(one);
    if (found.length === MOST_SEARCHED) break;
  }
  return found;
}

function idOf(given: string, option: string): string {
  const id = extractNotionId(given);
  if (!id) throw problem(`${option} is neither a link nor an id of Notion's: ${given}. In Notion, choose ··· > Copy link.`);
  return id;
}

async function pageAt(notion: PatientNotion, given: string): Promise<PageObjectResponse> {
  const id = idOf(given, '--page');
  const page = await notion.find((client) => client.pages.retrieve({ page_id: id }));
  if (page && isFullPage(page)) {
    if (page.in_trash) throw problem(`The page "${titleOf(page)}" is in Notion's trash. Restore it, or choose another one.`);
    return page;
  }
  if (await notion.find((client) => client.databases.retrieve({ database_id: id })))
    throw problem('--page is the link of a database. Use --database to have it repaired, or --page with the page that it is in.');
  throw problem(`Notion does not show the page ${id} to the connection. ${HOW_TO_SHARE}`);
}

/** A database of this name that is in the page already was made by an earlier run. */
async function placeIn(notion: PatientNotion, page: PageObjectResponse, title: string): Promise<Place> {
  const videos = await madeIn(notion, page.id, title);
  return videos ? { videos } : { page: { id: page.id, title: titleOf(page) } };
}

/**
 * The data source of videos of a database of that name in a page; null when there is no such database.
 * @throws Failure when there is a database of that name that is something else
 */
export async function madeIn(notion: PatientNotion, pageId: string, title: string): Promise<DataSource | null> {
  let isTaken = false;
  for await (const block of notion.each((client, page) => client.blocks.children.list({ block_id: pageId, ...page }))) {
    if (!('type' in block) || block.type !== 'child_database' || block.child_database.title !== title) continue;
    const sources = await sourcesOf(notion, block.id);
    const videos = sources?.find(({ properties }) => isOfVideos(properties));
    if (videos) return videos;
    isTaken = true;
  }
  if (isTaken)
    throw problem(
      `The page has a database "${title}" already, without the statuses of videos. Choose another page, or have it made fit by --database and its link.`,
    );
  return null;
}

/** The data sources of a database; null when there is none under this id. */
export async function sourcesOf(notion: PatientNotion, databaseId: string): Promise<DataSource[] | null> {
  const database = await notion.find((client) => client.databases.retrieve({ database_id: databaseId }));
  if (!database || !isFullDatabase(database)) return null;
  if (database.in_trash) throw problem("The database is in Notion's trash. Restore it, or choose another one.");
  const sources: DataSource[] = [];
  for (const { id } of database.data_sources) {
    const source = await sourceAt(notion, id);
    if (source) sources.push(source);
  }
  return sources;
}

/** A data source; null when there is none under this id, or it is not shared. */
export async function sourceAt(notion: PatientNotion, id: string): Promise<DataSource | null> {
  const source = await notion.find((client) => client.dataSources.retrieve({ data_source_id: id }));
  return source && isFullDataSource(source) ? source : null;
}

async function dataSourceAt(notion: PatientNotion, given: string): Promise<DataSource> {
  const id = idOf(given, '--database');
  const source = await sourceAt(notion, id);
  if (source?.in_trash) throw problem("The data source is in Notion's trash. Restore it, or choose another one.");
  if (source) return source;
  const sources = await sourcesOf(notion, id);
  if (!sources) {
    const page = await notion.find((client) => client.pages.retrieve({ page_id: id }));
    if (page) throw problem('--database is the link of a page. Use --page to have a database made in it.');
    throw problem(`Notion does not show the database ${id} to the connection. ${HOW_TO_SHARE}`);
  }
  const certain = sources.filter(({ properties }) => isOfVideos(properties));
  const possible = certain.length > 0 ? certain : sources.filter(({ properties }) => !isOfChannels(properties));
  const [only, ...others] = possible;
  if (only && others.length === 0) return only;
  throw problem(`The database has several data sources. Say which one is of videos, by --database and its id:\n${named(possible)}`);
}
