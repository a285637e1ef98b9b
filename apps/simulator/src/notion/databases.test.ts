import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROW_PROPERTIES, STATUSES, statusTitle } from '#pipeline';
import { CHANNEL_PROPERTIES } from '#providers/notion';
import {
  isFullDataSource,
  isFullDatabase,
  isFullPage,
  type CreateDatabaseParameters,
  type UpdateDataSourceParameters,
} from '@notionhq/client';
import { startNotion, words, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { BOT_ID, CHANNELS_DATA_SOURCE_ID, DATABASE_ID, DATA_SOURCE_ID, ROOT_PAGE_ID } from './content/ids.js';

let workspace: SimulatedNotion;
beforeAll(async () => (workspace = await startNotion()));
afterAll(() => workspace.close());

type Properties = NonNullable<NonNullable<CreateDatabaseParameters['initial_data_source']>['properties']>;

async function sourceOf(id: string) {
  const source = await workspace.notion.dataSources.retrieve({ data_source_id: id });
  if (!isFullDataSource(source)) throw new Error('half a data source');
  return source;
}
async function databaseOf(properties: Properties): Promise<{ id: string; sourceId: string }> {
  const parent = { type: 'page_id' as const, page_id: ROOT_PAGE_ID };
  const database = await workspace.notion.databases.create({ parent, title: words('Reels'), initial_data_source: { properties } });
  if (!isFullDatabase(database)) throw new Error('half a database');
  return { id: database.id, sourceId: database.data_sources[0]?.id ?? '' };
}
const change = (id: string, properties: NonNullable<UpdateDataSourceParameters['properties']>) =>
  workspace.notion.dataSources.update({ data_source_id: id, properties });

describe('the workspace', () => {
  it('begins with a page, one database in it, and two data sources in that', async () => {
    const database = await workspace.notion.databases.retrieve({ database_id: DATABASE_ID });
    expect(database).toMatchObject({
      parent: { type: 'page_id', page_id: ROOT_PAGE_ID },
      data_sources: [
        { id: DATA_SOURCE_ID, name: 'Videos' },
        { id: CHANNELS_DATA_SOURCE_ID, name: 'Channels' },
      ],
    });
    const videos = await sourceOf(DATA_SOURCE_ID);
    expect(Object.entries(videos.properties).map(([name, { type }]) => [name, type])).toEqual(
      Object.values(ROW_PROPERTIES).map(({ name, kind }) => [name, kind]),
    );
    const status = videos.properties[ROW_PROPERTIES.status.name];
    expect(status?.type === 'status' && status.status.options.map(({ name }) => name)).toEqual(STATUSES.map(statusTitle));
    const channels = await sourceOf(CHANNELS_DATA_SOURCE_ID);
    expect(Object.keys(channels.properties)).toEqual(Object.values(CHANNEL_PROPERTIES).map(({ name }) => name));
    const { results } = await workspace.notion.blocks.children.list({ block_id: ROOT_PAGE_ID });
    expect(results[0]).toMatchObject({ id: DATABASE_ID, type: 'child_database', child_database: { title: 'Videos' } });
  });
});

describe('a database', () => {
  it('is made with any schema; its rows know both their data source and it', async () => {
    const { id, sourceId } = await databaseOf({
      Reel: { title: {} },
      State: { status: { options: [{ name: 'Open', color: 'red' }, { name: 'Shut' }] } },
      Length: { number: { format: 'dollar' } },
    });
    expect(await sourceOf(sourceId)).toMatchObject({
      parent: { type: 'database_id', database_id: id },
      created_by: { id: BOT_ID },
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
        Length: { number: { format: 'dollar' } },
      },
    });
    const page = await workspace.notion.pages.create({
      parent: { data_source_id: sourceId },
      properties: { Reel: { title: words('One') }, State: { status: { name: 'Open' } }, Length: { number: 3 } },
    });
    if (!isFullPage(page)) throw new Error('half a page');
    expect(page.parent).toEqual({ type: 'data_source_id', data_source_id: sourceId, database_id: id });
    const found = await workspace.notion.dataSources.query({ data_source_id: sourceId });
    expect(found.results.map((row) => row.id)).toEqual([page.id]);
  });

  it('can have several data sources; then a row needs to say which', async () => {
    const { id, sourceId } = await databaseOf({ Name: { title: {} } });
    const first = await workspace.notion.pages.create({ parent: { database_id: id }, properties: {} });
    expect(first).toMatchObject({ parent: { data_source_id: sourceId } });
    const parent = { type: 'database_id' as const, database_id: id };
    const second = await workspace.notion.dataSources.create({ parent, title: words('Others'), properties: { Key: { title: {} } } });
    expect(await workspace.notion.databases.retrieve({ database_id: id })).toMatchObject({
      data_sources: [
        { id: sourceId, name: 'Reels' },
        { id: second.id, name: 'Others' },
      ],
    });
    await expect(workspace.notion.pages.create({ parent: { database_id: id }, properties: {} })).rejects.toMatchObject({
      code: 'validation_error',
    });
  });

  it('can be renamed and put into the trash, and has one title property', async () => {
    const { id } = await databaseOf({ Name: { title: {} } });
    const icon = { type: 'emoji' as const, emoji: '🎬' };
    const renamed = await workspace.notion.databases.update({ database_id: id, title: words('Clips'), is_locked: true, icon });
    expect(renamed).toMatchObject({ title: [{ plain_text: 'Clips' }], is_locked: true, icon });
    expect(await workspace.notion.databases.update({ database_id: id, in_trash: true })).toMatchObject({ in_trash: true });
    await expect(databaseOf({ Length: { number: {} } })).rejects.toMatchObject({ message: 'Title is not provided' });
    await expect(databaseOf({ One: { title: {} }, Two: { title: {} } })).rejects.toMatchObject({ code: 'validation_error' });
  });
});

