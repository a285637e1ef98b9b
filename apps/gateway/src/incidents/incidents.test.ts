import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Database, type TaskRow } from '#database';
import { DEAD_LETTER_QUEUE, permanent, quotaExhausted, stepInfo, transient, type Status } from '#pipeline';
import { ProviderLimits, reportDisconnection, reportLimit, stopTask } from '#stage';
import { createTestDatabase, eventually, intendCall, testRedis, type TestDatabase } from '#testing';
import { getQueueToken } from '@nestjs/bullmq';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Queue } from 'bullmq';
import { DataSource } from 'typeorm';
import { startSimulator } from '../../../simulator/src/main.js';
import { createGateway } from '../main.js';
import { Watch } from './watch.js';

/** Alerts are looked for every few seconds, dead letters too. */
jest.setTimeout(60_000);

const CHANNEL_FILE = `name: Tide\nlanguage: en\nvoice_id: JBFqnCBsd6RMkjVDRZzb\nstyle: blue\natmosphere: calm\nscenes: 3
youtube:\n  channel_id: UCsimulatedchannel000001\n  privacy: private\n  category_id: '28'\n  made_for_kids: false\n  synthetic_media: true\n`;
const WAY: Status[] = ['queued', 'claimed', 'generating_assets'];
const WEBHOOK_KEY = 'a key that KIE knows';
const FAILURE = { code: 'GEMINI_BLOCKED', message: 'blocked: SAFETY', userMessage: 'Change the prompt.' };

let folder: string;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let testDatabase: TestDatabase;
let app: NestExpressApplication;
let database: Database;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'incidents-'));
  await mkdir(join(folder, 'channels'));
  await writeFile(join(folder, 'channels/tide.yaml'), CHANNEL_FILE);
  simulator = await startSimulator({ port: 0 });
  testDatabase = await createTestDatabase();
  const redis = testRedis();
  Object.assign(process.env, {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: simulator.url,
    SLACK_WEBHOOK_URL: `${simulator.url}/slack/services/T1/B1/secret`,
    DISCORD_WEBHOOK_URL: `${simulator.url}/discord/api/webhooks/1/secret`,
    KIE_WEBHOOK_KEY: WEBHOOK_KEY,
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    API_TOKEN: '',
  });
  app = await createGateway();
  await app.listen(0, '127.0.0.1');
  url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  database = new Database(app.get(DataSource).manager);
});
afterAll(async () => {
  await app.close();
  await testDatabase.drop();
  await simulator.app.close();
  await rm(folder, { recursive: true, force: true });
});

const query = (statement: string) => app.get(DataSource).query<Record<string, unknown>[]>(statement);
const ask = async <T>(method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
  const response = await fetch(url + path, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    body: (response.status === 204 ? {} : await response.json()) as T & { data: T; error: { code: string } },
  };
};
const messages = async () =>
  (await (await fetch(`${simulator.url}/simulator/chat/messages`)).json()) as { service: string; text: string }[];
/** What both services were told of something, once they were told that often. */
const told = (about: string, times: number) =>
  eventually(
    async () => {
      const found = (await messages()).filter(({ text }) => text.includes(about));
      return found.length >= times * 2 && found.map(({ text }) => text.split(':')[0]);
    },
    { what: `${times} messages about ${about}`, timeoutMs: 20_000 },
  );

let task: TaskRow;
beforeEach(async () => {
  const [channel] = await database.channels.list();
  const added = await database.tasks.add({
    channelId: channel?.id ?? '',
    title: `Ebb ${Math.random()}`,
    topic: '',
    storyDirection: '',
    ownScript: '',
    priority: 'normal',
    status: 'draft',
    notionPageId: null,
    requestId: null,
  });
  if (!added) throw new Error('not added');
  task = added;
});

