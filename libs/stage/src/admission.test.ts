import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings, type ChannelSettings } from '#config';
import { Database, dataSourceOptions, type TaskRow } from '#database';
import { PRIORITIES, type Priority } from '#pipeline';
import { createTestDatabase, type TestDatabase } from '#testing';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { Admission } from './admission.js';
import type { OutboxRelay } from './outbox-relay.js';

let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
});
afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});
afterEach(() => clear());

const clear = () => dataSource.query('TRUNCATE channels CASCADE');
const admissionOf = (atOnce: number, more: Record<string, string> = {}) =>
  new Admission(database, { wake: () => undefined } as OutboxRelay, readSettings({ TASKS_IN_WORK: String(atOnce), ...more }));

async function addChannel(key: string, settings: Partial<ChannelSettings> = {}): Promise<string> {
  const [added] = await database.channels.save([{ key, settings: { name: key, ...settings } as ChannelSettings }]);
  return added?.id ?? '';
}

async function queue(channelId: string, priorities: readonly Priority[]): Promise<void> {
  if (priorities.length === 0) return;
  await dataSource.query(
    `INSERT INTO tasks (channel_id, title, status, priority, queued_at)
     SELECT $1, 'x', 'queued', priority, clock_timestamp() FROM unnest($2::smallint[]) AS priority`,
    [channelId, priorities.map((priority) => PRIORITIES.indexOf(priority))],
  );
}

const tasks = async (status: TaskRow['status']) => (await database.tasks.list({ statuses: [status], limit: 1_000, offset: 0 })).tasks;
const countBy = (rows: readonly TaskRow[], channelId: string) => rows.filter((task) => task.channelId === channelId).length;
/** Ends some of what is in work; a cancelled video leaves its place as a finished one does. */
async function finish(count: number): Promise<void> {
  for (const { id } of (await tasks('claimed')).slice(0, count)) await database.tasks.move(id, 'claimed', 'draft');
}

interface Backlog {
  priorities: Priority[];
  limit: number | undefined;
}

