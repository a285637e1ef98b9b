import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Database, type TaskRow } from '#database';
import { NOTION_QUEUE, type Status } from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import { getQueueToken } from '@nestjs/bullmq';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Job, Queue } from 'bullmq';
import { DataSource } from 'typeorm';
import { startSimulator } from '../../simulator/src/main.js';
import { NotionSweep } from './notion/notion-sweep.js';
import { HousekeepingWorker } from './housekeeping/housekeeping.worker.js';
import { createGateway } from './main.js';

jest.setTimeout(30_000);

const WEBHOOK_TOKEN = 'secret_of_the_test';
const CHANNEL_FILE = `name: Tide\nlanguage: en\nvoice_id: JBFqnCBsd6RMkjVDRZzb\nstyle: blue\natmosphere: calm\nscenes: 3
youtube:\n  channel_id: UCsimulatedchannel000001\n  privacy: private\n  category_id: '28'\n  made_for_kids: false\n  synthetic_media: true\n`;
/** Nothing listens here: Notion is away. */
const NOWHERE = 'http://127.0.0.1:9';

let folder: string;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let testDatabase: TestDatabase;
let app: NestExpressApplication;
let database: Database;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  await mkdir(join(folder, 'channels'));
  await writeFile(join(folder, 'channels/tide.yaml'), CHANNEL_FILE);
  simulator = await startSimulator({ port: 0 });
});
afterAll(async () => {
  await simulator.app.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await app.close();
  await testDatabase.drop();
});

async function start(more: Record<string, string> = {}): Promise<void> {
  testDatabase = await createTestDatabase();
  const redis = testRedis();
  Object.assign(process.env, {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: simulator.url,
    NOTION_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
    NOTION_REQUEST_SPACING_MS: '1',
    NOTION_DATA_SOURCE_ID: '',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    API_TOKEN: '',
    ...more,
  });
  app = await createGateway();
  await app.listen(0, '127.0.0.1');
  url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  database = new Database(app.get(DataSource).manager);
}

const query = <T>(statement: string) => app.get(DataSource).query<T[]>(statement);
const chore = (name: string) => app.get(HousekeepingWorker).process({ name } as Job);
const post = (path: string, init: RequestInit = {}) => fetch(url + path, { method: 'POST', ...init });

async function addTask(notionPageId: string | null): Promise<TaskRow> {
  const [channel] = await database.channels.list();
  const text = { title: 'Ebb', topic: '', storyDirection: '', ownScript: '' };
  const task = await database.tasks.add({
    ...text,
    channelId: channel?.id ?? '',
    priority: 'normal',
    status: 'draft',
    notionPageId,
    requestId: null,
  });
  if (!task) throw new Error('not added');
  if (notionPageId)
    await database.notionMirrors.add({ taskId: task.id, channelId: task.channelId, dataSourceId: null, status: 'queued', priority: null });
  return task;
}

const taskOf = async (page: string) => (await database.tasks.byNotionPages([page])).get(page);

/** @param text what stands in the page, with # before headings */
async function addRow(title: string, channel: string, text = '', madeAt = ''): Promise<string> {
  const body = JSON.stringify({ title, channel, status: 'Queued', body: text, made_at: madeAt });
  const headers = { 'content-type': 'application/json' };
  return ((await (await fetch(`${simulator.url}/simulator/notion/rows`, { method: 'POST', headers, body })).json()) as { id: string }).id;
}

