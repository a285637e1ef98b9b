import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHmac, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, type TaskRow } from '#database';
import { GATED_STEPS, STEPS, stepInfo, type Status } from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DataSource } from 'typeorm';
import { startSimulator } from '../../simulator/src/main.js';
import { createGateway } from './main.js';

const WEBHOOK_TOKEN = 'secret_of_the_test';
const CHANNEL_FILE = `name: Tide\nlanguage: en\nvoice_id: JBFqnCBsd6RMkjVDRZzb\nstyle: blue\natmosphere: calm\nscenes: 3
youtube:\n  channel_id: UCsimulatedchannel000001\n  privacy: private\n  category_id: '28'\n  made_for_kids: false\n  synthetic_media: true\n`;

let folder: string;
let testDatabase: TestDatabase;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
const settings = (more: Record<string, string>) => Object.assign(process.env, more);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  await mkdir(join(folder, 'channels'));
  await writeFile(join(folder, 'channels/tide.yaml'), CHANNEL_FILE);
  testDatabase = await createTestDatabase();
  const redis = testRedis();
  simulator = await startSimulator({ port: 0 });
  settings({
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: simulator.url,
    NOTION_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    NOTION_REQUEST_SPACING_MS: '1',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    PORT: '0',
    API_TOKEN: '',
  });
});