describe("a data source's schema", () => {
  it('has ids that an address can hold only when they are encoded; names, ids and encoded ids all stand for the property', async () => {
    const { sourceId } = await databaseOf({ Name: { title: {} }, Note: { rich_text: {} } });
    const { id = '' } = (await sourceOf(sourceId)).properties.Note ?? {};
    expect(id).toMatch(/^[A-Za-z]{3}%[0-9A-F]{2}$/);
    const { id: page } = await workspace.notion.pages.create({ parent: { data_source_id: sourceId }, properties: {} });
    for (const key of ['Note', id, decodeURIComponent(id)]) {
      const updated = await workspace.notion.pages.update({ page_id: page, properties: { [key]: { rich_text: words(key) } } });
      expect(updated).toMatchObject({ properties: { Note: { id, rich_text: [{ plain_text: key }] } } });
      expect(await workspace.notion.pages.retrieve({ page_id: page, filter_properties: [key] })).toMatchObject({
        properties: { Note: { id } },
      });
    }
    expect(await workspace.notion.pages.properties.retrieve({ page_id: page, property_id: id })).toMatchObject({
      object: 'list',
      results: [{ id, type: 'rich_text' }],
    });
  });

  it('is added to, renamed and taken from; values stay with their properties', async () => {
    const { sourceId } = await databaseOf({ Name: { title: {} }, Note: { rich_text: {} }, Old: { url: {} } });
    const parent = { data_source_id: sourceId };
    const { id } = await workspace.notion.pages.create({
      parent,
      properties: { Note: { rich_text: words('kept') }, Old: { url: 'https://a' } },
    });
    const changed = await change(sourceId, { Note: { name: 'Remark' }, Old: null, Count: { number: {} } });
    expect(isFullDataSource(changed) && Object.keys(changed.properties)).toEqual(['Name', 'Remark', 'Count']);
    expect(await workspace.notion.pages.retrieve({ page_id: id })).toMatchObject({
      properties: { Remark: { rich_text: [{ plain_text: 'kept' }] }, Count: { number: null } },
    });
    await expect(change(sourceId, { Name: null })).rejects.toMatchObject({ code: 'validation_error' });
    await expect(change(sourceId, { Gone: null })).rejects.toMatchObject({ message: 'Gone is not a property that exists.' });
  });

  it('takes options in whole: what is left out goes, also from the rows; names and colors that exist stay', async () => {
    const { sourceId } = await databaseOf({
      Name: { title: {} },
      State: {
        status: {
          options: [
            { name: 'Open', color: 'red' },
            { name: 'Shut', color: 'blue' },
          ],
        },
      },
    });
    const parent = { data_source_id: sourceId };
    const { id } = await workspace.notion.pages.create({ parent, properties: { State: { status: { name: 'Shut' } } } });
    const before = (await sourceOf(sourceId)).properties.State;
    const [open] = before?.type === 'status' ? before.status.options : [];
    await change(sourceId, { State: { status: { options: [{ id: open?.id ?? '' }, { name: 'Lost', color: 'pink' }] } } });
    const after = (await sourceOf(sourceId)).properties.State;
    expect(after?.type === 'status' && after.status.options).toMatchObject([open, { name: 'Lost', color: 'pink' }]);
    // However they are grouped, statuses that come through the API are all to do.
    expect(after?.type === 'status' && after.status.groups.map(({ option_ids }) => option_ids.length)).toEqual([2, 0, 0]);
    expect(await workspace.notion.pages.retrieve({ page_id: id })).toMatchObject({ properties: { State: { status: null } } });
    await expect(change(sourceId, { State: { status: { options: [{ name: 'Open', color: 'green' }] } } })).rejects.toMatchObject({
      message: 'Cannot update color of status with name: Open.',
    });
    // All of a change or none of it.
    await expect(change(sourceId, { Fresh: { checkbox: {} }, State: { status: { options: [{ id: 'unknown' }] } } })).rejects.toThrow();
    expect(Object.keys((await sourceOf(sourceId)).properties)).toEqual(['Name', 'State']);
  });

  it('that is given no statuses has the three that Notion gives', async () => {
    const { sourceId } = await databaseOf({ Name: { title: {} }, State: { status: {} } });
    const state = (await sourceOf(sourceId)).properties.State;
    expect(state?.type === 'status' && state.status.options.map(({ name }) => name)).toEqual(['Not started', 'In progress', 'Done']);
    expect(state?.type === 'status' && state.status.groups.map(({ name, option_ids }) => [name, option_ids.length])).toEqual([
      ['To-do', 1],
      ['In progress', 1],
      ['Complete', 1],
    ]);
  });
});

