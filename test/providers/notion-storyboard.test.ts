import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SIMULATOR_PATHS } from '#config';
import type { Estimate, Storyboard } from '#pipeline';
import { NOTION_BLOCK_LIMIT, NotionClient, writeStoryboard, type StoryboardWriting } from '#providers/notion';
import { SIMULATED_KEY } from '#providers/registry';
import { Client, LogLevel, collectPaginatedAPI, isFullBlock, type BlockObjectResponse } from '@notionhq/client';
import { call } from '../../apps/local/src/gateway-client.js';
import { startSimulator } from '../../apps/simulator/src/main.js';

jest.setTimeout(60_000);
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let notion: Client;
let somebodyElse: Client;
let botId: string;
let turns: number;
const turn = () => {
  turns += 1;
  return Promise.resolve();
};
const connection = (auth: string) =>
  new Client({
    auth,
    baseUrl: simulator.url + SIMULATOR_PATHS.notion,
    notionVersion: '2026-03-11',
    retry: false,
    logLevel: LogLevel.ERROR,
  });

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  notion = connection(SIMULATED_KEY);
  somebodyElse = connection(`${SIMULATED_KEY}-other`);
  botId = (await notion.users.me({})).id;
});
afterAll(() => simulator.app.close());
beforeEach(async () => {
  turns = 0;
  await set({});
});

const set = (settings: object) => call('PUT', `${simulator.url}/simulator/notion`, settings);
const page = async (body = '') =>
  (await call<{ id: string }>('POST', `${simulator.url}/simulator/notion/rows`, { title: 'The Whale', body })).id;
const requests = async () => (await call<{ requests: number }>('GET', `${simulator.url}/simulator/notion/traffic`)).requests;

const estimate: Estimate = { scenes: 2, images: 2, seconds: 71.4, usd: 3.4249 };
const scene = (narration: string) => ({
  narration,
  layout: 'character_over_environment' as const,
  images: ['reef', 'old_whale'],
  motion: 'slow drift',
  effect: 'deep hum',
  chapter: '',
});

function storyboard(changes: Partial<Storyboard> = {}): Storyboard {
  return {
    title: 'The Whale That Sang Alone',
    description: 'It sings.',
    tags: ['sea', 'whale'],
    research: ['Whales sing.', 'One sings at 52 Hz.'],
    characters: [{ key: 'old_whale', description: 'A humpback whale with a scar over the left eye' }],
    images: [
      { key: 'old_whale', role: 'character', prompt: 'Seen from the side.', characters: ['old_whale'] },
      { key: 'reef', role: 'environment', prompt: 'A reef at dawn.', characters: [] },
    ],
    scenes: [scene('A whale sings.'), scene('Nobody answers.')],
    ...changes,
  };
}

/** Many scenes, and long ones: more than one request takes. */
function long(scenes: number, characters = 20): Storyboard {
  return storyboard({ scenes: Array.from({ length: scenes }, (_, index) => scene(`Scene ${index}: ${'é'.repeat(characters)}`)) });
}

const write = (pageId: string, shown = storyboard(), writing: Partial<StoryboardWriting> = {}) =>
  writeStoryboard(notion, pageId, { storyboard: shown, estimate }, { revision: 1, botId, turn, ...writing });

interface Node {
  type: string;
  text: string;
  children: Node[];
}

/** What stands in a page, as it is shown. */
async function tree(id: string): Promise<Node[]> {
  const blocks = (await collectPaginatedAPI(notion.blocks.children.list, { block_id: id })).filter((block) => isFullBlock(block));
  const nodes: Node[] = [];
  for (const block of blocks) {
    nodes.push({ type: block.type, text: textOf(block), children: block.has_children ? await tree(block.id) : [] });
  }
  return nodes;
}

function textOf(block: BlockObjectResponse): string {
  const content = (block as unknown as Record<string, { rich_text?: { plain_text: string }[] }>)[block.type];
  return content?.rich_text?.map(({ plain_text }) => plain_text).join('') ?? '';
}
const headings = async (id: string) => (await tree(id)).map(({ text }) => text);
const line = (text: string, children: Node[] = []): Node => ({ type: 'bulleted_list_item', text, children });

