import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SIMULATED_KEY } from '#providers/registry';
import { Client } from '@notionhq/client';
import { createTestDatabase, testRedis, type TestDatabase } from '#testing';
import { startSimulator } from '../../simulator/src/main.js';
import { CHANNELS_DATA_SOURCE_ID, DATABASE_ID, DATA_SOURCE_ID } from '../../simulator/src/notion/content/ids.js';
import { findings } from './checks.js';
import type { Finding } from './finding.js';

jest.setTimeout(30_000);

let folder: string;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let database: TestDatabase;
let healthy: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  simulator = await startSimulator({ port: 0 });
  database = await createTestDatabase();
  healthy = {
    DATABASE_URL: database.url,
    REDIS_URL: testRedis().url,
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: simulator.url,
    PUBLIC_URL: 'https://videos.example.com',
  };
});
afterAll(async () => {
  await simulator.app.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function found(environment: Record<string, string>): Promise<Finding[]> {
  const all: Finding[] = [];
  for await (const finding of findings({ ...healthy, ...environment })) all.push(finding);
  return all;
}
const faults = async (environment: Record<string, string>) => (await found(environment)).filter(({ state }) => state === 'fault');

it('finds nothing wrong where all is well', async () => {
  const all = await found({});
  expect(all.filter(({ state }) => state === 'fault')).toEqual([]);
  expect(all.map(({ about }) => about)).toEqual(
    expect.arrayContaining([
      'FFmpeg',
      'Postgres',
      'Redis',
      'WORKSPACE_ROOT',
      'channels',
      'GEMINI_API_KEY',
      'KIE_API_KEY',
      'ELEVENLABS_API_KEY',
      'NOTION_TOKEN',
    ]),
  );
  expect(all.find(({ about }) => about === 'KIE_API_KEY')?.found).toMatch(/^simulated: \d+ credits left$/);
});

it('names every one of several faults, and what to do about each', async () => {
  await mkdir(join(folder, 'channels'), { recursive: true });
  await writeFile(join(folder, 'channels/reef.yaml'), 'name: Reef\nlanguage: english\n');
  const all = await faults({
    PORT: 'http',
    CHANNELS_DIR: join(folder, 'channels'),
    KIE_API_KEY: 'wrong',
    KIE_BASE_URL: simulator.url + '/kie',
  });
  expect(all.map(({ about }) => about)).toEqual(['settings', 'channels', 'KIE_API_KEY']);
  expect(all.map(({ found: text }) => text)).toEqual([
    expect.stringContaining('PORT must be'),
    expect.stringContaining('reef.yaml'),
    expect.stringContaining('401'),
  ]);
  expect(all.every(({ fix }) => fix)).toBe(true);
});

describe('a fault', () => {
  it.each<[what: string, environment: Record<string, string>, about: string, text: RegExp]>([
    ['of a database that is not there', { DATABASE_URL: 'postgres://u:hidden@127.0.0.1:1/x' }, 'Postgres', /ECONNREFUSED/],
    ['of a Redis that is not there', { REDIS_URL: 'redis://:hidden@127.0.0.1:1' }, 'Redis', /does not let us in/],
    ['of a folder that cannot be written to', { WORKSPACE_ROOT: '/proc/sys/videos' }, 'WORKSPACE_ROOT', /cannot be written|GiB free/],
    ['of an address that others can reach', { HOST: '0.0.0.0' }, 'HOST', /without API_TOKEN/],
    ['of a folder without channels', { CHANNELS_DIR: '/nowhere' }, 'channels', /\/nowhere/],
  ])('%s shows no secret', async (_what, environment, about, text) => {
    const [first] = await faults(environment);
    expect(first).toMatchObject({ about, found: expect.stringMatching(text) as unknown, fix: expect.any(String) as unknown });
    expect(JSON.stringify(first)).not.toContain('hidden');
  });

  it('is none when the encoder that is wished for does not work: libx264 draws then', async () => {
    const elsewhere = process.platform === 'darwin' ? 'h264_vaapi' : 'h264_videotoolbox';
    const shown = (await found({ CUT_ENCODER: elsewhere })).filter(({ about }) => about === 'CUT_ENCODER');
    expect(shown).toMatchObject([{ state: 'warning', found: expect.stringContaining('libx264 draws the cuts') as unknown }]);
    expect((await found({})).filter(({ about }) => about === 'CUT_ENCODER')).toEqual([]);
  });

  it('of a database in Notion names what is missing there, and the command that adds it', async () => {
    const notion = new Client({ auth: SIMULATED_KEY, baseUrl: `${simulator.url}/notion`, notionVersion: '2026-03-11' });
    const made = await notion.dataSources.create({
      parent: { type: 'database_id', database_id: DATABASE_ID },
      title: [{ text: { content: 'Films' } }],
      properties: { Film: { title: {} }, Status: { status: { options: [{ name: 'Queued' }] } }, Channel: { rich_text: {} } },
    });
    const [first, ...others] = await faults({ NOTION_DATA_SOURCE_ID: made.id, NOTION_CHANNELS_DATA_SOURCE_ID: CHANNELS_DATA_SOURCE_ID });
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      about: 'NOTION_DATA_SOURCE_ID',
      fix: expect.stringContaining('npm run notion:setup mends it') as unknown,
    });
    for (const text of [
      '"Films": there is no Topic',
      'Name is called Film',
      'Channel is a text property, not a select',
      'Status lacks Draft, Claimed,',
    ])
      expect(first?.found).toContain(text);

    const mended = await found({ NOTION_DATA_SOURCE_ID: DATA_SOURCE_ID, NOTION_CHANNELS_DATA_SOURCE_ID: CHANNELS_DATA_SOURCE_ID });
    expect(mended.filter(({ about }) => about.endsWith('_DATA_SOURCE_ID'))).toEqual([
      {
        about: 'NOTION_DATA_SOURCE_ID',
        state: 'warning',
        found: '"Videos": Channel lacks deep_sea, forest_hours',
        fix: 'npm run notion:setup mends it.',
      },
      { about: 'NOTION_CHANNELS_DATA_SOURCE_ID', state: 'ok', found: '"Channels" has all that is needed' },
    ]);
  });

  it('of a model that Google has switched off names the one to take instead', async () => {
    const [first] = await faults({
      GEMINI_API_KEY: SIMULATED_KEY,
      GEMINI_BASE_URL: simulator.url + '/gemini',
      GEMINI_IMAGE_MODEL: 'gemini-2.5-flash-image',
    });
    expect(first).toMatchObject({ about: 'GEMINI_API_KEY', fix: expect.stringContaining('gemini-nano-banana-2.1') as unknown });
  });
});
