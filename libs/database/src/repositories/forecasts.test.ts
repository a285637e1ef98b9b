import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ItemKind, Status } from '#pipeline';
import { createTestDatabase, eventually, intendCall, reads, type TestDatabase } from '#testing';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../data-source.js';
import { Database } from '../database.js';
import { BEGUN_VIDEOS, PACES, QUEUED_BEFORE, QUEUED_VIDEOS } from './forecasts.js';

jest.setTimeout(120_000);

const CHANNELS = 20;
const MANY = 10_000;
/** Items of each published video. */
const ITEMS = 6;

let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let channelId: string;

/** As many queued as published, most of them of one channel; the published ones have items that were made in 3 s. */
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
  await database.channels.save(
    Array.from({ length: CHANNELS }, (_, index) => ({ key: `channel_${index}`, settings: { name: `${index}` } as never })),
  );
  channelId = (await database.channels.findByName('channel_0'))?.id ?? '';
  const add = (status: string) =>
    dataSource.query(
      `INSERT INTO tasks (channel_id, title, status, queued_at, published_at)
       SELECT channels.id, repeat('x', 200), $1, now() - number * interval '1 second', CASE WHEN $1 = 'published' THEN now() END
       FROM generate_series(1, $2::int) AS number
       JOIN channels ON channels.key = 'channel_' || CASE WHEN number % 10 = 0 THEN number / 10 % ${CHANNELS} ELSE 0 END`,
      [status, MANY],
    );
  await add('queued');
  await add('published');
  await dataSource.query(
    `INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, input, path, checksum, made_in_ms)
     SELECT channel_id, id, 'images', 'image', position, 'ready', '{}', 'p', 'x', 3000 FROM tasks CROSS JOIN generate_series(1, ${ITEMS}) AS position
     WHERE status = 'published'`,
  );
});
afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});

async function addTask(status: Status, values: { priority?: number; generation?: number; secondsAgo?: number } = {}): Promise<string> {
  const { priority = 1, generation = 0, secondsAgo = 0 } = values;
  const [row] = await dataSource.query<{ id: string }[]>(
    `INSERT INTO tasks (channel_id, title, status, priority, step_generation, queued_at)
     VALUES ($1, 'x', $2, $3, $4, now() - $5 * interval '1 second') RETURNING id`,
    [channelId, status, priority, generation, secondsAgo],
  );
  return row?.id ?? '';
}

async function addItem(taskId: string, kind: ItemKind, values: Record<string, unknown> = {}): Promise<string> {
  const row = { channel_id: channelId, task_id: taskId, step: `${kind}s`, kind, position: 0, input: '{}', ...values };
  const columns = Object.keys(row);
  const [added] = await dataSource.query<{ id: string }[]>(
    `INSERT INTO artifacts (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')}) RETURNING id`,
    Object.values(row),
  );
  return added?.id ?? '';
}