describe('a storyboard in a page', () => {
  it('is one heading that folds out: the estimate, the facts, who appears, and the scenes', async () => {
    const id = await page();
    await write(id);
    const lines = [line('Motion: slow drift'), line('Sound: deep hum'), line('Images: 2 reef; 1 old whale (character over environment)')];
    expect(await tree(id)).toEqual([
      {
        type: 'heading_1',
        text: 'Storyboard',
        children: [
          { type: 'paragraph', text: '2 scenes, 2 images, about 1:11 long; about USD 3.42 still to be paid.', children: [] },
          { type: 'paragraph', text: 'Title: The Whale That Sang Alone', children: [] },
          { type: 'paragraph', text: 'Description: It sings.', children: [] },
          { type: 'paragraph', text: 'Tags: sea, whale', children: [] },
          { type: 'callout', text: 'Research, to be checked', children: [line('Whales sing.'), line('One sings at 52 Hz.')] },
          { type: 'heading_3', text: 'Characters', children: [] },
          line('old whale: A humpback whale with a scar over the left eye'),
          { type: 'heading_3', text: 'Scenes', children: [] },
          { type: 'numbered_list_item', text: 'A whale sings.', children: lines },
          { type: 'numbered_list_item', text: 'Nobody answers.', children: lines },
        ],
      },
    ]);
    const [heading] = (await notion.blocks.children.list({ block_id: id })).results;
    expect(heading).toMatchObject({ heading_1: { is_toggleable: true } });
  });

  it('takes two requests, each in its turn, and one when it is there already', async () => {
    const id = await page();
    await write(id);
    expect([turns, await requests()]).toEqual([2, 2]);
    await write(id);
    expect([turns, await requests()]).toEqual([3, 3]);
    expect(await headings(id)).toEqual(['Storyboard']);
  });

  it('does not touch what is in the page, and is no part of the own script', async () => {
    const words = '## Script\nThe sea is old.\nIt does not explain itself.\n## Storyboard\nmine\n# Notes\nmore';
    const id = await page(words);
    const client = new NotionClient({ baseUrl: simulator.url + SIMULATOR_PATHS.notion, apiKey: SIMULATED_KEY });
    const before = await tree(id);
    await write(id);
    await write(id, storyboard(), { revision: 2 });
    expect((await tree(id)).slice(0, -1)).toEqual(before);
    expect(await client.readOwnScript(id)).toBe('The sea is old.\nIt does not explain itself.');
    const atTheEnd = await page('# Script\nThe sea is old.');
    await write(atTheEnd);
    expect(await client.readOwnScript(atTheEnd)).toBe('The sea is old.');
  });

  it('with nothing but scenes has no empty parts', async () => {
    const id = await page();
    await write(id, storyboard({ research: [], characters: [] }));
    const [section] = await tree(id);
    expect(section?.children.map(({ type }) => type)).toEqual([
      ...Array<string>(4).fill('paragraph'),
      'heading_3',
      ...Array<string>(2).fill('numbered_list_item'),
    ]);
  });
});

describe('a storyboard that is larger than a request', () => {
  it.each([
    ['has more blocks than an array takes', long(220), 220],
    ['has more bytes than a body takes', long(30, 10_000), 30],
    ['has texts longer than a piece, with characters that must not be cut in two', long(2, 4_000), 2],
    ['rests on many facts', storyboard({ research: Array.from({ length: 250 }, (_, index) => `Fact ${index}`) }), 2],
  ])('and %s arrives whole and in order', async (_what, shown, scenes) => {
    const id = await page();
    await write(id, shown);
    const [section, ...more] = await tree(id);
    expect([section?.text, more]).toEqual(['Storyboard', []]);
    const told = section?.children.filter(({ type }) => type === 'numbered_list_item') ?? [];
    expect(told.map(({ text }) => text)).toEqual(shown.scenes.map(({ narration }) => narration));
    expect(told).toHaveLength(scenes);
    const facts = section?.children.filter(({ type }) => type === 'callout').flatMap(({ children }) => children.map(({ text }) => text));
    expect(facts).toEqual(shown.research);
  });

  it('never breaks a character in two', async () => {
    const id = await page();
    const narration = `a${'🐋'.repeat(3_000)}`;
    await write(id, storyboard({ scenes: [scene(narration)] }));
    const [section] = (await notion.blocks.children.list({ block_id: id })).results;
    const children = await collectPaginatedAPI(notion.blocks.children.list, { block_id: section?.id ?? '' });
    const pieces = children.flatMap((block) =>
      isFullBlock(block) && block.type === 'numbered_list_item'
        ? block.numbered_list_item.rich_text.map(({ plain_text }) => plain_text)
        : [],
    );
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.every((piece) => piece.isWellFormed() && piece.length <= 2_000)).toBe(true);
    expect(pieces.join('')).toBe(narration);
  });

  it('is written again when only half of it was, and is never taken for whole before', async () => {
    const id = await page();
    // The third request of the writing fails for good.
    let asked = 0;
    const stop = new AbortController();
    const breaking = () => {
      asked += 1;
      if (asked === 4) stop.abort();
      return Promise.resolve();
    };
    await expect(write(id, long(220), { turn: breaking, signal: stop.signal })).rejects.toMatchObject({ code: 'STOPPED' });
    expect(await headings(id)).toEqual(['Storyboard (not yet complete)']);
    await write(id, long(220));
    const [section, ...more] = await tree(id);
    expect([section?.text, section?.children.filter(({ type }) => type === 'numbered_list_item').length, more]).toEqual([
      'Storyboard',
      220,
      [],
    ]);
  });
});

