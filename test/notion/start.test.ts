import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import { call } from '../../apps/local/src/gateway-client.js';

jest.setTimeout(120_000);

const ROOT = resolve(import.meta.dirname, '../..');
const API_TOKEN = 'token-of-the-test';

let folder: string;
let database: TestDatabase;
let taken: Server;
let child: ChildProcess;
const printed: string[] = [];
/** Where things are, as it says. */
let notion: string;
let api: string;

/** `npm start` with no key but the API's, a data source of an earlier day, and another program at the simulator's port. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-'));
  database = await createTestDatabase();
  const { url, prefix } = testRedis();
  await mkdir(join(folder, 'channels'));
  await writeFile(join(folder, 'channels/deep_sea.yaml'), await readFile(join(ROOT, 'channels/deep_sea.yaml'), 'utf8'));
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { PATH = '', HOME = '', NODE_OPTIONS = '' } = process.env;
  const environment = {
    DATABASE_URL: database.url,
    REDIS_URL: url,
    QUEUE_PREFIX: prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    PROMPTS_DIR: join(ROOT, 'prompts'),
    API_TOKEN,
    NOTION_DATA_SOURCE_ID: '12345678-1234-4123-8123-123456789abc',
    // What no webhook tells of would be found too late for this test.
    NOTION_SWEEP_SECONDS: '3600',
  };
  const command = [
    join(ROOT, 'dist/apps/local/src/main.js'),
    '--data',
    join(folder, 'data'),
    '--port',
    '0',
    '--simulator-port',
    String(port),
  ];
  child = spawn(process.execPath, command, {
    cwd: folder,
    env: { PATH, HOME, NODE_OPTIONS, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    printed.push(line);
    if (line.startsWith('Stop with')) break;
  }
  const addressOf = (name: string) => new RegExp(`^  ${name} +(http://127\\.0\\.0\\.1:\\d+\\S*)`, 'm').exec(printed.join('\n'))?.[1] ?? '';
  notion = addressOf('Notion');
  api = addressOf('API').replace(/\/tasks$/, '');
  expect(new URL(notion).port).not.toBe(String(port));
});
afterAll(async () => {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
  taken.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

it('makes a task of a row that is queued on the simulated page, as the webhook tells of it', async () => {
  expect(await (await fetch(notion)).text()).toContain('<title>Simulated Notion</title>');
  await call('POST', `${notion}/rows`, { title: 'The Reef at Night', channel: 'deep_sea', status: 'Queued' });
  const task = await eventually(
    async () => (await call<{ title: string; status: string }[]>('GET', `${api}/tasks`, undefined, API_TOKEN))[0],
    { what: 'a task of the row', timeoutMs: 30_000 },
  );
  expect(task.title).toBe('The Reef at Night');
});

it("has the simulator's YouTube channels connected", async () => {
  expect(await call<object[]>('GET', `${api}/channels`, undefined, API_TOKEN)).toMatchObject([
    { key: 'deep_sea', youtube_connected: true },
  ]);
});

it('shows the channels in the data source of channels, which it has asked the simulator for', async () => {
  const [{ data_sources: sources = [] } = {}] = await call<{ data_sources?: { id: string; name: string }[] }[]>(
    'GET',
    `${notion}/databases`,
  );
  const id = sources.find(({ name }) => name === 'Channels')?.id ?? '';
  const rows = await eventually(
    async () => {
      const found = await call<{ title: string }[]>('GET', `${notion}/rows?data_source_id=${id}`);
      return found.length > 0 && found;
    },
    { what: 'a row of the channel', timeoutMs: 60_000 },
  );
  expect(rows).toMatchObject([{ title: 'deep_sea' }]);
});
