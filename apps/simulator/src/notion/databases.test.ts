import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { STATUSES, statusTitle } from '#pipeline';
import { CHANNEL_PROPERTIES, ROW_PROPERTIES } from '#providers/notion';
import { SIMULATED_KEY } from '#providers/registry';
import { Client, isFullDatabase, isFullDataSource, isFullPage } from '@notionhq/client';
import { startSimulator } from '../main.js';
import { CHANNELS_DATA_SOURCE_ID, DATABASE_ID, DATA_SOURCE_ID, ROOT_PAGE_ID } from './content/ids.js';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let notion: Client;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  notion = new Client({ auth: SIMULATED_KEY, baseUrl: `${simulator.url}/notion`, notionVersion: '2026-03-11', retry: false });
});
afterAll(() => simulator.app.close());

async function sourceOf(id: string) {
  const source = await notion.dataSources.retrieve({ data_source_id: id });
  if (!isFullDataSource(source)) throw new Error('half a data source');
  return source;
}
const title = (content: string) => [{ text: { content } }];

it('the workspace begins with a page, one database in it, and two data sources in that', async () => {
  const database = await notion.databases.retrieve({ database_id: DATABASE_ID });
  if (!isFullDatabase(database)) throw new Error('half a database');
  expect(database.parent).toEqual({ type: 'page_id', page_id: ROOT_PAGE_ID });
  expect(database.data_sources).toEqual([
    { id: DATA_SOURCE_ID, name: 'Videos' },
    { id: CHANNELS_DATA_SOURCE_ID, name: 'Channels' },
  ]);
  const videos = await sourceOf(DATA_SOURCE_ID);
  expect(Object.entries(videos.properties).map(([name, { type }]) => [name, type])).toEqual(
    Object.values(ROW_PROPERTIES).map(({ name, kind }) => [name, kind]),
  );
  const status = videos.properties[ROW_PROPERTIES.status.name];
  expect(status?.type === 'status' && status.status.options.map(({ name }) => name)).toEqual(STATUSES.map(statusTitle));
  const channels = await sourceOf(CHANNELS_DATA_SOURCE_ID);
  expect(Object.keys(channels.properties)).toEqual(Object.values(CHANNEL_PROPERTIES).map(({ name }) => name));
  const { results } = await notion.blocks.children.list({ block_id: ROOT_PAGE_ID });
  expect(results).toEqual([expect.objectContaining({ id: DATABASE_ID, type: 'child_database' })]);
});

it('makes databases of any schema, whose rows live in their data sources', async () => {
  const database = await notion.databases.create({
    parent: { type: 'page_id', page_id: ROOT_PAGE_ID },
    title: title('Reels'),
    initial_data_source: {
      properties: {
        Reel: { title: {} },
        State: { status: { options: [{ name: 'Open', color: 'red' }, { name: 'Shut' }] } },
        Length: { number: { format: 'number' } },
      },
    },
  });
  if (!isFullDatabase(database)) throw new Error('half a database');
  const { id = '' } = database.data_sources[0] ?? {};
  expect(await sourceOf(id)).toMatchObject({
    parent: { type: 'database_id', database_id: database.id },
    properties: {
      State: {
        type: 'status',
        status: {
          options: [
            { name: 'Open', color: 'red' },
            { name: 'Shut', color: 'default' },
          ],
        },
      },
      Length: { number: { format: 'number' } },
    },
  });
  const page = await notion.pages.create({
    parent: { data_source_id: id },
    properties: { Reel: { title: title('One') }, State: { status: { name: 'Open' } }, Length: { number: 3 } },
  });
  if (!isFullPage(page)) throw new Error('half a page');
  expect(page.parent).toEqual({ type: 'data_source_id', data_source_id: id, database_id: database.id });
  const found = await notion.dataSources.query({ data_source_id: id });
  expect(found.results.map((row) => row.id)).toEqual([page.id]);
});