async function deliver(id: string, page: string): Promise<void> {
  const body = JSON.stringify({ id, type: 'page.created', authors: [{ id: 'somebody' }], entity: { id: page, type: 'page' } });
  const signature = `sha256=${createHmac('sha256', WEBHOOK_TOKEN).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'x-notion-signature': signature };
  expect((await post('/webhook/notion', { headers, body })).status).toBe(202);
}

describe('a rejection', () => {
  const remade = async () =>
    (await query<{ position: number }>('SELECT position FROM artifacts WHERE revision = 2')).map((row) => row.position);
  let task: TaskRow;

  async function atVideoGate(): Promise<void> {
    await start();
    task = await addTask(null);
    const way: Status[] = ['draft', 'queued', 'claimed', 'generating_assets', 'assets_ready', 'assets_approved', 'generating_composites'];
    way.push('composites_ready', 'generating_video', 'video_ready');
    // At once, or the gateway itself would admit the task on its way.
    await database.transaction(async (tx) => {
      for (const [index, to] of way.entries()) {
        const from = way[index - 1];
        if (from) await tx.tasks.move(task.id, from, to, { step: 'clips', stepOpened: true });
      }
    });
    const clip = { channelId: task.channelId, taskId: task.id, step: 'clips', kind: 'clip', revision: 1, input: {} as never } as const;
    await database.artifacts.add([0, 1, 2].map((position) => ({ ...clip, position })));
  }

  it('whose body is not read as JSON makes nothing again, instead of everything', async () => {
    await atVideoGate();
    const path = `/api/v1/tasks/${task.id}/reject`;
    const body = JSON.stringify({ items: [2] });
    for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await post(path, { body, headers: { 'content-type': type } });
      expect(answer.status).toBe(415);
      expect(await answer.json()).toMatchObject({ success: false, error: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    }
    for (const items of [[], [2, 2]]) {
      const answer = await post(path, { body: JSON.stringify({ items }), headers: { 'content-type': 'application/json' } });
      expect(await answer.json()).toMatchObject({ error: { code: 'INVALID_INPUT', details: [{ field: 'items' }] } });
    }
    expect(await remade()).toEqual([]);
    expect((await post(path, { body, headers: { 'content-type': 'application/json' } })).status).toBe(200);
    expect(await remade()).toEqual([2]);
  });

  it('and its kin may come without a body', async () => {
    await atVideoGate();
    expect((await post(`/api/v1/tasks/${task.id}/approve`)).status).toBe(200);
  });
});

it('names what cannot be stored or asked for, instead of failing inside', async () => {
  await start();
  const body = JSON.stringify({ channel: 'tide', title: 'a\u0000b' });
  const headers = { 'content-type': 'application/json' };
  expect((await post('/api/v1/tasks', { body, headers })).status).toBe(422);
  expect((await fetch(`${url}/api/v1/tasks?offset=99999999999999999999`)).status).toBe(422);
});

describe('with Notion', () => {
  it('not set up at all, the gateway starts and serves', async () => {
    await start({ SIMULATOR_URL: '' });
    expect((await fetch(`${url}/api/v1/tasks`)).status).toBe(200);
  });

  it('away, an event waits for its one next try, however often it is found unworked', async () => {
    await start({ SIMULATOR_URL: NOWHERE });
    await deliver('event-1', '5f1f1f1c-0000-4000-8000-000000000001');
    const tries = () =>
      query<{ job_id: string; later: boolean }>(`SELECT job_id, not_before > now() + interval '30 s' AS later FROM outbox`);
    await eventually(async () => (await tries()).some(({ later }) => later), { what: 'the second try to be planned', timeoutMs: 10_000 });
    for (const minute of [1, 2, 3]) {
      await query(`UPDATE webhook_events SET created_at = now() - interval '${minute + 1} minutes'`);
      await chore('reissue_notion_work');
    }
    expect(await tries()).toEqual([{ job_id: expect.stringMatching(/^inbox-/), later: true }]);
  });

  it('a row that is behind is shown the newest state, though its job was lost with Redis', async () => {
    await start();
    const task = await addTask(await addRow('Ebb', 'tide'));
    await query(`UPDATE tasks SET updated_at = now() - interval '5 minutes'`);
    await chore('reissue_notion_work');
    await eventually(async () => (await database.tasks.get(task.id)).notionVersion === task.version, {
      what: 'the row to show the newest state',
      timeoutMs: 10_000,
    });
  });

  it('a row that is gone is given up', async () => {
    await start();
    const task = await addTask('deadbeef-0000-4000-8000-000000000000');
    const queue = app.get<Queue>(getQueueToken(NOTION_QUEUE), { strict: false });
    await queue.add('sync_row', { task_id: task.id }, { jobId: 'gone', priority: 1, removeOnComplete: true });
    await eventually(async () => (await database.tasks.get(task.id)).notionVersion === task.version, {
      what: 'the update to be given up',
      timeoutMs: 10_000,
    });
    expect(await query('SELECT job_id FROM outbox WHERE not_before > now()')).toEqual([]);
  });

  it("takes a creator's own script from the page: what stands under that heading, however long, and nothing else", async () => {
    await start();
    const { key = '' } = (await database.channels.list())[0] ?? {};
    const lines = Array.from({ length: 130 }, (_, index) => `Line ${index} of the story.`);
    const page = await addRow(
      'Own words',
      key,
      `A note.\n## Script\n${lines.join('\n')}\n### Not a way out\nThe end.\n## Links\nhttps://example.com`,
    );
    await deliver('own-words', page);
    const task = await eventually(
      async () => {
        const found = await taskOf(page);
        return found?.scriptPending === false ? found : null;
      },
      { what: 'the task and its script', timeoutMs: 15_000 },
    );
    expect(task.ownScript).toBe([...lines, 'The end.'].join('\n'));
    const longer = await addRow('Too many words', key, `# Script\n${'word '.repeat(3_000)}`);
    await deliver('too-many-words', longer);
    const shown = await eventually(
      async () => {
        const rows = (await (await fetch(`${simulator.url}/simulator/notion/rows`)).json()) as { id: string; error: string | null }[];
        return rows.find(({ id }) => id === longer)?.error;
      },
      { what: 'the row to say what is wrong', timeoutMs: 15_000 },
    );
    expect(shown).toBe('The script has 14999 characters, 12000 can be filmed. Shorten it, then set the row to Queued again.');
    expect(await taskOf(longer)).toMatchObject({ status: 'draft' });
  });

  it('takes what an automation sends with its secret, once, and nothing without', async () => {
    await start({ NOTION_AUTOMATION_SECRET: 'long and random' });
    const page = await addRow('Sent by a button', 'tide');
    const body = {
      source: { type: 'automation', automation_id: 'a', action_id: 'b', event_id: 'event-1', attempt: 1 },
      data: { object: 'page', id: page },
    };
    const send = async (secret: string | null, sent: unknown = body) => {
      const headers = { 'content-type': 'application/json', ...(secret !== null && { 'x-webhook-secret': secret }) };
      return (await post('/webhook/notion', { headers, body: JSON.stringify(sent) })).status;
    };
    expect([await send('long and wrong'), await send(''), await send(null)]).toEqual([401, 401, 401]);
    expect([await send('long and random', {}), await send('long and random', { source: 1, data: [] })]).toEqual([400, 400]);
    expect(await query('SELECT id FROM webhook_events')).toEqual([]);
    expect([await send('long and random'), await send('long and random')]).toEqual([202, 202]);
    await eventually(() => taskOf(page), { what: 'the task', timeoutMs: 15_000 });
    expect(await query('SELECT event_id FROM webhook_events')).toEqual([{ event_id: `automation-event-1-${page}` }]);
    expect((await database.tasks.list({ limit: 9, offset: 0 })).total).toBe(1);
  });

  it('without a secret of its own no automation is listened to', async () => {
    await start({ NOTION_AUTOMATION_SECRET: '' });
    const headers = { 'content-type': 'application/json', 'x-webhook-secret': '' };
    expect((await post('/webhook/notion', { headers, body: '{}' })).status).toBe(401);
  });

  it('a sweep finds every queued row that no webhook told of, also beyond what one query yields, and says once what is wrong with one', async () => {
    const workspace = (body: object) =>
      fetch(`${simulator.url}/simulator/notion`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await workspace({ drop: 1, query_limit: 150 });
    await start({ NOTION_DATA_SOURCE_ID: '00000000-0000-4000-8000-00000000da7a', TASKS_IN_WORK: '1' });
    // A query cannot tell rows of one minute apart, so some are older; not so old that the sweep at the start should have found them.
    const old = new Date(Date.now() - 120_000).toISOString();
    const pages = await Promise.all(
      Array.from({ length: 230 }, (_, index) => addRow(`Swept ${index}`, 'tide', '', index < 120 ? old : '')),
    );
    const wrong = await addRow('Nowhere to go', 'nowhere');
    const shown = async () => {
      const rows = (await (await fetch(`${simulator.url}/simulator/notion/rows`)).json()) as {
        id: string;
        error: string | null;
        edited_at: string;
      }[];
      return rows.find(({ id }) => id === wrong);
    };
    const found = async () => (await query<{ count: number }>(`SELECT count(*)::int FROM tasks WHERE title LIKE 'Swept %'`))[0]?.count;
    await eventually(
      async () => {
        // One that is under way already does not see what is queued behind its back; the next one does.
        await chore('sweep_rows');
        await new Promise((resolve) => setTimeout(resolve, 500));
        return (await found()) === pages.length && (await shown())?.error;
      },
      { what: 'every row to be known', timeoutMs: 40_000 },
    );
    const { edited_at: said } = (await shown()) ?? {};
    expect(await app.get(NotionSweep).run()).toBeGreaterThan(0);
    expect([(await shown())?.edited_at, await found()]).toEqual([said, pages.length]);
    await workspace({});
  }, 60_000);

  it('requests keep their distance, also those of one job', async () => {
    const spacing = 150;
    await start({ NOTION_REQUEST_SPACING_MS: String(spacing) });
    const known = ((await (await fetch(`${simulator.url}/simulator/calls?provider=notion`)).json()) as unknown[]).length;
    for (const row of [1, 2, 3]) await deliver(`refused-${row}`, await addRow(`Row ${row}`, 'nowhere'));
    await eventually(async () => (await query(`SELECT id FROM webhook_events WHERE outcome LIKE 'Refused%'`)).length === 3, {
      what: 'all rows to be refused',
      timeoutMs: 15_000,
    });
    const calls = ((await (await fetch(`${simulator.url}/simulator/calls?provider=notion`)).json()) as { at: string }[]).slice(known);
    const times = calls.map(({ at }) => Date.parse(at));
    // Who we are, then a read and a write for each row.
    expect(times).toHaveLength(7);
    // Less than the spacing by what a timer and a clock of whole milliseconds may be off.
    for (const [index, time] of times.slice(1).entries()) expect(time - (times[index] ?? 0)).toBeGreaterThan(spacing * 0.6);
  });
});