describe('admission', () => {
  it('gives a channel with nothing in work a place at once, however many others have in work and waiting', async () => {
    const admission = admissionOf(4);
    const [many, more] = [await addChannel('many'), await addChannel('more')];
    await queue(
      many,
      Array.from({ length: 200 }, () => 'normal'),
    );
    await queue(
      more,
      Array.from({ length: 200 }, () => 'normal'),
    );
    expect(await admission.run()).toBe(4);
    const one = await addChannel('one');
    await queue(one, ['low', 'low']);
    expect(await admission.run()).toBe(1);
    expect(countBy(await tasks('claimed'), one)).toBe(1);
    // Its second waits like everybody's.
    expect(await admission.run()).toBe(0);
  });

  it('fills every place, never more than one of each channel beyond, and shares them among the channels that have something as urgent', async () => {
    const backlog = fc.record<Backlog>({
      priorities: fc.array(fc.constantFrom(...PRIORITIES), { maxLength: 12 }),
      limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    });
    const rounds = fc.array(fc.record({ finished: fc.nat(4), late: fc.tuple(fc.nat(4), fc.constantFrom(...PRIORITIES)) }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(backlog, { minLength: 2, maxLength: 5 }),
        rounds,
        async (atOnce, backlogs, steps) => {
          await clear();
          const admission = admissionOf(atOnce);
          const channels = new Map<string, number>();
          for (const [index, { priorities, limit }] of backlogs.entries()) {
            const id = await addChannel(`channel_${index}`, limit === undefined ? {} : { tasks_in_work: limit });
            channels.set(id, limit ?? Infinity);
            await queue(id, priorities);
          }
          for (const { finished, late } of [{ finished: 0, late: null }, ...steps]) {
            await finish(finished);
            const comer = late && [...channels.keys()][late[0] % channels.size];
            if (late && comer) await queue(comer, [late[1]]);
            await admitAndCheck(admission, atOnce, channels);
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 240_000);

  it('lets in no more than the busiest provider works off in the time that is set, as fast as it was of late', async () => {
    const admission = admissionOf(50, { WORK_AHEAD_MINUTES: '20', KIE_AT_ONCE: '8', SIMULATOR_URL: 'http://127.0.0.1:1' });
    const [many, one] = [await addChannel('many', { scenes: 18 }), await addChannel('one', { scenes: 18 })];
    const queued = Array.from({ length: 20 }, (): Priority => 'normal');
    await queue(many, queued);
    // Eighteen clips of 160 s, eight at once: six minutes a video.
    expect(await admission.run()).toBe(4);
    expect(await admission.run()).toBe(0);
    await queue(one, queued);
    expect(await admission.run()).toBe(1);
    await finish(5);
    const [done] = await tasks('draft');
    await dataSource.query(
      `INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, path, checksum, input, simulated, made_in_ms)
       SELECT $1, $2, 'clips', 'clip', position, 'ready', 'p', 'x', '{"seconds": 5}', true, 320000 FROM generate_series(0, 9) AS position`,
      [done?.channelId, done?.id],
    );
    // They take twice as long by now.
    expect(await admission.run()).toBe(2);
  });

  it('leaves alone what is paused or has lost its file, and gives away the places of what is paused', async () => {
    const admission = admissionOf(2);
    const [paused, removed, other] = [await addChannel('paused'), await addChannel('removed'), await addChannel('other')];
    await queue(paused, ['high', 'high', 'high']);
    expect(await admission.run()).toBe(2);
    await database.channels.pause(paused, 'ann');
    await database.channels.remove(['removed']);
    await queue(removed, ['high']);
    await queue(other, ['low', 'low', 'low']);
    expect(await admission.run()).toBe(2);
    const claimed = await tasks('claimed');
    expect([countBy(claimed, paused), countBy(claimed, removed), countBy(claimed, other)]).toEqual([2, 0, 2]);
    await database.channels.resume(paused);
    expect(await admission.run()).toBe(0);
  });
});

/** @param channels each with the most that it may have in work */
async function admitAndCheck(admission: Admission, atOnce: number, channels: ReadonlyMap<string, number>): Promise<void> {
  const before = new Set((await tasks('claimed')).map(({ id }) => id));
  const admitted = await admission.run();
  const [inWork, queued] = [await tasks('claimed'), await tasks('queued')];
  const rank = ({ priority }: TaskRow) => PRIORITIES.indexOf(priority);
  const open = (channelId: string) => countBy(inWork, channelId) < (channels.get(channelId) ?? 0);
  const could = queued.filter(({ channelId }) => open(channelId));

  expect(inWork.length).toBe(before.size + admitted);
  // Nobody is beyond the limit but the only ones of their channels.
  const alone = [...channels.keys()].filter((id) => countBy(inWork, id) === 1);
  expect(inWork.length).toBeLessThanOrEqual(Math.max(before.size, atOnce + alone.length));
  for (const [id, limit] of channels) expect(countBy(inWork, id)).toBeLessThanOrEqual(limit);
  // No place stays empty that somebody could have taken.
  if (inWork.length < atOnce) expect(could).toEqual([]);
  // Who is the only one of its channel was not chosen before others.
  for (const task of inWork.filter(({ id, channelId }) => !before.has(id) && countBy(inWork, channelId) > 1)) {
    // Nobody was passed over by something less urgent, nor by a channel that has two more in work for something just as urgent.
    for (const waiting of could) {
      expect(rank(waiting)).toBeGreaterThanOrEqual(rank(task));
      if (rank(waiting) === rank(task) && waiting.channelId !== task.channelId)
        expect(countBy(inWork, task.channelId)).toBeLessThanOrEqual(countBy(inWork, waiting.channelId) + 1);
    }
  }
}