describe('a view', () => {
  it('comes with every data source, and is made, listed, changed and deleted', async () => {
    const { id, sourceId } = await databaseOf({ Name: { title: {} }, State: { status: {} }, Note: { rich_text: {} } });
    const { views } = workspace.notion;
    const first = await views.list({ data_source_id: sourceId });
    expect(first.results).toHaveLength(1);
    const board = await views.create({
      database_id: id,
      data_source_id: sourceId,
      name: 'By state',
      type: 'board',
      filter: { property: 'State', status: { does_not_equal: 'Done' } } as never,
      sorts: [{ property: 'Name', direction: 'ascending' }] as never,
      configuration: {
        type: 'board',
        group_by: { type: 'status', property_id: 'State', group_by: 'option', sort: { type: 'manual' } },
        properties: [{ property_id: 'Note', visible: true }],
      },
    });
    const { id: stateId } = (await sourceOf(sourceId)).properties.State ?? {};
    expect(await views.retrieve({ view_id: board.id })).toMatchObject({
      name: 'By state',
      type: 'board',
      data_source_id: sourceId,
      filter: { property: 'State' },
      configuration: { group_by: { property_id: stateId, property_name: 'State' } },
    });
    expect((await views.list({ database_id: id })).results.map((view) => view.id)).toEqual([first.results[0]?.id, board.id]);
    await views.update({ view_id: board.id, name: 'States' });
    expect(await views.retrieve({ view_id: board.id })).toMatchObject({ name: 'States', configuration: { type: 'board' } });
    await views.delete({ view_id: board.id });
    await expect(views.retrieve({ view_id: board.id })).rejects.toMatchObject({ code: 'object_not_found' });
  });

  it('is not made of properties that are not there, or not of that kind', async () => {
    const { sourceId } = await databaseOf({ Name: { title: {} }, Note: { rich_text: {} } });
    const grouped = (property_id: string) =>
      workspace.notion.views.create({
        data_source_id: sourceId,
        name: 'Board',
        type: 'board',
        configuration: { type: 'board', group_by: { type: 'status', property_id, group_by: 'option', sort: { type: 'manual' } } },
      });
    for (const name of ['Gone', 'Note']) await expect(grouped(name)).rejects.toMatchObject({ code: 'validation_error' });
    await expect(workspace.notion.views.create({ data_source_id: sourceId, name: 'Board', type: 'board' })).rejects.toMatchObject({
      code: 'validation_error',
    });
    await expect(workspace.notion.views.list({})).rejects.toMatchObject({ code: 'validation_error' });
  });
});