/** Brings the task to work and stops it there. */
async function stop(failure = FAILURE): Promise<string> {
  await database.transaction(async (tx) => {
    await tx.tasks.move(task.id, 'draft', 'queued');
    for (const [index, to] of WAY.entries()) {
      const from = WAY[index - 1];
      if (from) await tx.tasks.move(task.id, from, to, { step: 'images', stepOpened: true });
    }
    await stopTask(tx, task.id, stepInfo('images'), permanent(failure), null);
  });
  const { letters } = await database.deadLetters.list({ open: true, limit: 50, offset: 0 });
  return letters.find(({ taskId }) => taskId === task.id)?.id ?? '';
}

describe('a task that stops for good', () => {
  it('is told of once in Slack and once in Discord, with what to do, and again when it goes on', async () => {
    await stop();
    expect(await told(task.title, 1)).toEqual(['Alert', 'Alert']);
    expect((await messages()).find(({ text }) => text.includes(task.title))?.text).toContain('Change the prompt.');
    expect((await ask('POST', `/api/v1/tasks/${task.id}/retry`, {})).status).toBe(200);
    expect((await told(task.title, 2)).sort()).toEqual(['Alert', 'Alert', 'Resolved', 'Resolved']);
    const { body } = await ask<{ task_id: string; state: string }[]>('GET', '/api/v1/alerts?state=resolved');
    expect(body.data.filter(({ task_id }) => task_id === task.id)).toHaveLength(1);
  });

  it('is a dead letter that one request takes back to work, and only once', async () => {
    const letter = await stop();
    const { body } = await ask<{ id: string }[]>('GET', '/api/v1/dead-letters');
    expect(body.data.find(({ id }) => id === letter)).toMatchObject({
      task_id: task.id,
      step: 'images',
      code: 'GEMINI_BLOCKED',
      message: 'blocked: SAFETY',
      user_message: 'Change the prompt.',
    });
    const redriven = await ask<{ status: string }>('POST', `/api/v1/dead-letters/${letter}/redrive`, { actor: 'ann' });
    expect([redriven.status, redriven.body.data.status]).toEqual([200, 'generating_assets']);
    expect((await ask('POST', `/api/v1/dead-letters/${letter}/redrive`, {})).body.error.code).toBe('DEAD_LETTER_CLOSED');
    expect((await ask('POST', `/api/v1/dead-letters/${task.id}/redrive`, {})).status).toBe(404);
    const all = await ask<{ id: string; closed_by: string }[]>('GET', '/api/v1/dead-letters?state=all');
    expect(all.body.data.find(({ id }) => id === letter)).toMatchObject({ closed_by: 'ann' });
  });

  it('stands on the queue page as a failed job, also after Redis was emptied, and its Retry button takes it back', async () => {
    const letter = await stop();
    const jobUrl = `/queues/api/queues/dead-letters/dead-letter-${letter}`;
    const shown = () =>
      eventually(async () => (await ask<{ job: { failedReason: string } }>('GET', jobUrl)).body.job.failedReason, {
        what: 'the letter on the queue page',
        timeoutMs: 15_000,
      });
    expect(await shown()).toBe('Change the prompt. [GEMINI_BLOCKED]');
    await app.get<Queue>(getQueueToken(DEAD_LETTER_QUEUE), { strict: false }).obliterate({ force: true });
    expect(await shown()).toBe('Change the prompt. [GEMINI_BLOCKED]');
    const retried = await fetch(`${url}${jobUrl}/retry`, { method: 'PUT' });
    expect(retried.status).toBe(204);
    await eventually(async () => (await database.tasks.get(task.id)).status === 'generating_assets', {
      what: 'the task to go on',
      timeoutMs: 10_000,
    });
    expect((await database.deadLetters.find(letter))?.closedBy).toBe('queue page');
  });
});