describe('with ten thousand videos queued and as many published', () => {
  const begun: string[] = [];
  beforeAll(async () => {
    for (let index = 0; index < 10; index++) {
      const id = await addTask(index < 5 ? 'generating_video' : 'assets_ready');
      begun.push(id);
      for (let position = 0; position < 20; position++)
        await addItem(id, 'clip', { position, input: '{"seconds":5}', ...(position < 10 && { state: 'ready', path: 'p', checksum: 'x' }) });
    }
    // While Postgres itself is looking at something, the newest rows do not count as seen by everybody, which the plan depends on.
    await eventually(
      async () => {
        await dataSource.query('VACUUM ANALYZE tasks');
        const [table] = await dataSource.query<{ seen: boolean }[]>(
          `SELECT relallvisible >= relpages AS seen FROM pg_class WHERE relname = 'tasks'`,
        );
        return table?.seen;
      },
      { what: 'every page of the tasks to count as seen', timeoutMs: 30_000 },
    );
    await dataSource.query('ANALYZE artifacts, video_costs');
  });
  afterAll(() => dataSource.query('DELETE FROM tasks WHERE id = ANY($1)', [begun]));

  it('those that are queued are counted without a look at the published', async () => {
    const { how, rows } = await reads(dataSource, 'tasks', QUEUED_VIDEOS, []);
    expect(how).toEqual(['Index Only Scan']);
    expect(rows).toBe(MANY);
  });

  it('those in work are read from indexes, and no item of another video', async () => {
    const [tasks, items] = [await reads(dataSource, 'tasks', BEGUN_VIDEOS, []), await reads(dataSource, 'artifacts', BEGUN_VIDEOS, [])];
    expect([...tasks.how, ...items.how].filter((scan) => scan === 'Seq Scan')).toEqual([]);
    expect([tasks.rows, items.rows]).toEqual([10, 200]);
  });

  it('how long items take is read off the latest of each kind', async () => {
    const { how, rows } = await reads(dataSource, 'artifacts', PACES, [
      ['image', 'clip'],
      [false, false],
    ]);
    expect(how).toEqual(['Index Scan']);
    expect(rows).toBeLessThanOrEqual(50);
  });

  it("a video's place is counted in its own channel's line", async () => {
    const [last] = await dataSource.query<{ id: string }[]>(
      `SELECT id FROM tasks WHERE status = 'queued' AND channel_id = $1 ORDER BY queued_at DESC LIMIT 1`,
      [channelId],
    );
    const { how, rows } = await reads(dataSource, 'tasks', QUEUED_BEFORE, [last?.id]);
    expect(how.filter((scan) => scan === 'Seq Scan')).toEqual([]);
    expect(rows).toBeLessThanOrEqual(MANY);
    const { queued } = await database.forecasts.unpublished();
    const inLine = queued.find((some) => some.channelId === channelId)?.count ?? 0;
    expect(await database.forecasts.queuedBefore(last?.id ?? '')).toBe(inLine - 1);
    expect(queued.reduce((sum, { count }) => sum + count, 0)).toBe(MANY);
  });
});

describe('what is left', () => {
  afterAll(() => dataSource.query(`DELETE FROM tasks WHERE title = 'x'`));

  it('of each video in work is its unfinished items and its estimate; one that is queued again is among them, one that rests is not', async () => {
    const again = await addTask('queued', { generation: 2, priority: 0 });
    const waiting = await addTask('video_ready', { secondsAgo: 60 });
    const working = await addTask('generating_video', { secondsAgo: 30 });
    for (const status of ['draft', 'video_error'] as const) await addItem(await addTask(status, { generation: 3 }), 'clip');
    const estimate = { scenes: 2, images: 3, seconds: 9, usd: 1.5 };
    const ready = { state: 'ready', path: 'p', checksum: 'x' };
    await addItem(again, 'storyboard', { step: 'storyboard', ...ready, result: JSON.stringify({ estimate, storyboard: {} }) });
    await addItem(again, 'image', ready);
    const lease = { lease_token: randomUUID(), lease_until: new Date(Date.now() + 60_000) };
    await addItem(working, 'clip', { state: 'running', ...lease, started_at: new Date(Date.now() - 5_000), provider_job_id: 'job' });
    await addItem(working, 'clip', { position: 1, input: '{"seconds":10,"motion":"slow push in"}' });
    const called = await addItem(working, 'clip', { position: 2 });
    await addItem(working, 'clip', { position: 3, state: 'superseded' });
    await addItem(working, 'clip', { position: 3, revision: 2, ...ready });
    const call = { channelId, taskId: working, artifactId: called, provider: 'kie', operation: 'clip', amountUsd: 1, simulated: true };
    await intendCall(dataSource, call);

    const { queued, begun } = await database.forecasts.unpublished();
    expect(begun.map(({ id, priority }) => [id, priority])).toEqual([
      [waiting, 'normal'],
      [working, 'normal'],
      [again, 'high'],
    ]);
    expect(queued.some(({ priority }) => priority === 'high')).toBe(false);
    expect(begun[2]).toMatchObject({ channelId, status: 'queued', estimate, kinds: ['image', 'storyboard'], unfinished: [] });
    expect(begun[0]).toMatchObject({ estimate: null, kinds: [], unfinished: [] });
    const left = begun[1]?.unfinished.map(({ kind, input, isPaid, runningMs }) => [kind, input, isPaid, runningMs]);
    expect(left).toHaveLength(3);
    expect(left).toEqual(
      expect.arrayContaining([
        ['clip', {}, true, expect.any(Number)],
        ['clip', { seconds: 10 }, false, null],
        ['clip', {}, true, null],
      ]),
    );
    expect(await database.forecasts.video(again)).toEqual(begun[2]);
  });
});

