import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isFullDataSource, isFullPage, type UpdatePageParameters } from '@notionhq/client';
import { startNotion, words, type ShownRow, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { BOT_ID, DATA_SOURCE_ID, PERSON_ID, ROOT_PAGE_ID } from './content/ids.js';

let workspace: SimulatedNotion;
beforeAll(async () => (workspace = await startNotion()));
afterAll(() => workspace.close());
afterEach(() => workspace.person('PUT', '', {}));

type Properties = NonNullable<UpdatePageParameters['properties']>;
const parent = { data_source_id: DATA_SOURCE_ID };
const addRow = async (title = 'A row') => (await workspace.person<ShownRow>('POST', 'rows', { title })).id;
const write = (id: string, properties: Properties) => workspace.notion.pages.update({ page_id: id, properties });
async function read(id: string) {
  const page = await workspace.notion.pages.retrieve({ page_id: id });
  if (!isFullPage(page)) throw new Error('half a page');
  return page;
}
const refused = (message: string) => ({ status: 400, code: 'validation_error', message });

describe("a row's properties", () => {
  it('take what fits their type, say it back, and are emptied by null', async () => {
    const source = await workspace.notion.dataSources.create({
      parent: { type: 'database_id', database_id: await sourceParent() },
      title: words('Everything'),
      properties: {
        Title: { title: {} },
        Text: { rich_text: {} },
        Number: { number: {} },
        Box: { checkbox: {} },
        Choice: { select: { options: [] } },
        Choices: { multi_select: { options: [] } },
        State: { status: {} },
        Link: { url: {} },
        Mail: { email: {} },
        Phone: { phone_number: {} },
        Day: { date: {} },
        People: { people: {} },
        Others: { relation: { data_source_id: DATA_SOURCE_ID, single_property: {} } },
        Files: { files: {} },
        Made: { created_time: {} },
        Editor: { last_edited_by: {} },
        Number2: { unique_id: { prefix: 'ROW' } },
      },
    });
    const other = await addRow();
    const { id } = await workspace.notion.pages.create({ parent: { data_source_id: source.id }, properties: {} });
    const written = {
      Title: { title: words('T') },
      Text: { rich_text: [{ text: { content: 'see', link: { url: 'https://a.example' } }, annotations: { bold: true } }] },
      Number: { number: 1.5 },
      Box: { checkbox: true },
      Choice: { select: { name: 'New' } },
      Choices: { multi_select: [{ name: 'one' }, { name: 'two' }] },
      State: { status: { name: 'Done' } },
      Link: { url: 'https://b.example' },
      Mail: { email: 'a@b.example' },
      Phone: { phone_number: '1' },
      Day: { date: { start: '2026-11-20' } },
      People: { people: [{ id: PERSON_ID }] },
      Others: { relation: [{ id: other }] },
      Files: { files: [{ name: 'cat', external: { url: 'https://c.example/cat.png' } }] },
    };
    await write(id, written);
    const { properties } = await read(id);
    expect(properties).toMatchObject({
      Title: { id: 'title', title: [{ plain_text: 'T', type: 'text' }] },
      Text: { rich_text: [{ plain_text: 'see', href: 'https://a.example', annotations: { bold: true, italic: false } }] },
      Number: { number: 1.5 },
      Box: { checkbox: true },
      Choice: { select: { name: 'New', color: 'default' } },
      Choices: { multi_select: [{ name: 'one' }, { name: 'two' }] },
      State: { status: { name: 'Done', color: 'green' } },
      Link: { url: 'https://b.example' },
      Mail: { email: 'a@b.example' },
      Phone: { phone_number: '1' },
      Day: { date: { start: '2026-11-20', end: null } },
      People: { people: [{ object: 'user', id: PERSON_ID }] },
      Others: { relation: [{ id: other }] },
      Files: { files: [{ name: 'cat', type: 'external', external: { url: 'https://c.example/cat.png' } }] },
      Made: { created_time: expect.stringMatching(/:00\.000Z$/) as unknown },
      Editor: { last_edited_by: { id: BOT_ID } },
      Number2: { unique_id: { prefix: 'ROW', number: 1 } },
    });
    await write(id, {
      Number: { number: null },
      Choice: { select: null },
      State: { status: null },
      Link: { url: null },
      Files: { files: [] },
    });
    expect((await read(id)).properties).toMatchObject({
      Number: { number: null },
      Choice: { select: null },
      State: { status: null },
      Link: { url: null },
      Files: { files: [] },
      Text: { rich_text: [{ plain_text: 'see' }] },
    });
  });

  it('gain an option of a select that is named for the first time, but never a status', async () => {
    const id = await addRow();
    await write(id, { Channel: { select: { name: 'north' } } });
    const source = await workspace.notion.dataSources.retrieve({ data_source_id: DATA_SOURCE_ID });
    const channel = isFullDataSource(source) ? source.properties.Channel : undefined;
    const [option] = channel?.type === 'select' ? channel.select.options : [];
    expect(option?.name).toBe('north');
    await write(id, { Channel: { select: { id: option?.id ?? '' } } });
    await expect(write(id, { Status: { status: { name: 'Nearly done' } } })).rejects.toMatchObject(
      refused('Invalid status option. Status option "Nearly done" does not exist".'),
    );
    await expect(write(id, { Channel: { select: { name: 'a, b' } } })).rejects.toMatchObject({ code: 'validation_error' });
    await expect(write(id, { Channel: { select: { name: 'north', color: 'red' } } })).rejects.toMatchObject(
      refused("Select option color doesn't match existing"),
    );
  });

  it('that are wrong change nothing: neither others of the request nor the options', async () => {
    const id = await addRow();
    const bad = { Channel: { select: { name: 'never' } }, Priority: { select: { name: 'Low' } }, Gone: { number: 1 } };
    await expect(write(id, bad)).rejects.toMatchObject(refused('Gone is not a property that exists.'));
    await expect(write(id, { Cost: { rich_text: words('1') } })).rejects.toMatchObject(refused('Cost is expected to be number.'));
    expect((await read(id)).properties).toMatchObject({ Priority: { select: null } });
    const source = await workspace.notion.dataSources.retrieve({ data_source_id: DATA_SOURCE_ID });
    expect(JSON.stringify(source)).not.toContain('never');
  });
});

describe('what is too much', () => {
  it.each<[string, Properties, string]>([
    [
      'text',
      { Error: { rich_text: [...words('a'), ...words('x'.repeat(2_001))] } },
      'body failed validation: body.properties.Error.rich_text[1].text.content.length should be ≤ `2000`, instead was `2001`.',
    ],
    [
      'pieces',
      { Error: { rich_text: Array.from({ length: 101 }, () => ({ text: { content: 'x' } })) } },
      'body failed validation: body.properties.Error.rich_text.length should be ≤ `100`, instead was `101`.',
    ],
    [
      'address',
      { 'YouTube URL': { url: 'x'.repeat(2_001) } },
      'body failed validation: body.properties.YouTube URL.url.length should be ≤ `2000`, instead was `2001`.',
    ],
    [
      'link',
      { Error: { rich_text: [{ text: { content: 'x', link: { url: 'x'.repeat(2_001) } } }] } },
      'body failed validation: body.properties.Error.rich_text[0].text.link.url.length should be ≤ `2000`, instead was `2001`.',
    ],
  ])('%s is refused in the words of Notion', async (_, properties, message) => {
    await expect(write(await addRow(), properties)).rejects.toMatchObject(refused(message));
  });

  it('a body of more than 500 KB is refused', async () => {
    const pieces = Array.from({ length: 100 }, () => ({ text: { content: '€'.repeat(2_000) } }));
    await expect(write(await addRow(), { Error: { rich_text: pieces } })).rejects.toMatchObject({ status: 400, code: 'validation_error' });
  });

  it('all of a property that may be is taken', async () => {
    const id = await addRow();
    await write(id, { Error: { rich_text: Array.from({ length: 100 }, () => ({ text: { content: 'x'.repeat(2_000) } })) } });
    const [row] = (await workspace.person<ShownRow[]>('GET', 'rows')).filter((one) => one.id === id);
    expect(row?.error).toHaveLength(200_000);
  });
});

describe('a page', () => {
  it('says who edited it last, and when: to the minute, unless somebody wants it exact', async () => {
    const id = await addRow();
    expect(await read(id)).toMatchObject({ created_by: { id: PERSON_ID }, last_edited_by: { id: PERSON_ID } });
    await write(id, { Progress: { rich_text: words('1/3') } });
    const page = await read(id);
    expect(page.last_edited_by.id).toBe(BOT_ID);
    expect(page.last_edited_time).toMatch(/:00\.000Z$/);
    await workspace.person('PATCH', `rows/${id}`, { redo: 'images 3', person: { name: 'Ada' } });
    const row = await workspace.person<ShownRow>('GET', `rows/${id}`);
    expect(row.edited_by).toMatchObject({ type: 'person', name: 'Ada' });
    expect((await read(id)).last_edited_by.id).toBe(row.edited_by.id);
    const second = await workspace.connect({ auth: 'simulated-second' }).pages.update({ page_id: id, is_locked: true });
    expect(isFullPage(second) && [BOT_ID, row.edited_by.id].includes(second.last_edited_by.id)).toBe(false);
    await workspace.person('PUT', '', { minute_times: false });
    expect(Math.abs(Date.now() - Date.parse((await read(id)).last_edited_time))).toBeLessThan(5_000);
  });

  it('goes into the trash and comes back; there it cannot be written, and no query finds it', async () => {
    const id = await addRow('Trash');
    await workspace.notion.pages.update({ page_id: id, in_trash: true });
    expect((await read(id)).in_trash).toBe(true);
    await expect(write(id, { Error: { rich_text: [] } })).rejects.toMatchObject({ code: 'validation_error' });
    const find = async (in_trash: boolean) =>
      (await workspace.notion.dataSources.query({ data_source_id: DATA_SOURCE_ID, in_trash })).results.some((row) => row.id === id);
    expect([await find(false), await find(true)]).toEqual([false, true]);
    await workspace.person('PATCH', `rows/${id}`, { in_trash: false });
    expect([await find(false), await find(true)]).toEqual([true, false]);
  });

  it('can stand in another page, or have blocks from the start', async () => {
    const made = await workspace.notion.pages.create({
      parent: { page_id: ROOT_PAGE_ID },
      properties: { title: { title: words('Notes') } },
      children: [{ paragraph: { rich_text: words('Hello') } }],
    });
    expect(made).toMatchObject({
      parent: { type: 'page_id', page_id: ROOT_PAGE_ID },
      properties: { title: { title: [{ plain_text: 'Notes' }] } },
    });
    const above = await workspace.notion.blocks.children.list({ block_id: ROOT_PAGE_ID });
    expect(above.results).toMatchObject([{ type: 'child_page', id: made.id, child_page: { title: 'Notes' } }, { type: 'child_database' }]);
    const { results } = await workspace.notion.blocks.children.list({ block_id: made.id });
    expect(results).toMatchObject([{ type: 'paragraph', paragraph: { rich_text: [{ plain_text: 'Hello' }] } }]);
    await workspace.notion.pages.update({ page_id: made.id, erase_content: true });
    expect((await workspace.notion.blocks.children.list({ block_id: made.id })).results).toEqual([]);
  });

  it('is refused what the simulator does not do, instead of being made without it', async () => {
    await expect(workspace.notion.pages.create({ parent, properties: {}, markdown: '# Hi' })).rejects.toMatchObject({
      message: 'body failed validation: body.markdown should be not present, instead was `"# Hi"`.',
    });
  });
});

async function sourceParent(): Promise<string> {
  const source = await workspace.notion.dataSources.retrieve({ data_source_id: DATA_SOURCE_ID });
  return isFullDataSource(source) && source.parent.type === 'database_id' ? source.parent.database_id : '';
}