describe('an alert', () => {
  const alert = { kind: 'test', title: 'The tide is out', text: 'first' };

  it('is told again only when it changes, whatever number of times it is raised', async () => {
    const key = `test:${Math.random()}`;
    for (let times = 0; times < 3; times++) await database.alerts.raise({ ...alert, key, title: key });
    expect(await told(key, 1)).toEqual(['Alert', 'Alert']);
    await database.alerts.raise({ ...alert, key, title: key, text: 'second' });
    expect((await told(key, 2)).slice(2)).toEqual(['Alert, changed', 'Alert, changed']);
    await database.alerts.resolve(key);
    expect((await told(key, 3)).slice(4)).toEqual(['Resolved', 'Resolved']);
    await database.alerts.resolve(key);
    await database.alerts.raise({ ...alert, key, title: key });
    expect((await told(key, 4)).slice(6)).toEqual(['Alert', 'Alert']);
  });

  it('of which a service could not be told is told later, to that service only', async () => {
    const key = `test:${Math.random()}`;
    await fetch(`${simulator.url}/simulator/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rate: 1, kinds: ['server_error'], operations: ['message'] }),
    });
    await database.alerts.raise({ ...alert, key, title: key });
    await eventually(async () => (await query(`SELECT 1 FROM alerts WHERE key = '${key}' AND delivery_attempts > 0`)).length > 0, {
      what: 'a delivery that failed',
      timeoutMs: 15_000,
    });
    await fetch(`${simulator.url}/simulator/faults`, { method: 'DELETE' });
    expect(await told(key, 1)).toEqual(['Alert', 'Alert']);
  });

  it('is raised once for a channel that is not connected, and ends when it is', async () => {
    const failure = permanent({ code: 'OAUTH_INVALID_GRANT', message: 'revoked', userMessage: 'Connect the channel again.' });
    const channel = await database.channels.get(task.channelId);
    for (let item = 0; item < 3; item++) await database.transaction((tx) => reportDisconnection(tx, channel, failure));
    const open = async () => (await database.alerts.list({ state: 'open', limit: 50, offset: 0 })).alerts.map(({ key }) => key);
    const key = `channel_disconnected:${task.channelId}`;
    expect((await open()).filter((one) => one === key)).toHaveLength(1);
    const connected = await ask('PUT', `/api/v1/channels/${task.channelId}/oauth-token`, {
      channel_id: 'UCsimulatedchannel000001',
      refresh_token: 'r',
      access_token: 'a',
      expires_at: new Date().toISOString(),
      scopes: ['youtube.upload'],
    });
    expect(connected.status).toBe(204);
    expect(await open()).not.toContain(key);
  });

  it('says once that a provider limits us or that its quota is used up', async () => {
    const limited = transient({ code: 'GEMINI_RESOURCE_EXHAUSTED', message: '429', userMessage: 'slower', rateLimited: true });
    const used = quotaExhausted({ code: 'GEMINI_DAY_EXHAUSTED', message: 'day', userMessage: 'tomorrow' });
    await database.transaction(async (tx) => {
      for (const failure of [limited, limited, used, used]) await reportLimit(tx, failure, task.channelId);
    });
    const open = (await database.alerts.list({ state: 'open', limit: 50, offset: 0 })).alerts;
    expect(open.map(({ key, version }) => [key, version])).toEqual(
      expect.arrayContaining([
        ['rate_limited:gemini', 1],
        ['quota_exhausted:gemini_day_exhausted', 1],
      ]),
    );
  });
});

describe('the watch', () => {
  const keys = async (state: 'open' | 'resolved') =>
    (await database.alerts.list({ state, limit: 200, offset: 0 })).alerts.map(({ key }) => key);

  it('sees a service that has fallen silent, and that it is back', async () => {
    await query(`UPDATE heartbeats SET beat_at = now()`);
    await query(`UPDATE heartbeats SET beat_at = now() - interval '6 minutes' WHERE service IN ('video', 'reconciler')`);
    await app.get(Watch).look();
    expect((await keys('open')).filter((key) => key.startsWith('service_silent')).sort()).toEqual([
      'service_silent:reconciler',
      'service_silent:video',
    ]);
    await database.heartbeats.beat('video', 'reconciler');
    await app.get(Watch).look();
    expect((await keys('open')).filter((key) => key.startsWith('service_silent'))).toEqual([]);
    expect(await keys('resolved')).toContain('service_silent:video');
  });

  it('sees work that was due for long and that nobody does', async () => {
    await database.transaction(async (tx) => {
      await tx.tasks.move(task.id, 'draft', 'queued');
      for (const [index, to] of WAY.entries()) {
        const from = WAY[index - 1];
        if (from) await tx.tasks.move(task.id, from, to, { step: 'images', stepOpened: true });
      }
    });
    const input = { key: 'whale', role: 'prop' as const, prompt: '', references: [] };
    const image = { channelId: task.channelId, taskId: task.id, step: 'images', kind: 'image', revision: 1, input } as const;
    await database.artifacts.add([{ ...image, position: 0 }]);
    await query(`UPDATE artifacts SET next_at = now() - interval '6 minutes' WHERE task_id = '${task.id}'`);
    await app.get(Watch).look();
    expect(await keys('open')).toContain('queue_stuck:asset');
    await query(
      `UPDATE artifacts SET state = 'running', lease_token = gen_random_uuid(), lease_until = now() + interval '1 minute' WHERE task_id = '${task.id}'`,
    );
    await app.get(Watch).look();
    expect(await keys('open')).not.toContain('queue_stuck:asset');
  });
});

describe("KIE's callback", () => {
  /** The headers that KIE signs a job's callback with. */
  const signed = (taskId: string, { key = WEBHOOK_KEY, age = 0 } = {}) => {
    const timestamp = String(Math.floor(Date.now() / 1_000) - age);
    const signature = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest('base64');
    return { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature };
  };

  it('gives an item the job whose submission was never answered, and is no way in for others', async () => {
    const clip = { channelId: task.channelId, taskId: task.id, step: 'clips', kind: 'clip', revision: 1, input: {} as never } as const;
    await database.artifacts.add([{ ...clip, position: 0 }]);
    const [item] = await database.artifacts.ofStep(task.id, 'clips');
    const call = await intendCall(app.get(DataSource), {
      channelId: task.channelId,
      taskId: task.id,
      artifactId: item?.id ?? '',
      provider: 'kie',
      operation: 'clip',
      amountUsd: 0.42,
      simulated: true,
    });
    const path = `/webhook/kie/${call.id}`;
    expect((await ask('POST', '/webhook/kie/00000000-0000-4000-8000-000000000000', { data: { taskId: 'x' } })).status).toBe(404);
    expect((await ask('POST', '/webhook/kie/nothing', { data: { taskId: 'x' } })).status).toBe(404);
    expect((await ask('POST', path, { data: { taskId: '../../x' } })).status).toBe(400);
    const send = async (taskId: string, headers: Record<string, string>) =>
      (await ask('POST', path, { code: 200, data: { taskId } }, headers)).status;
    expect(await send('task_kling_1', {})).toBe(401);
    expect(await send('task_kling_1', signed('task_kling_0'))).toBe(401);
    expect(await send('task_kling_1', signed('task_kling_1', { key: 'another' }))).toBe(401);
    expect(await send('task_kling_1', signed('task_kling_1', { age: 301 }))).toBe(401);
    expect((await database.artifacts.find(item?.id ?? ''))?.providerJobId).toBeNull();
    const heard: string[] = [];
    const quiet = app.get(ProviderLimits).listen('task_kling_1', () => heard.push('news'));
    await eventually(async () => (await send('task_kling_1', signed('task_kling_1'))) === 200 && heard.length > 0, {
      what: 'the news',
      timeoutMs: 10_000,
    });
    quiet();
    expect(await send('task_kling_2', signed('task_kling_2'))).toBe(200);
    expect(await database.artifacts.find(item?.id ?? '')).toMatchObject({ providerJobId: 'task_kling_1', costUsd: 0.42 });
    const { body } = await ask<object[]>('GET', `/api/v1/video-costs?artifact_id=${item?.id ?? ''}`);
    expect(body.data).toEqual([expect.objectContaining({ state: 'billed', provider_job_id: 'task_kling_1', amount_usd: 0.42 })]);
    const days = await ask<{ channel_id: string; calls: number }[]>('GET', '/api/v1/video-costs/days?days=1');
    expect(days.body.data).toEqual([expect.objectContaining({ channel_id: task.channelId, calls: 1, amount_usd: 0.42, lost_usd: 0 })]);
  });
});