describe('how long items take', () => {
  const taken = async (id: string) => {
    const [row] = await dataSource.query<{ made_in_ms: number | null }[]>('SELECT made_in_ms FROM artifacts WHERE id = $1', [id]);
    return row?.made_in_ms ?? null;
  };
  const startedAgo = (id: string, seconds: number) =>
    dataSource.query(`UPDATE artifacts SET started_at = now() - $2 * interval '1 second' WHERE id = $1`, [id, seconds]);
  const made = { path: 'p', checksum: 'x', bytes: 1, durationMs: null, result: { model: 'm' }, simulated: true, findings: [] };
  /** Claims an item, lets so much time pass (s) and commits it, or puts it off. */
  async function work(id: string, seconds: number, jobId: string | null, end: 'commit' | 'put off'): Promise<void> {
    const token = randomUUID();
    await dataSource.query('UPDATE artifacts SET handed_at = now() WHERE id = $1', [id]);
    const artifact = await database.artifacts.find(id);
    expect(await database.artifacts.claim(id, artifact?.generation ?? 0, token, 60_000)).not.toBeNull();
    if (jobId && !artifact?.providerJobId) await database.artifacts.submitted(id, token, jobId);
    const [row] = await dataSource.query<{ seconds: number }[]>(
      'SELECT extract(epoch FROM now() - started_at)::float8 AS seconds FROM artifacts WHERE id = $1',
      [id],
    );
    await startedAgo(id, seconds + (row?.seconds ?? 0));
    const error = { code: 'LATER', message: '', endsJob: false };
    if (end === 'commit') await database.artifacts.commit(id, token, made);
    else await database.artifacts.putOff(id, token, new Date(0), error, false);
  }

  it('counts from when it was begun, or its job was; a try that came to nothing does not count', async () => {
    const task = await addTask('generating_video');
    await dataSource.query(`UPDATE tasks SET step = 'clips', step_opened = true, items_left = 2 WHERE id = $1`, [task]);
    const clip = await addItem(task, 'clip');
    await work(clip, 100, 'job', 'put off');
    await work(clip, 20, 'job', 'commit');
    expect(await taken(clip)).toBeGreaterThanOrEqual(120_000);
    expect(await taken(clip)).toBeLessThan(125_000);
    const other = await addItem(task, 'clip', { position: 1 });
    await work(other, 100, null, 'put off');
    await work(other, 20, null, 'commit');
    expect(await taken(other)).toBeLessThan(25_000);
  });

  it('and how many of them a provider takes at once, as long as it has said so lately', async () => {
    await dataSource.query(
      `INSERT INTO lanes (name, said, said_at) VALUES ('elevenlabs', 4, now()), ('kie', 3, now() - interval '2 hours'), ('gemini', NULL, NULL)`,
    );
    expect(await database.forecasts.saidPlaces()).toEqual(new Map([['elevenlabs', 4]]));
  });

  it('is said by kind, once enough were made, and of the simulator apart from real ones', async () => {
    const paces = (simulated: boolean) =>
      database.forecasts.paces([
        { kind: 'image', simulated },
        { kind: 'clip', simulated },
      ]);
    expect(await paces(false)).toEqual(new Map([['image', 3_000]]));
    expect(await paces(true)).toEqual(new Map());
  });
});