describe('a further revision', () => {
  it('takes the place of the earlier ones', async () => {
    const id = await page('Notes');
    await write(id);
    await write(id, storyboard({ scenes: [scene('Better.')] }), { revision: 2 });
    await write(id, storyboard({ scenes: [scene('Best.')] }), { revision: 3 });
    expect(await headings(id)).toEqual(['Notes', 'Storyboard (revision 3)']);
    expect((await tree(id))[1]?.children.at(-1)?.text).toBe('Best.');
  });

  it('leaves what somebody else has put into an earlier one, and what somebody else has called by its name', async () => {
    const id = await page('# Storyboard\nby hand');
    await write(id);
    const section = (await notion.blocks.children.list({ block_id: id })).results.at(-1);
    const scenes = (await notion.blocks.children.list({ block_id: section?.id ?? '' })).results;
    const note = (text: string) => ({ paragraph: { rich_text: [{ text: { content: text } }] } });
    await somebodyElse.blocks.children.append({ block_id: scenes.at(-1)?.id ?? '', children: [note('Too sad?')] });
    await write(id, storyboard(), { revision: 2 });
    const kept = { type: 'paragraph', text: 'Too sad?', children: [] };
    const shown = await tree(id);
    expect(shown.map(({ text }) => text)).toEqual(['Storyboard', 'by hand', 'Storyboard', 'Storyboard (revision 2)']);
    expect(shown[2]?.children).toEqual([{ type: 'numbered_list_item', text: 'Nobody answers.', children: [kept] }]);
    await write(id, storyboard(), { revision: 2 });
    expect(await headings(id)).toEqual(['Storyboard', 'by hand', 'Storyboard', 'Storyboard (revision 2)']);
  });
});

describe('when Notion fails', () => {
  it.each([
    ['a short one', storyboard(), 1],
    ['the beginning of a long one', long(220), 1],
    ['every write of a long one in turn', long(220), 3],
  ])(
    '%s that was saved although it failed is not doubled',
    async (_what, shown, times) => {
      const id = await page();
      await set({ next: [{ answer: 'saved_but_unavailable', method: 'PATCH', path: '/children', times }] });
      await write(id, shown);
      const [section, ...more] = await tree(id);
      expect([section?.text, more]).toEqual(['Storyboard', []]);
      expect(section?.children.filter(({ type }) => type === 'numbered_list_item')).toHaveLength(shown.scenes.length);
    },
    30_000,
  );

  it('the end of a long one that was saved although it failed is not doubled, nor is what was deleted', async () => {
    const id = await page();
    await write(id);
    await set({
      next: [
        { answer: 'saved_but_unavailable', method: 'DELETE', times: 1 },
        { answer: 'saved_but_unavailable', method: 'PATCH', path: '/blocks/', times: 5 },
      ],
    });
    // Five of the writes are answered so: too many for one go, not for two.
    await write(id, long(220), { revision: 2 }).catch(() => undefined);
    await write(id, long(220), { revision: 2 });
    const [section, ...more] = await tree(id);
    expect([section?.text, more]).toEqual(['Storyboard (revision 2)', []]);
    expect(section?.children.filter(({ type }) => type === 'numbered_list_item')).toHaveLength(220);
  });

  it('in passing, it is written all the same', async () => {
    const id = await page();
    await set({
      next: [
        { answer: 'bad_gateway', times: 1 },
        { answer: 'conflict_error', method: 'PATCH', times: 1 },
      ],
    });
    await write(id);
    expect(await headings(id)).toEqual(['Storyboard']);
  });

  it('a workspace that takes no more blocks says so, and an earlier section stays', async () => {
    const id = await page();
    await write(id);
    await set({ block_limit: 1 });
    await expect(write(id, storyboard(), { revision: 2 })).rejects.toMatchObject({
      code: NOTION_BLOCK_LIMIT,
      kind: 'permanent',
      userMessage: expect.stringContaining('as many blocks as its plan allows') as unknown,
    });
    expect(await headings(id)).toEqual(['Storyboard']);
    // Rows are written all the same.
    await new NotionClient({ baseUrl: simulator.url + SIMULATOR_PATHS.notion, apiKey: SIMULATED_KEY }).writePage(id, {
      Progress: { rich_text: [{ text: { content: 'on' } }] },
    });
  });

  it('a connection without the right to insert is told that, and not that there are too many blocks', async () => {
    const id = await page();
    await set({ capabilities: ['read', 'update'] });
    await expect(write(id)).rejects.toMatchObject({ code: 'NOTION_RESTRICTED_RESOURCE', kind: 'permanent' });
  });

  it('for too many requests, that is told at once', async () => {
    const id = await page();
    await set({ rate: { requests: 1, window_ms: 20_000 } });
    await expect(write(id)).rejects.toMatchObject({ rateLimited: true, retryAfterMs: expect.any(Number) as unknown });
    expect(turns).toBe(2);
  });

  it('for a page that is gone, there is nothing to try again', async () => {
    const missing = 'a3bb189e-8bf9-4888-9912-ace4e6543002';
    await expect(write(missing)).rejects.toMatchObject({ code: 'NOTION_OBJECT_NOT_FOUND', kind: 'permanent' });
  });
});
