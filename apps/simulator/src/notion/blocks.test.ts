import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isFullBlock, iteratePaginatedAPI, type BlockObjectRequest } from '@notionhq/client';
import { startNotion, words, type ShownRow, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { BOT_ID } from './content/ids.js';

let workspace: SimulatedNotion;
let page: string;
beforeAll(async () => (workspace = await startNotion()));
beforeEach(async () => (page = (await workspace.person<ShownRow>('POST', 'rows', { title: 'Page', body: '# Script\nOne\nTwo' })).id));
afterEach(() => workspace.person('PUT', '', {}));
afterAll(() => workspace.close());

const line = (content: string) => ({ paragraph: { rich_text: words(content) } }) satisfies BlockObjectRequest;
const append = (children: BlockObjectRequest[], more: object = {}) =>
  workspace.notion.blocks.children.append({ block_id: page, children, ...more });
const lines = async () => (await workspace.person<{ body: string }>('GET', `rows/${page}`)).body.split('\n');

describe('what stands in a page', () => {
  it('is read a hundred blocks at a time', async () => {
    await append(Array.from({ length: 100 }, (_, index) => line(`Line ${index}`)));
    const first = await workspace.notion.blocks.children.list({ block_id: page });
    expect([first.results.length, first.has_more]).toEqual([100, true]);
    const all: string[] = [];
    for await (const block of iteratePaginatedAPI(workspace.notion.blocks.children.list, { block_id: page, page_size: 40 }))
      all.push(block.id);
    expect(new Set(all).size).toBe(103);
    expect(all.slice(0, 100)).toEqual(first.results.map(({ id }) => id));
  });

  it('is added at the end, at the start, or after a block', async () => {
    const { results } = await append([line('Three')]);
    await append([line('Zero')], { position: { type: 'start' } });
    const [, , one] = (await workspace.notion.blocks.children.list({ block_id: page })).results;
    await append([line('One and a half')], { position: { type: 'after_block', after_block: { id: one?.id ?? '' } } });
    expect(await lines()).toEqual(['Zero', '# Script', 'One', 'One and a half', 'Two', 'Three']);
    expect(results[0] && (await workspace.notion.blocks.retrieve({ block_id: results[0].id }))).toMatchObject({
      type: 'paragraph',
      parent: { type: 'page_id', page_id: page },
      created_by: { id: BOT_ID },
      has_children: false,
      in_trash: false,
    });
  });

  it('is placed by `after` in the old version, by `position` in the new one', async () => {
    const [first] = (await workspace.notion.blocks.children.list({ block_id: page })).results;
    const path = `blocks/${page}/children`;
    const at = async (version: string, more: object) => {
      const answer = await workspace.raw('PATCH', path, {
        body: { children: [line('Here')], ...more },
        headers: { 'notion-version': version },
      });
      return [answer.status, ((await answer.json()) as { message?: string }).message];
    };
    const [after, position] = [{ after: first?.id }, { position: { type: 'start' } }];
    expect(await at('2025-09-03', after)).toEqual([200, undefined]);
    expect(await lines()).toEqual(['# Script', 'Here', 'One', 'Two']);
    expect(await at('2026-03-11', position)).toEqual([200, undefined]);
    expect(await at('2026-03-11', after)).toEqual([400, expect.stringContaining('body.after should be not present') as unknown]);
    expect(await at('2025-09-03', position)).toEqual([400, expect.stringContaining('body.position should be not present') as unknown]);
  });

  it('is changed, put into the trash and taken out of it', async () => {
    const [, one] = (await workspace.notion.blocks.children.list({ block_id: page })).results;
    const id = one?.id ?? '';
    await workspace.notion.blocks.update({ block_id: id, paragraph: { rich_text: words('Uno') } });
    expect(await lines()).toEqual(['# Script', 'Uno', 'Two']);
    expect(await workspace.notion.blocks.delete({ block_id: id })).toMatchObject({ id, in_trash: true });
    expect(await lines()).toEqual(['# Script', 'Two']);
    await workspace.notion.blocks.update({ block_id: id, in_trash: false });
    expect(await lines()).toEqual(['# Script', 'Uno', 'Two']);
    await workspace.notion.blocks.delete({ block_id: page });
    expect(await workspace.notion.pages.retrieve({ page_id: page })).toMatchObject({ in_trash: true });
    await expect(append([line('Too late')])).rejects.toMatchObject({ code: 'validation_error' });
  });

  it('may be of many kinds, and stand under each other', async () => {
    const children: BlockObjectRequest[] = [
      { heading_2: { rich_text: words('Links'), color: 'red' } },
      { to_do: { rich_text: words('Look'), checked: true } },
      { code: { rich_text: words('{}'), language: 'json' } },
      { divider: {} },
      { bookmark: { url: 'https://a.example', caption: words('A') } },
      { image: { external: { url: 'https://a.example/a.png' }, caption: words('An image') } },
      { toggle: { rich_text: words('More'), children: [{ bulleted_list_item: { rich_text: words('b'), children: [line('deep')] } }] } },
    ];
    const { results } = await append(children);
    expect(results).toMatchObject([
      { heading_2: { rich_text: [{ plain_text: 'Links' }], color: 'red' } },
      { to_do: { checked: true } },
      { code: { language: 'json' } },
      { divider: {} },
      { bookmark: { url: 'https://a.example', caption: [{ plain_text: 'A' }] } },
      { image: { type: 'external', external: { url: 'https://a.example/a.png' }, caption: [{ plain_text: 'An image' }] } },
      { type: 'toggle', has_children: true },
    ]);
    const toggle = results.at(-1)?.id ?? '';
    const [item] = (await workspace.notion.blocks.children.list({ block_id: toggle })).results;
    expect(item && isFullBlock(item) && [item.type, item.has_children, item.parent]).toEqual([
      'bulleted_list_item',
      true,
      { type: 'block_id', block_id: toggle },
    ]);
    expect((await lines()).slice(-3)).toEqual(['More', 'b', 'deep']);
  });
});

it('a file that was uploaded is shown in the page, and looks as they were given', async () => {
  const { id } = await workspace.notion.fileUploads.create({ filename: 'cat.png', content_type: 'image/png' });
  await workspace.notion.fileUploads.send({ file_upload_id: id, file: { data: new Blob(['meow'], { type: 'image/png' }) } });
  await append([{ image: { file_upload: { id } } }]);
  const { body_files } = await workspace.person<{ body_files: object[] }>('GET', `rows/${page}`);
  expect(body_files).toMatchObject([{ name: 'cat.png', size: 4 }]);
  const emoji = { type: 'emoji' as const, emoji: '🦉' };
  const looks = await workspace.notion.pages.update({ page_id: page, icon: emoji, cover: { file_upload: { id } } });
  expect(looks).toMatchObject({ icon: emoji, cover: { type: 'file', file: { url: expect.stringContaining(id) as unknown } } });
  expect(await workspace.notion.pages.update({ page_id: page, icon: null })).toMatchObject({ icon: null, cover: { type: 'file' } });
});

describe('what is too much', () => {
  const nested = (depth: number): object => ({
    paragraph: { rich_text: [], ...(depth > 0 && { children: [nested(depth - 1)] }) },
  });
  const many = Array.from({ length: 100 }, () => ({ paragraph: { rich_text: [], children: Array.from({ length: 10 }, () => line('x')) } }));

  it.each<[string, object[], string]>([
    [
      'more than 100 blocks',
      Array.from({ length: 101 }, () => line('x')),
      'body failed validation: body.children.length should be ≤ `100`, instead was `101`.',
    ],
    [
      'text of more than 2000 characters',
      [line('x'), line('x'.repeat(2_120))],
      'body failed validation: body.children[1].paragraph.rich_text[0].text.content.length should be ≤ `2000`, instead was `2120`.',
    ],
    ['more than 1000 blocks in all', many, 'body failed validation: body.children should have at most 1000 blocks, instead had 1100.'],
    [
      'more than two levels below the first',
      [nested(3)],
      'body failed validation: body.children[0].paragraph.children[0].paragraph.children[0].paragraph.children should be not present, instead was `[{"paragraph":{"rich_text":[]}}]`.',
    ],
  ])('%s is refused, and nothing is added', async (_, children, message) => {
    await expect(append(children as BlockObjectRequest[])).rejects.toMatchObject({ status: 400, code: 'validation_error', message });
    expect(await lines()).toEqual(['# Script', 'One', 'Two']);
  });

  it('two levels are not', async () => {
    expect((await append([nested(2) as BlockObjectRequest])).results).toHaveLength(1);
  });

  it('more than a free workspace may have had is refused; what is there can still be changed', async () => {
    await workspace.person('PUT', '', { block_limit: 0 });
    const refused = { status: 403, code: 'restricted_resource', additional_data: { block_limit: 'block_creation' } };
    await expect(append([line('One too many')])).rejects.toMatchObject(refused);
    const parent = { page_id: page };
    await expect(workspace.notion.pages.create({ parent, properties: {} })).rejects.toMatchObject(refused);
    await workspace.notion.pages.update({ page_id: page, properties: { Progress: { rich_text: words('1/3') } } });
    const [block] = (await workspace.notion.blocks.children.list({ block_id: page })).results;
    await workspace.notion.blocks.delete({ block_id: block?.id ?? '' });
  });
});
