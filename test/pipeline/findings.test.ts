import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Finding, Status } from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import { call, type DemoTask } from '../../apps/local/src/gateway-client.js';
import { Installation } from '../installation/installation.js';

/** A killed worker's lease has to run out, twice (ms). */
const LONG = 300_000;
const SCENES = 2;

interface Row {
  id: string;
  title: string;
  progress: string;
}
type Item = DemoTask['items'][number] & { position: number; findings: Finding[]; remade: boolean; cost_usd: number };
interface Task extends DemoTask {
  items: Item[];
}

let folder: string;
let database: TestDatabase;
let installation: Installation;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'findings-'));
  database = await createTestDatabase();
  const { url, prefix } = testRedis();
  installation = await Installation.start({
    folder,
    databaseUrl: database.url,
    redisUrl: url,
    queuePrefix: prefix,
    channels: [{ key: 'north', youtubeChannelId: 'UCsimulatedchannel000003', scenes: SCENES }],
  });
}, LONG);
afterAll(async () => {
  await installation.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, LONG);

const simulator = <T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
  call<T>(method, `${installation.simulatorUrl}/simulator/${path}`, body);
const api = <T>(method: 'GET' | 'POST', path: string, body?: object) => call<T>(method, `${installation.gatewayUrl}/api/v1/${path}`, body);
const billed = async () => (await simulator<object[]>('GET', 'calls?provider=kie&operation=clip')).length;
const order = (times: number) => simulator('PUT', 'scenarios', { operation: 'clip', answer: 'black', times });

async function reaches(id: string, status: Status): Promise<Task> {
  const found = await eventually(
    async () => {
      const now = await api<Task>('GET', `tasks/${id}`);
      return (now.status === status || now.status.endsWith('_error')) && now;
    },
    { what: `${id} to become ${status}`, timeoutMs: LONG },
  );
  if (found.status !== status) throw new Error(`${found.status}: ${found.error_message ?? ''}`);
  return found;
}

/** A video whose images are approved, and its row. */
async function withImagesApproved(title: string): Promise<{ id: string; row: string }> {
  const { id: row } = await simulator<{ id: string }>('POST', 'notion/rows', { title, channel: 'north', topic: title, status: 'Queued' });
  const { id } = await eventually(async () => (await api<Task[]>('GET', 'tasks')).find((task) => task.title === title), {
    what: `a task called ${title}`,
    timeoutMs: 30_000,
  });
  await reaches(id, 'assets_ready');
  await api('POST', `tasks/${id}/approve`, {});
  return { id, row };
}

/** What the row says of how far the video is, once it is at that gate. */
async function progressOf(row: string, begins: string): Promise<string[]> {
  const { progress } = await eventually(
    async () => (await simulator<Row[]>('GET', 'notion/rows')).find((one) => one.id === row && one.progress.startsWith(begins)),
    { what: `the row to say ${begins}`, timeoutMs: 30_000 },
  );
  return progress.split('\n');
}

const clipsOf = ({ items }: Task) => items.filter(({ kind }) => kind === 'clip');

it(
  'a clip that comes out black is made again by itself, once, and is paid for twice',
  async () => {
    await order(1);
    const { id, row } = await withImagesApproved('The Heron');
    const task = await reaches(id, 'video_ready');
    expect(await billed()).toBe(SCENES + 1);
    const clips = clipsOf(task);
    expect(clips.map(({ findings }) => findings)).toEqual([[], []]);
    const [again, ...more] = clips.filter(({ remade }) => remade);
    expect(more).toEqual([]);
    const [once] = clips.filter(({ remade }) => !remade);
    expect(again?.revision).toBe(1);
    // Both are of the same length, or the price would differ for that.
    expect((again?.cost_usd ?? 0) / (again?.duration_ms ?? 0)).toBeCloseTo((2 * (once?.cost_usd ?? 0)) / (once?.duration_ms ?? 0), 5);
    const costs = await api<{ state: string; amount_usd: number }[]>('GET', `video-costs?task_id=${id}&limit=200`);
    expect(costs.map(({ state }) => state)).toEqual(costs.map(() => 'billed'));
    expect(task.cost_usd).toBeCloseTo(
      costs.reduce((sum, { amount_usd }) => sum + amount_usd, 0),
      5,
    );
    const log = await api<{ action: string; details: object }[]>('GET', `audit-logs?task_id=${id}`);
    expect(log.filter(({ action }) => action === 'item_made_again')).toMatchObject([
      { details: { artifact_id: again?.id, findings: [{ code: 'black', grave: true }] } },
    ]);
    expect(await progressOf(row, 'clips 2/2')).toHaveLength(1);
  },
  LONG,
);

it(
  'clips that are black always are paid for twice, whenever their worker is killed, and are shown with what is wrong with them',
  async () => {
    const before = await billed();
    const crash = (at: string) => ({
      NODE_OPTIONS: `--import=${resolve('test/chaos/crash-at.mjs')}`,
      CRASH_AT: at,
      CRASH_MARK: join(folder, `crash-at-${at}`),
    });
    const dead = () => eventually(() => Promise.resolve(!installation.isRunning('video')), { what: 'the kill', timeoutMs: 120_000 });
    await order(1_000);
    await installation.terminate('video');
    // The composites pass there first; then a clip has been found black, which is recorded nowhere yet.
    await installation.launch('video', crash(`file_checked:${SCENES}`));
    const { id, row } = await withImagesApproved('The Wolf');
    await dead();
    // It is recorded that one is made again, and nobody has begun.
    await installation.launch('video', crash('remake_recorded'));
    await dead();
    await installation.launch('video');
    const task = await reaches(id, 'video_ready');
    expect((await billed()) - before).toBe(2 * SCENES);
    const clips = clipsOf(task);
    const black = { code: 'black', grave: true, from_ms: 0, message: expect.stringMatching(/^Black from 0\.0 to \d+\.0 s$/) };
    expect(clips).toMatchObject(clips.map(() => ({ state: 'ready', remade: true, findings: [black] })));
    expect(await progressOf(row, 'clips 2/2')).toEqual([
      expect.stringMatching(/^clips 2\/2; /),
      expect.stringMatching(/^Clip 1: black from 0\.0 to \d+\.0 s$/),
      expect.stringMatching(/^Clip 2: black from 0\.0 to \d+\.0 s$/),
    ]);
    await api('POST', `tasks/${id}/approve`, { reviewer: 'ann' });
    const [review] = await api<{ shown: { artifact_id: string; findings?: Finding[] }[] }[]>(
      'GET',
      `reviews?task_id=${id}&gate=video_ready`,
    );
    expect(review?.shown).toMatchObject(clips.map(({ id: artifact_id }) => ({ artifact_id, findings: [black] })));
  },
  LONG,
);
