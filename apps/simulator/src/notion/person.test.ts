import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNotion, words, type ShownRow, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { BOT_ID, CHANNELS_DATA_SOURCE_ID, DATABASE_ID, DATA_SOURCE_ID, PERSON_ID } from './content/ids.js';

let workspace: SimulatedNotion;
beforeAll(async () => (workspace = await startNotion()));
afterAll(() => workspace.close());

const add = (row: object) => workspace.person<ShownRow>('POST', 'rows', row);
const change = (id: string, row: object) => workspace.person<ShownRow>('PATCH', `rows/${id}`, row);

describe('a row', () => {
  it('is filled in and read in plain words, empty ones as null', async () => {
    const { id } = await add({
      title: 'Owl',
      channel: 'north',
      topic: 'Owls',
      story_direction: 'Up',
      priority: 'Low',
      status: 'Draft',
      body: '# Script\nOnce.',
    });
    await change(id, { redo: 'images 3, 7', review_note: 'Too dark', status: 'Queued' });
    await workspace.notion.pages.update({
      page_id: id,
      properties: {
        Progress: { rich_text: words('images 3/9') },
        Cost: { number: 1.25 },
        Estimate: { number: 3.5 },
        Review: { files: [{ name: 'sheet.png', external: { url: 'https://a.example/sheet.png' } }] },
        'YouTube URL': { url: 'https://youtu.be/x' },
      },
    });
    expect(await workspace.person('GET', `rows/${id}`)).toMatchObject({
      id,
      data_source_id: DATA_SOURCE_ID,
      title: 'Owl',
      channel: 'north',
      topic: 'Owls',
      story_direction: 'Up',
      priority: 'Low',
      status: 'Queued',
      redo: 'images 3, 7',
      review_note: 'Too dark',
      progress: 'images 3/9',
      error: null,
      cost: 1.25,
      estimate: 3.5,
      review: [{ name: 'sheet.png', url: 'https://a.example/sheet.png', size: null, sha256: null }],
      url: 'https://youtu.be/x',
      in_trash: false,
      edited_by: { id: BOT_ID, type: 'bot', name: 'ai-video-generator' },
      body: '# Script\nOnce.',
      properties: { Name: 'Owl', 'Story Direction': 'Up', Error: null },
    });
  });

  it('of any data source has its properties by name', async () => {
    const { id } = await add({ data_source_id: CHANNELS_DATA_SOURCE_ID, title: 'tide', properties: { Paused: true, Queued: 3 } });
    expect(await change(id, { properties: { Paused: false, Queued: null } })).toMatchObject({
      title: 'tide',
      status: null,
      properties: { Channel: 'tide', Paused: false, Queued: null },
    });
    const rows = await workspace.person<ShownRow[]>('GET', `rows?data_source_id=${CHANNELS_DATA_SOURCE_ID}`);
    expect(rows.map((row) => row.id)).toEqual([id]);
    expect((await workspace.person<ShownRow[]>('GET', 'rows')).map((row) => row.id)).not.toContain(id);
  });

  it('can be said to be older than it is', async () => {
    const made_at = '2026-01-02T03:04:05.000Z';
    const { id } = await add({ title: 'Old', made_at });
    expect(await workspace.notion.pages.retrieve({ page_id: id })).toMatchObject({
      created_time: '2026-01-02T03:04:00.000Z',
      last_edited_time: '2026-01-02T03:04:00.000Z',
    });
  });

  it('takes nothing that Notion would not let a person type', async () => {
    const { id } = await add({ title: 'Row' });
    await expect(change(id, { status: 'Nearly done' })).rejects.toThrow('Nearly done');
    await expect(change(id, { properties: { Gone: 1 } })).rejects.toThrow('Gone is not a property that exists.');
    await expect(change('5f1f1f1c-0000-4000-8000-000000000000', { redo: 'x' })).rejects.toThrow('404');
    const long = 'x'.repeat(9_000);
    expect((await change(id, { topic: long })).properties.Topic).toBe(long);
  });
});

describe('a person', () => {
  it('changes many rows at once', async () => {
    const rows = [await add({ title: 'One' }), await add({ title: 'Two' }), await add({ title: 'Three' })];
    const ids = rows.slice(0, 2).map(({ id }) => id);
    const changed = await workspace.person<ShownRow[]>('PATCH', 'rows', { ids, status: 'Assets Approved', person: { name: 'Ada' } });
    expect(changed.map(({ id, status, edited_by }) => [id, status, edited_by.name])).toEqual(
      ids.map((id) => [id, 'Assets Approved', 'Ada']),
    );
    expect(await workspace.person('GET', `rows/${rows[2]?.id ?? ''}`)).toMatchObject({ status: null });
    await expect(workspace.person('PATCH', 'rows', { status: 'Draft' })).rejects.toThrow('ids');
  });

  it('is known by id or name, and is the creator when not named', async () => {
    const { id, edited_by } = await add({ title: 'Row' });
    expect(edited_by).toEqual({ id: PERSON_ID, type: 'person', name: 'Creator' });
    const ada = (await change(id, { redo: 'a', person: { name: 'Ada' } })).edited_by;
    const known = { id: '5f1f1f1c-0000-4000-8000-000000000001', name: 'Grace' };
    expect((await change(id, { redo: 'b', person: known })).edited_by).toEqual({ ...known, type: 'person' });
    expect((await change(id, { redo: 'c', person: { name: 'Ada' } })).edited_by).toEqual(ada);
    expect(await workspace.notion.users.retrieve({ user_id: known.id })).toMatchObject({ name: 'Grace', type: 'person' });
  });

  it('sees which databases there are, and what can be chosen in them', async () => {
    const databases = await workspace.person<{ id: string; data_sources: { name: string; properties: object[] }[] }[]>('GET', 'databases');
    expect(databases).toMatchObject([
      { id: DATABASE_ID, title: 'Videos', shared: true, data_sources: [{ name: 'Videos' }, { name: 'Channels' }] },
    ]);
    expect(databases[0]?.data_sources[0]?.properties).toContainEqual({
      name: 'Priority',
      type: 'select',
      options: ['High', 'Normal', 'Low'],
    });
  });
});
