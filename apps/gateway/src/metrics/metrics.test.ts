import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '#database';
import { STAGE_NAMES, STATUSES, type Status, type StepName } from '#pipeline';
import { notionJob } from '#stage';
import { createTestDatabase, intendCall, testRedis, type TestDatabase } from '#testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DataSource } from 'typeorm';
import { Forecasts } from '../forecast/forecasts.js';
import { HousekeepingWorker } from '../housekeeping/housekeeping.worker.js';
import { createGateway } from '../main.js';
import { Metrics } from './metrics.js';

const CHANNEL_FILE = `name: Tide\nlanguage: en\nvoice_id: JBFqnCBsd6RMkjVDRZzb\nstyle: blue\natmosphere: calm\nscenes: 3
youtube:\n  channel_id: UCsimulatedchannel000001\n  privacy: private\n  category_id: '28'\n  made_for_kids: false\n  synthetic_media: true\n`;
const TOKEN = 'the token of the test';

let folder: string;
let testDatabase: TestDatabase;
let app: NestExpressApplication;
let database: Database;
let url: string;
let channelId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metrics-'));
  await mkdir(join(folder, 'channels'));
  await writeFile(join(folder, 'channels/tide.yaml'), CHANNEL_FILE);
  testDatabase = await createTestDatabase();
  const redis = testRedis();
  Object.assign(process.env, {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: '',
    YOUTUBE_UPLOADS_A_DAY: '3',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    API_TOKEN: TOKEN,
  });
  app = await createGateway();
  await app.listen(0, '127.0.0.1');
  // Nobody tidies up what is counted here.
  await app.get(HousekeepingWorker).worker.pause();
  url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  database = new Database(app.get(DataSource).manager);
  channelId = (await database.channels.findByName('tide'))?.id ?? '';
}, 60_000);
afterAll(async () => {
  await app.close();
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

const query = <T>(statement: string, values: unknown[] = []) => app.get(DataSource).query<T[]>(statement, values);
const ask = (path: string) => fetch(url + path, { headers: { authorization: `Bearer ${TOKEN}` } });

async function addTask(status: Status, step: StepName | null, publishedAt: Date | null = null): Promise<string> {
  const [row] = await query<{ id: string }>(
    `INSERT INTO tasks (channel_id, title, status, step, step_opened, published_at) VALUES ($1, 'x', $2, $3::text, $3 IS NOT NULL, $4) RETURNING id`,
    [channelId, status, step, publishedAt],
  );
  return row?.id ?? '';
}

describe('GET /metrics', () => {
  it('counts what waits, what is made, what it has cost and who is silent; nothing for a single video', async () => {
    const taskId = await addTask('generating_video', 'clips');
    await query(
      `INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, next_at, lease_token, lease_until, input)
       SELECT $1, $2, 'clips', 'clip', position, CASE position WHEN 0 THEN 'running' WHEN 4 THEN 'failed' ELSE 'due' END,
         now() - position * interval '1 minute' + CASE position WHEN 3 THEN interval '1 day' ELSE interval '0' END, gen_random_uuid(), now() + interval '1 hour', '{"seconds":5}'
       FROM generate_series(0, 4) AS position`,
      [channelId, taskId],
    );
    const [clip] = await database.artifacts.ofStep(taskId, 'clips');
    const call = { channelId, taskId, artifactId: clip?.id ?? '', provider: 'kie', operation: 'clip', amountUsd: 0.42, simulated: true };
    const { id } = await intendCall(app.get(DataSource), call);
    await database.costs.settle(id, { state: 'billed' });
    await database.webhookEvents.add([{ eventId: 'event', type: 'page.created', payload: {} }], notionJob('work_inbox', 'inbox', {}));
    await database.alerts.raise({ kind: 'rate_limited', key: 'rate_limited:kie', title: '', text: '' });

    const response = await ask('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    const value = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length),
      );
    expect(value('videos_stage_queue_depth{stage="video"}')).toBe(2);
    expect(value('videos_stage_queue_depth{stage="audio"}')).toBe(0);
    expect(value('videos_stage_queue_oldest_seconds{stage="video"}')).toBeGreaterThanOrEqual(120);
    expect(value('videos_tasks{status="generating_video"}')).toBe(1);
    expect(['due', 'running', 'failed'].map((state) => value(`videos_items{step="clips",state="${state}"}`))).toEqual([3, 1, 1]);
    expect(value('videos_cost_today_usd{provider="kie"}')).toBe(0.42);
    expect(value('videos_webhook_inbox_depth')).toBe(1);
    expect(value('videos_forecast_finish_seconds')).toBeGreaterThan(0);
    expect(value('videos_forecast_usd')).toBeGreaterThan(0);
    expect(value('videos_notion_behind_depth')).toBe(0);
    expect(value('videos_alerts_open{kind="rate_limited"}')).toBe(1);
    for (const service of [...STAGE_NAMES, 'reconciler'])
      expect(value(`videos_heartbeat_age_seconds{service="${service}"}`)).toBeGreaterThanOrEqual(0);
    for (const status of STATUSES) expect(value(`videos_tasks{status="${status}"}`)).toBeGreaterThanOrEqual(0);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(text).not.toContain(taskId);
  });

  it('counts once for all who ask at about the same time, and forgets what is over', async () => {
    const metrics = new Metrics(database, app.get(Forecasts));
    const before = await Promise.all([metrics.text(), metrics.text()]);
    await addTask('video_error', 'clips');
    await database.alerts.resolve('rate_limited:kie');
    expect(await metrics.text()).toBe(before[0]);
    const later = await new Metrics(database, app.get(Forecasts)).text();
    expect(later).toContain('videos_tasks{status="video_error"} 1');
    expect(later).not.toContain('rate_limited"');
  });

  it('is told to nobody without the token', async () => {
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
  });
});

describe('GET /api/v1/youtube-quota', () => {
  const quota = async () => ((await (await ask('/api/v1/youtube-quota')).json()) as { data: Record<string, unknown> }).data;

  it('says what is left of today, and on which day the last of those that wait goes up', async () => {
    const today = await quota();
    expect(today).toEqual({
      day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      resets_at: expect.stringMatching(/T0[78]:00:00\.000Z$/),
      uploads_limit: 3,
      uploads_used: 0,
      uploads_remaining: 3,
      units_limit: 10_000,
      units_used: 0,
      units_remaining: 10_000,
      units_owed: 0,
      calls: {},
      waiting: 0,
    });
    const reset = new Date(String(today.resets_at)).getTime();
    expect(reset).toBeGreaterThan(Date.now());
    expect(reset).toBeLessThanOrEqual(Date.now() + 25 * 3_600_000);
    const limits = { uploads: 3, units: 10_000 };
    for (let upload = 0; upload < 2; upload++)
      await database.youtubeQuota.spendUpload(
        { project: 'simulated', day: String(today.day) },
        { releaseUnits: 53, limits, now: new Date() },
      );
    const after = (days: number) => new Date(Date.parse(`${String(today.day)}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
    await addTask('uploading', 'publication');
    expect(await quota()).toMatchObject({ uploads_used: 2, uploads_remaining: 1, waiting: 1, last_upload_on: after(0) });
    await addTask('approved', 'publication');
    expect(await quota()).toMatchObject({ waiting: 2, last_upload_on: after(1) });
    for (let more = 0; more < 3; more++) await addTask('approved', 'publication');
    expect(await quota()).toMatchObject({ waiting: 5, last_upload_on: after(2), units_owed: 5 * 553, calls: { 'videos.insert': 2 } });
  });
});