afterAll(async () => {
  await simulator.app.close();
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: Headers;
  body: {
    success: boolean;
    data: Record<string, unknown> & { id: string; status: string };
    pagination: object;
    error: { code: string; message: string; details?: { field: string; message: string }[]; request_id: string };
  };
}

async function gatewayUnder(test: (ask: Asker, database: Database) => Promise<void>): Promise<void> {
  const app: NestExpressApplication = await createGateway();
  try {
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    await test(
      async (method, path, { body, raw, headers = {} } = {}) => {
        const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
        const response = await fetch(url + path, {
          method,
          headers: { 'content-type': 'application/json', ...headers },
          ...(content && { body: content }),
        });
        const text = await response.text();
        const json = response.headers.get('content-type')?.includes('json') ? (JSON.parse(text) as Answer['body']) : ({} as Answer['body']);
        return { status: response.status, headers: response.headers, body: json };
      },
      new Database(app.get(DataSource).manager),
    );
  } finally {
    await app.close();
  }
}
type Asker = (
  method: string,
  path: string,
  options?: { body?: unknown; raw?: string; headers?: Record<string, string> },
) => Promise<Answer>;

const sign = (raw: string, token = WEBHOOK_TOKEN) => ({
  'x-notion-signature': `sha256=${createHmac('sha256', token).update(raw).digest('hex')}`,
});

/** Brings a task to a status along the legal way. */
async function bringTo(database: Database, task: TaskRow, wanted: Status): Promise<void> {
  const way: Status[] = ['queued', 'claimed'];
  for (const { working, ready, gate } of STEPS)
    way.push(working, ...(ready ? [ready] : []), ...(gate ? [gate.waiting, gate.approved] : []));
  const steps = way.filter((status, index) => way.indexOf(status) === index);
  for (const [index, status] of steps.entries()) {
    const current = await database.tasks.get(task.id);
    const step = STEPS.find(({ gate, working }) => gate?.waiting === status || working === status);
    if (index > 0 && current.status !== status && steps.indexOf(current.status) < index) {
      await database.tasks.move(task.id, current.status, status, step ? { step: step.name, stepOpened: true } : {});
    }
    if (status === wanted) return;
  }
}

describe('the API', () => {
  it('creates, shows and lists tasks, and names every wrong field', async () => {
    await gatewayUnder(async (ask) => {
      const created = await ask('POST', '/api/v1/tasks', {
        body: { channel: 'Tide', title: 'Ebb', status: 'draft', priority: 'high' },
        headers: { 'x-request-id': 'req-1' },
      });
      expect(created).toMatchObject({
        status: 201,
        body: { success: true, data: { title: 'Ebb', status: 'draft', priority: 'high', items: [], cost_usd: 0 } },
      });
      expect(created.headers.get('x-request-id')).toBe('req-1');
      expect(created.body.data).not.toHaveProperty('error_message');
      const { id } = created.body.data;
      expect((await ask('GET', `/api/v1/tasks/${id}`)).body.data).toMatchObject({ id, title: 'Ebb' });
      const listed = await ask('GET', '/api/v1/tasks?limit=1&status=draft');
      expect(listed.body).toMatchObject({ success: true, data: [{ id }], pagination: { total: 1, limit: 1, offset: 0, has_more: false } });

      const wrong = await ask('POST', '/api/v1/tasks', { body: { channel: 'tide', title: '', priority: 'urgent', colour: 'red' } });
      expect(wrong.status).toBe(422);
      expect(wrong.body.error.code).toBe('INVALID_INPUT');
      expect(new Set(wrong.body.error.details?.map(({ field }) => field))).toEqual(new Set(['title', 'priority', 'colour']));
      const unknown = await ask('POST', '/api/v1/tasks', { body: { channel: 'nowhere', title: 'Lost' } });
      expect(unknown).toMatchObject({
        status: 422,
        body: { error: { details: [{ field: 'channel', message: 'channel must be one of tide' }] } },
      });
    });
  });

  it('answers every mistake in the one error format', async () => {
    await gatewayUnder(async (ask) => {
      const mistakes: [Promise<Answer>, number, string][] = [
        [ask('GET', '/api/v1/tasks/5f1f1f1c-0000-4000-8000-000000000000'), 404, 'TASK_NOT_FOUND'],
        [ask('GET', '/api/v1/tasks/not-an-id'), 404, 'TASK_NOT_FOUND'],
        [ask('GET', '/api/v1/nothing'), 404, 'NOT_FOUND'],
        [ask('GET', '/api/v1/tasks?limit=1000'), 422, 'INVALID_INPUT'],
        [ask('POST', '/api/v1/tasks', { raw: '{"title": ' }), 400, 'BAD_REQUEST'],
        [ask('POST', '/api/v1/tasks', { raw: JSON.stringify({ title: 'x'.repeat(1_100_000) }) }), 413, 'BODY_TOO_LARGE'],
      ];
      for (const [answer, status, code] of mistakes) {
        const { status: got, body, headers } = await answer;
        expect([got, body.success, body.error.code]).toEqual([status, false, code]);
        expect(body.error.request_id).toBe(headers.get('x-request-id'));
      }
    });
  });

  it('lets a task pass each of the four gates only by a decision, and sends it back on a rejection', async () => {
    await gatewayUnder(async (ask, database) => {
      const [channel] = await database.channels.list();
      expect(GATED_STEPS.map(({ gate }) => gate.waiting)).toEqual(['assets_ready', 'video_ready', 'audio_ready', 'final_review']);
      for (const { gate, working } of GATED_STEPS) {
        const [item = 'image'] = gate.shows;
        const { name } = STEPS.find((step) => step.item === item) ?? stepInfo('images');
        const draft = {
          channelId: channel?.id ?? '',
          title: gate.waiting,
          topic: '',
          storyDirection: '',
          ownScript: '',
          priority: 'normal',
          status: 'queued',
        } as const;
        const task = await database.tasks.add({ ...draft, notionPageId: null, requestId: null });
        if (!task) throw new Error('not added');
        expect((await ask('POST', `/api/v1/tasks/${task.id}/approve`, { body: {} })).body.error.code).toBe('TASK_NOT_AT_GATE');
        await bringTo(database, task, gate.waiting);
        const input = { prompt: 'x' };
        await database.artifacts.add([
          { channelId: task.channelId, taskId: task.id, step: name, kind: item, position: 0, revision: 1, input: input as never },
        ]);

        const nonsense = await ask('POST', `/api/v1/tasks/${task.id}/reject`, { body: { items: [7] } });
        expect(nonsense).toMatchObject({ status: 422, body: { error: { code: 'ITEM_NOT_FOUND' } } });
        const rejected = await ask('POST', `/api/v1/tasks/${task.id}/reject`, { body: { note: 'again', reviewer: 'ann' } });
        expect(rejected.body.data).toMatchObject({
          status: working,
          items: [{ kind: item, revision: 2, state: 'due' }],
          reviews: [{ decision: 'reject', reviewer: 'ann', note: 'again' }],
        });

        await bringTo(database, task, gate.waiting);
        await database.tasks.move(task.id, working, gate.waiting).catch(() => undefined);
        const current = await database.tasks.get(task.id);
        if (current.status !== gate.waiting) await bringTo(database, task, gate.waiting);
        const approved = await ask('POST', `/api/v1/tasks/${task.id}/approve`, { body: { reviewer: 'ann' } });
        expect([approved.status, approved.body.data.status]).toEqual([200, gate.approved]);
      }
      expect((await ask('POST', `/api/v1/tasks/5f1f1f1c-0000-4000-8000-000000000000/approve`, { body: {} })).status).toBe(404);
    });
  });

  it('refuses a grant for another YouTube channel and never shows one that it keeps', async () => {
    await gatewayUnder(async (ask, database) => {
      const [channel] = await database.channels.list();
      const grant = {
        refresh_token: 'refresh-secret',
        access_token: 'access-secret',
        expires_at: '2026-11-20T00:00:00Z',
        scopes: ['a'],
        channel_id: 'UCsimulatedchannel000009',
      };
      const path = `/api/v1/channels/${channel?.id ?? ''}/oauth-token`;
      expect(await ask('PUT', path, { body: grant })).toMatchObject({ status: 422, body: { error: { code: 'WRONG_YOUTUBE_CHANNEL' } } });
      expect((await ask('PUT', path, { body: { ...grant, channel_id: 'UCsimulatedchannel000001' } })).status).toBe(204);
      const shown = await ask('GET', `/api/v1/channels/${channel?.id ?? ''}`);
      expect(shown.body.data).toMatchObject({ key: 'tide', youtube_connected: true });
      expect(JSON.stringify(shown.body)).not.toContain('secret');
      const stored = await database.oauthTokens.find(channel?.id ?? '');
      expect(stored?.grantEncrypted).toMatch(/^v2\./);
      expect(stored?.grantEncrypted).not.toContain('secret');
    });
  });

  it('is open on loopback without a token, and behind the token with one, the pages too', async () => {
    await gatewayUnder(async (ask) => {
      for (const path of ['/health', '/ready', '/docs', '/queues', '/api/v1/channels']) expect((await ask('GET', path)).status).toBe(200);
    });
    settings({ API_TOKEN: 'open sesame' });
    try {
      await gatewayUnder(async (ask) => {
        for (const path of ['/docs', '/docs-json', '/queues', '/queues/api/queues', '/api/v1/channels', '/Health', '/metrics']) {
          expect((await ask('GET', path)).body.error.code).toBe('UNAUTHORIZED');
          expect((await ask('GET', path, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
        }
        const basic = `Basic ${Buffer.from('anyone:open sesame').toString('base64')}`;
        expect((await ask('GET', '/queues', { headers: { authorization: basic } })).status).toBe(200);
        expect((await ask('GET', '/api/v1/channels', { headers: { authorization: 'Bearer open sesame' } })).status).toBe(200);
        for (const path of ['/health', '/ready']) expect((await ask('GET', path)).status).toBe(200);
      });
      settings({ API_TOKEN: '', HOST: '0.0.0.0' });
      await expect(createGateway()).rejects.toThrow(/API_TOKEN is not set/);
    } finally {
      settings({ API_TOKEN: '', HOST: '127.0.0.1' });
    }
  });
});

describe('the Notion webhook', () => {
  const event = (id: string, page: string, type = 'page.created') =>
    JSON.stringify({ id, type, authors: [{ id: 'somebody', type: 'person' }], entity: { id: page, type: 'page' } });

  it('turns away what is not signed with our token, byte for byte, and keeps nothing of it', async () => {
    await gatewayUnder(async (ask, database) => {
      const raw = event('evil-1', 'page-1');
      const attempts = [{}, sign(raw, 'secret_other'), sign(`${raw} `), { 'x-notion-signature': 'sha256=nonsense' }];
      for (const headers of attempts) {
        expect(await ask('POST', '/webhook/notion', { raw, headers })).toMatchObject({
          status: 401,
          body: { error: { code: 'SIGNATURE_INVALID' } },
        });
      }
      expect(await ask('POST', '/webhook/notion', { raw: '{"id":', headers: sign('{"id":') })).toMatchObject({ status: 400 });
      const big = JSON.stringify({ id: 'x'.repeat(1_100_000) });
      expect(await ask('POST', '/webhook/notion', { raw: big, headers: sign(big) })).toMatchObject({ status: 413 });
      const odd = '{"id":5}';
      const { status, body } = await ask('POST', '/webhook/notion', { raw: odd, headers: sign(odd) });
      expect(status).toBe(400);
      expect(body.error.details?.map(({ field }) => field)).toEqual(expect.arrayContaining(['id', 'type']));
      expect(await database.webhookEvents.areOverdue(-60_000)).toBe(false);
    });
  });

  it('makes one task of a queued row however often its event comes', async () => {
    await gatewayUnder(async (ask, database) => {
      const response = await fetch(`${simulator.url}/simulator/notion/rows`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ title: 'Spring tide', channel: 'tide', priority: 'High', status: 'Queued' }),
      });
      const page = (await response.json()) as { id: string };
      for (const id of ['event-1', 'event-1', 'event-2']) {
        const raw = event(id, page.id);
        expect((await ask('POST', '/webhook/notion', { raw, headers: sign(raw) })).status).toBe(202);
      }
      const task = await eventually(async () => (await database.tasks.byNotionPages([page.id])).get(page.id), {
        what: 'the task',
        timeoutMs: 10_000,
      });
      expect(task).toMatchObject({ title: 'Spring tide', priority: 'high' });
      await eventually(async () => !(await database.webhookEvents.areOverdue(-300_000)), {
        what: 'all events to be worked',
        timeoutMs: 10_000,
      });
      expect(
        (await database.tasks.list({ limit: 100, offset: 0 })).tasks.filter(({ notionPageId }) => notionPageId === page.id),
      ).toHaveLength(1);
    });
  });

  it('keeps a handshake for the operator and goes on trusting only the set token', async () => {
    await gatewayUnder(async (ask) => {
      expect((await ask('POST', '/webhook/notion', { raw: JSON.stringify({ verification_token: 'secret_of_a_stranger' }) })).status).toBe(
        202,
      );
      const raw = event('evil-2', 'page-2');
      expect((await ask('POST', '/webhook/notion', { raw, headers: sign(raw, 'secret_of_a_stranger') })).status).toBe(401);
    });
  });
});
