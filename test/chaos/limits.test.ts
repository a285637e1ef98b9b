import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, testRedis, type TestDatabase } from '#testing';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { call, type DemoTask } from '../../apps/local/src/gateway-client.js';
import { Installation } from '../installation/installation.js';

const LONG_MS = 600_000;
const CHANNELS = ['north', 'south', 'west'];
const VIDEOS = 6;
const SCENES = 3;
/** Processes of each stage that asks a provider, and how many are killed. */
const PROCESSES = 3;
const KILLS = 14;
const STAGES = ['asset', 'video', 'audio', 'sfx'];
const LIMITS = { gemini: 4, kie: 3, elevenlabs: 3 };
/** A killed process's items are somebody else's by then (ms): its lease, and the sweep that finds it run out. */
const BACK_WITHIN_MS = 15_000;
const LEASE_MS = 9_000;

let folder: string;
let database: TestDatabase;
let installation: Installation;
let client: Client;
let redis: { url: string; prefix: string };
/** Items that were taken from killed processes. */
let takenBack = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limits-'));
  database = await createTestDatabase();
  redis = testRedis();
  installation = await Installation.start({
    folder,
    databaseUrl: database.url,
    redisUrl: redis.url,
    queuePrefix: redis.prefix,
    channels: CHANNELS.map((key, index) => ({ key, youtubeChannelId: `UCsimulatedchannel00000${index + 1}`, scenes: SCENES })),
    environment: {
      GEMINI_AT_ONCE: String(LIMITS.gemini),
      KIE_AT_ONCE: String(LIMITS.kie),
      ELEVENLABS_AT_ONCE: String(LIMITS.elevenlabs),
      RETRY_LADDER_SECONDS: '1,1,1,1,1,1,1,1',
    },
    onLine: (_process, line) => (takenBack += Number(/"items_recalled","leases_expired":(\d+)/.exec(line)?.[1] ?? 0)),
  });
  for (const stage of STAGES) for (let index = 2; index <= PROCESSES; index++) await installation.launch(`${stage}.${index}`);
  client = new Client({ connectionString: database.url });
  await client.connect();
}, LONG_MS);
afterAll(async () => {
  await client.end();
  await installation.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, LONG_MS);

const simulator = <T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object) =>
  call<T>(method, `${installation.simulatorUrl}/simulator/${path}`, body);
const api = <T>(method: 'GET' | 'POST', path: string, body?: object) => call<T>(method, `${installation.gatewayUrl}/api/v1/${path}`, body);
const ask = async <T extends object>(statement: string) => (await client.query<T>(statement)).rows;

/** Approves whatever waits for a person. */
async function approveAll(): Promise<void> {
  for (const { id, status } of await api<DemoTask[]>('GET', 'tasks'))
    if (['assets_ready', 'video_ready', 'audio_ready'].includes(status)) await api('POST', `tasks/${id}/approve`, {});
}

it(
  'no provider is ever asked for more than it may be, with three processes a stage that are killed; what they held is back within 15 s',
  async () => {
    await simulator('PUT', 'latency', { seconds: { storyboard: 0.5, image: 1, clip: 4, narration: 1, sound_effect: 1 } });
    for (let video = 0; video < VIDEOS; video++) {
      const channel = CHANNELS[video % CHANNELS.length] ?? '';
      await simulator('POST', 'notion/rows', { title: `Video ${video}`, channel, topic: 'x', status: 'Queued' });
    }
    let [latestMs, kills] = [0, 0];
    const flushed = new Redis(redis.url);
    for (let finished = false; !finished;) {
      await approveAll();
      const [late] = await ask<{ ms: number }>(
        `SELECT coalesce(max(extract(epoch FROM now() - lease_until)) * 1000, 0)::float8 AS ms FROM artifacts WHERE state = 'running'`,
      );
      latestMs = Math.max(latestMs, LEASE_MS + (late?.ms ?? 0));
      if (kills < KILLS) {
        const victim = `${STAGES[kills % STAGES.length]}${['', '.2', '.3'][(kills * 7) % PROCESSES]}`;
        await installation.kill(victim);
        await sleep(700);
        await installation.launch(victim);
        kills += 1;
        // Nobody's places are in Redis.
        if (kills === KILLS / 2) for (const key of await flushed.keys(`${redis.prefix}*`)) await flushed.del(key);
      }
      const tasks = await api<DemoTask[]>('GET', 'tasks');
      const stopped = tasks.find(({ status }) => status.endsWith('_error'));
      if (stopped) throw new Error(`${stopped.title}: ${stopped.status} ${stopped.error_message ?? ''}`);
      finished = kills === KILLS && tasks.length === VIDEOS && tasks.every(({ status }) => status === 'final_review');
      if (!finished) await sleep(300);
    }
    flushed.disconnect();

    const counts = await simulator<Record<string, { now: number; most: number }>>('GET', 'at-once');
    const most = Object.fromEntries(Object.entries(counts).map(([provider, count]) => [provider, count.most]));
    // Each was full at some time, and never more than that.
    expect(most).toEqual(LIMITS);
    expect(takenBack).toBeGreaterThan(0);
    expect(latestMs).toBeLessThan(BACK_WITHIN_MS);
    // A place that nobody holds is nobody's.
    expect(await ask(`SELECT id FROM artifacts WHERE place_until IS NOT NULL`)).toEqual([]);
  },
  LONG_MS,
);
