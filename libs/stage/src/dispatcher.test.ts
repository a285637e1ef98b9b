import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings, type ChannelSettings } from '#config';
import { Database, dataSourceOptions } from '#database';
import { PRIORITIES, STAGE_NAMES, quotaExhausted, stepInfo, transient, type Priority, type StepName, type Ticket } from '#pipeline';
import { createTestDatabase, intendCall, type TestDatabase } from '#testing';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BUDGET_CODES } from './budgets.js';
import { Dispatcher } from './dispatcher.js';
import { LaneHealth } from './lane-health.js';
import { placeInQueue } from './tickets.js';

const SETTINGS = { KIE_AT_ONCE: '8', ELEVENLABS_AT_ONCE: '6', GEMINI_AT_ONCE: '12' };

let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let dispatcher: Dispatcher;

beforeAll(async () => {
  Logger.overrideLogger(false);
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
});
afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});
beforeEach(async () => {
  await database.heartbeats.beat(...STAGE_NAMES);
  dispatcher = dispatcherWith({});
  await dispatcher.round();
});
afterEach(() => dataSource.query('TRUNCATE channels, lanes, heartbeats CASCADE'));

const dispatcherWith = (settings: Record<string, string>) => new Dispatcher(database, readSettings({ ...SETTINGS, ...settings }));

async function addChannel(key: string, settings: Partial<ChannelSettings> = {}): Promise<string> {
  const [added] = await database.channels.save([{ key, settings: { name: key, ...settings } as ChannelSettings }]);
  return added?.id ?? '';
}

interface Work {
  step?: StepName;
  count?: number;
  priority?: Priority;
  seconds?: number;
  usd?: number;
}

/** A task that is at work on a step, with items that are due. */
async function addTask(
  channelId: string,
  { step = 'clips', count = 18, priority = 'normal', seconds = 200, usd = 0 }: Work = {},
): Promise<string> {
  const { item, working } = stepInfo(step);
  const [task] = await dataSource.query<{ id: string }[]>(
    `INSERT INTO tasks (channel_id, title, status, step, step_opened, items_left, priority, queued_at)
     VALUES ($1, 'x', $2, $3, true, $4, $5, clock_timestamp()) RETURNING id`,
    [channelId, working, step, count, PRIORITIES.indexOf(priority)],
  );
  await dataSource.query(
    `INSERT INTO artifacts (channel_id, task_id, step, kind, position, input, expected_ms, expected_usd)
     SELECT $1, $2, $3, $4, position, '{}', $5, $6 FROM generate_series(0, $7 - 1) AS position`,
    [channelId, task?.id, step, item, seconds * 1_000, usd, count],
  );
  return task?.id ?? '';
}

/** Hands over what may begin, and has it taken up. */
async function begin(by = dispatcher): Promise<Ticket[]> {
  const { tickets } = await by.round();
  const begun = tickets.map(({ payload }) => payload as Ticket);
  for (const { artifact_id = '', generation } of begun)
    expect(await database.artifacts.claim(artifact_id, generation, artifact_id, 60_000)).not.toBeNull();
  return begun;
}

const finish = async (tickets: readonly Ticket[]) => {
  for (const { artifact_id = '' } of tickets)
    expect(
      await database.artifacts.commit(artifact_id, artifact_id, {
        ...{ path: artifact_id, checksum: 'x', bytes: 1, durationMs: null, simulated: true, findings: [], result: { model: 'm' } },
      }),
    ).toBe(true);
};
const putOff = (ticket: Ticket | undefined, endsJob: boolean, nextAt = new Date()) =>
  database.artifacts.putOff(ticket?.artifact_id ?? '', ticket?.artifact_id ?? '', nextAt, { code: 'X', message: 'x', endsJob }, false);
const ofChannel = (tickets: readonly Ticket[], channelId: string) => tickets.filter(({ channel_id }) => channel_id === channelId);
const expire = () => dataSource.query(`UPDATE artifacts SET lease_until = now() - interval '1 second' WHERE state = 'running'`);
const intend = ({ channel_id: channelId, task_id: taskId, artifact_id: artifactId = '' }: Ticket, amountUsd = 0.1) =>
  intendCall(dataSource, { channelId, taskId, artifactId, provider: 'kie', operation: 'clip', amountUsd, simulated: true });

describe('places', () => {
  it('are never more than a provider has, and each that comes free is taken at once', async () => {
    await addTask(await addChannel('a'));
    const first = await begin();
    expect(first).toHaveLength(8);
    expect(await begin()).toEqual([]);
    await finish(first.slice(0, 3));
    expect(await begin()).toHaveLength(3);
  });

  it('are shared by all queues whose items one provider makes', async () => {
    const [a, b] = [await addChannel('a'), await addChannel('b')];
    await addTask(a, { step: 'narrations', seconds: 10 });
    await addTask(b, { step: 'sound_effects', seconds: 10 });
    const begun = await begin();
    expect(begun).toHaveLength(6);
    expect(new Set(begun.map(({ step }) => step))).toEqual(new Set(['narrations', 'sound_effects']));
  });

  it('are handed out by one process at a time, however many try', async () => {
    await addTask(await addChannel('a'), { count: 40 });
    const rounds = await Promise.all(Array.from({ length: 8 }, () => dispatcherWith({}).round()));
    const handed = rounds.flatMap(({ tickets }) => tickets.map(({ jobId }) => jobId));
    expect([handed.length, new Set(handed).size]).toEqual([8, 8]);
  });

  it('are kept by what a silent worker may have left at its provider, which is also first to go on; the rest come back', async () => {
    await addTask(await addChannel('a'), { count: 20 });
    const [job, call, none, ...others] = await begin();
    if (!job || !call || !none) throw new Error('nothing begun');
    await database.artifacts.submitted(job.artifact_id ?? '', job.artifact_id ?? '', 'job-1');
    await intend(call);
    await expire();
    expect(await dispatcher.recall()).toBe(8);
    const again = await begin();
    // Both go on in the places that they have; six others begin, the one that has left nothing among them.
    expect(again).toHaveLength(8);
    const ids = again.map(({ artifact_id }) => artifact_id);
    expect(ids).toEqual(expect.arrayContaining([job.artifact_id, call.artifact_id, none.artifact_id]));
    expect(others).toHaveLength(5);
    expect(again.every(({ generation }) => generation === 2)).toBe(true);
  });

  it('are kept while a job that is put off runs on, and given back when it is over', async () => {
    await addTask(await addChannel('a'), { count: 20 });
    const [first, second] = await begin();
    await database.artifacts.submitted(first?.artifact_id ?? '', first?.artifact_id ?? '', 'job-1');
    await putOff(first, false, new Date(Date.now() + 60_000));
    expect(await begin()).toEqual([]);
    await database.artifacts.submitted(second?.artifact_id ?? '', second?.artifact_id ?? '', 'job-2');
    await putOff(second, true, new Date(Date.now() + 60_000));
    expect(await begin()).toHaveLength(1);
  });

  it('come back when nobody takes a ticket up, whose turn it then is again', async () => {
    await addTask(await addChannel('a'), { count: 20 });
    const { tickets } = await dispatcher.round();
    expect((await dispatcher.round()).tickets).toEqual([]);
    await dataSource.query(`UPDATE artifacts SET handed_at = handed_at - interval '16 seconds'`);
    expect(await dispatcher.recall()).toBe(8);
    const again = await dispatcher.round();
    expect(again.tickets.map(({ jobId }) => jobId).toSorted()).toEqual(tickets.map(({ jobId }) => jobId).toSorted());
  });

  it('are nothing to a stage that is not there', async () => {
    const [a, b] = [await addChannel('a'), await addChannel('b')];
    await addTask(a, { step: 'narrations' });
    await addTask(b, { step: 'sound_effects' });
    await dataSource.query(`UPDATE heartbeats SET beat_at = now() - interval '2 minutes' WHERE service = 'sfx'`);
    const begun = await begin(dispatcherWith({}));
    expect(begun.map(({ step }) => step)).toEqual(Array.from({ length: 6 }, () => 'narrations'));
  });

  it('of a channel are no more than its file says, and others have the rest', async () => {
    const [a, b] = [await addChannel('a', { provider_caps: { kie: 2 } }), await addChannel('b')];
    await addTask(a);
    await addTask(b);
    const begun = await begin();
    expect([ofChannel(begun, a).length, ofChannel(begun, b).length]).toEqual([2, 6]);
    await finish(ofChannel(begun, b).slice(0, 1));
    expect(ofChannel(await begin(), a)).toEqual([]);
  });

  it('are not counted where only workers count: they find as much as they take up', async () => {
    await addTask(await addChannel('a'), { step: 'cut', count: 9 });
    const { tickets } = await dispatcherWith({ ASSEMBLY_CONCURRENCY: '2' }).round();
    expect(tickets).toHaveLength(2);
  });
});

describe('the order', () => {
  it('has a newcomer begin with the next place, whatever waits before it', async () => {
    const [a, b] = [await addChannel('a'), await addChannel('b')];
    for (let task = 0; task < 5; task++) await addTask(a);
    let [begun, ours, slots] = [await begin(), 0, 0];
    const newcomer = await addTask(b);
    let firstAt = 0;
    while (ours < 18) {
      const [oldest, ...rest] = begun;
      if (oldest) await finish([oldest]);
      const next = await begin();
      begun = [...rest, ...next];
      slots += next.length;
      ours += next.filter(({ task_id }) => task_id === newcomer).length;
      if (ours === 1 && firstAt === 0) firstAt = slots;
    }
    expect(firstAt).toBe(1);
    expect(slots).toBeLessThanOrEqual(36);
  });

  it('is by urgency first, and within a video the longest first', async () => {
    const [a, b] = [await addChannel('a'), await addChannel('b')];
    const usual = await addTask(a);
    const urgent = await addTask(b, { priority: 'high', count: 3 });
    await dataSource.query(`UPDATE artifacts SET expected_ms = 300000 WHERE task_id = $1 AND position IN (7, 11)`, [usual]);
    const begun = await begin();
    expect(begun.slice(0, 3).every(({ task_id }) => task_id === urgent)).toBe(true);
    const positions = await dataSource.query<{ position: number }[]>('SELECT position FROM artifacts WHERE id = ANY($1)', [
      begun.slice(3, 5).map(({ artifact_id }) => artifact_id),
    ]);
    expect(positions.map(({ position }) => position).toSorted((one, other) => one - other)).toEqual([7, 11]);
  });

  it('finishes one video after the other where the scarcest provider has nothing to do, and goes by turns where it has', async () => {
    const [a, b] = [await addChannel('a'), await addChannel('b')];
    const [older, younger] = [await addTask(a, { step: 'images', count: 20 }), await addTask(b, { step: 'images', count: 20 })];
    const first = await begin();
    expect(first.every(({ task_id }) => task_id === older)).toBe(true);
    await addTask(a, { count: 40 });
    await finish(first);
    // The one who went first has to wait now.
    const second = await begin();
    expect(second.filter(({ step }) => step === 'clips')).toHaveLength(8);
    expect(second.filter(({ step }) => step === 'images').every(({ task_id }) => task_id === younger)).toBe(true);
  });

  it('follows another priority at once, in Postgres and in the queue', async () => {
    const [a, b] = [await addChannel('a'), await addChannel('b')];
    await addTask(a);
    const late = await addTask(b);
    const { tickets } = await dispatcher.round();
    expect(tickets).toHaveLength(8);
    await database.tasks.edit(late, { priority: 'high' });
    const moved = await dispatcher.placesOf(late);
    expect(moved).toHaveLength(4);
    const before = tickets.map(({ priority }) => priority);
    expect(moved.every((ticket) => placeInQueue(ticket) < Math.min(...before.filter((place) => place > placeInQueue(ticket))))).toBe(true);
    expect(moved.map(placeInQueue).every((place) => place <= 2 ** 18)).toBe(true);
    await dataSource.query(
      `UPDATE artifacts SET state = 'failed', handed_at = NULL, place_until = NULL WHERE handed_at IS NOT NULL AND task_id <> $1`,
      [late],
    );
    expect(ofChannel(await begin(), b)).toHaveLength(4);
  });

  it('is kept when a lane is set back after days, and begins anew when nobody uses it', async () => {
    const [a, b] = [await addChannel('a'), await addChannel('b')];
    const first = [await addTask(a, { count: 6 }), await addTask(b, { count: 6 })];
    await begin();
    await dataSource.query('UPDATE lanes SET clock = clock + 200000');
    await dataSource.query('UPDATE lane_shares SET finish = finish + 200000');
    await dataSource.query('UPDATE artifacts SET tag = tag + 200000 WHERE tag IS NOT NULL');
    const shares = () => dataSource.query<{ finish: number }[]>(`SELECT finish FROM lane_shares ORDER BY finish`);
    const [one, other] = await shares();
    await dispatcher.round();
    const [oneNow, otherNow] = await shares();
    expect(oneNow?.finish).toBeLessThan(10_000);
    expect((other?.finish ?? 0) - (one?.finish ?? 0)).toBeCloseTo((otherNow?.finish ?? 0) - (oneNow?.finish ?? 0));
    await dataSource.query(`UPDATE artifacts SET state = 'failed', handed_at = NULL, place_until = NULL WHERE task_id = ANY($1)`, [first]);
    await dispatcher.round();
    expect(await shares()).toEqual([]);
  });
});

describe('a provider that', () => {
  const health = () => new LaneHealth(database, dispatcher);
  const about = { message: 'm', userMessage: 'u' };
  const fault = transient({ code: 'KIE_UNAVAILABLE', ...about });
  const later = () => dataSource.query(`UPDATE lanes SET held_until = now() - interval '1 second' WHERE held_until IS NOT NULL`);
  const alerts = async () => (await database.alerts.list({ limit: 10, offset: 0 })).alerts.map(({ kind, state }) => `${kind} ${state}`);
  afterEach(() => dataSource.query('TRUNCATE alerts'));

  it('says that it takes fewer is given fewer, and never more than its setting', async () => {
    await addTask(await addChannel('a'), { step: 'narrations' });
    await health().said('narrations', 2);
    const begun = await begin();
    expect(begun).toHaveLength(2);
    await health().said('narrations', 20);
    expect(await begin()).toHaveLength(4);
  });

  it('was asked for too much is let alone for as long as it says, then given half, and one more with every success', async () => {
    await addTask(await addChannel('a'), { count: 40 });
    const begun = await begin();
    await health().failed('clips', transient({ code: 'KIE_RATE_LIMITED', rateLimited: true, retryAfterMs: 3_000, ...about }));
    await finish(begun);
    const held = await dispatcher.round();
    expect(held.tickets).toEqual([]);
    expect(held.againInMs).toBeGreaterThan(2_000);
    await later();
    const half = await begin();
    expect(half).toHaveLength(4);
    await finish(half.slice(0, 2));
    await health().succeeded('clips');
    await health().succeeded('clips');
    expect(await begin()).toHaveLength(4);
  });

  it('fails again and again is let alone, tried with one, and let alone for longer; it is told once, and that it is over', async () => {
    await addTask(await addChannel('a'), { count: 60 });
    const begun = await begin();
    // What fails of other causes says nothing about it.
    for (let times = 0; times < 9; times++) await health().failed('clips', transient({ code: 'TIMED_OUT', ...about }));
    for (let times = 0; times < 4; times++) await health().failed('clips', fault);
    await finish(begun);
    expect(await begin()).toHaveLength(8);
    await health().failed('clips', fault);
    const opened = await dispatcher.round();
    expect(opened.againInMs).toBeGreaterThan(25_000);
    // Those under way when it was let alone are no further proof.
    await health().failed('clips', fault);
    await later();
    await dataSource.query(`UPDATE artifacts SET state = 'failed', handed_at = NULL, place_until = NULL WHERE handed_at IS NOT NULL`);
    const probe = await begin();
    expect(probe).toHaveLength(1);
    await health().failed('clips', fault);
    expect((await dispatcher.round()).againInMs).toBeGreaterThan(55_000);
    expect(await alerts()).toEqual(['provider_failing open']);
    await later();
    await dispatcher.round();
    await health().succeeded('clips');
    expect(await alerts()).toEqual(['provider_failing resolved']);
    await finish(probe);
    expect(await begin()).toHaveLength(2);
  });

  it('has no quota left begins nothing of that kind until it has, and everything else', async () => {
    const a = await addChannel('a');
    await addTask(a, { step: 'images' });
    await addTask(a, { step: 'storyboard', count: 1 });
    await health().failed('images', quotaExhausted({ code: 'GEMINI_QUOTA_EXHAUSTED', retryAfterMs: 3_600_000, ...about }));
    expect((await begin()).map(({ step }) => step)).toEqual(['storyboard']);
    expect(await dataSource.query(`SELECT DISTINCT step, error_code, error_message FROM artifacts WHERE error_code IS NOT NULL`)).toEqual([
      { step: 'images', error_code: 'GEMINI_QUOTA_EXHAUSTED', error_message: 'u' },
    ]);
    expect(await database.artifacts.stuck(-60_000)).toEqual(new Map());
    await dataSource.query(`UPDATE lanes SET held_steps = '{"images": "2020-01-01T00:00:00Z"}'`);
    expect(await begin()).toHaveLength(11);
  });

  it('takes so many in a minute gets them evenly, over all processes', async () => {
    await addTask(await addChannel('a'), { step: 'images' });
    const paced = () => dispatcherWith({ GEMINI_PER_MINUTE: '31' });
    const [first, second] = [await paced().round(), await paced().round()];
    expect([first.tickets.length, second.tickets.length]).toEqual([1, 0]);
    expect(first.againInMs).toBe(2_000);
    expect(second.againInMs).toBeGreaterThan(1_500);
    await dataSource.query(`UPDATE lanes SET next_start_at = now() - interval '1 minute' WHERE name = 'gemini'`);
    // A minute in which nothing was sent is not made up for.
    expect((await paced().round()).tickets).toHaveLength(1);
    expect((await paced().round()).tickets).toHaveLength(0);
  });
});

describe('a budget', () => {
  const alerts = async () => (await database.alerts.list({ limit: 10, offset: 0 })).alerts.map(({ title }) => title);
  const due = (taskId: string) =>
    dataSource.query<{ error_code: string; error_message: string }[]>(
      `SELECT error_code, error_message FROM artifacts WHERE task_id = $1 AND state = 'due' AND error_code IS NOT NULL`,
      [taskId],
    );
  afterEach(() => dataSource.query('TRUNCATE alerts'));

  /** Pays for what has begun as expected, and finishes it, until nothing more begins; returns what was spent. */
  async function spendAll(by = dispatcher): Promise<number> {
    let count = 0;
    for (let begun = await begin(by); begun.length > 0; begun = await begin(by)) {
      for (const ticket of begun) {
        const { id } = await intend(ticket, 0.1);
        await database.costs.settle(id, { state: 'billed' });
      }
      await finish(begun);
      count += begun.length;
    }
    return Math.round(count * 10) / 100;
  }

  it('of a day is not exceeded by a cent when things cost what was expected; the rest waits, says so, and alerts once', async () => {
    const a = await addChannel('a', { budget: { day_usd: 1.05 } });
    const b = await addChannel('b');
    const task = await addTask(a, { usd: 0.1 });
    await addTask(b, { usd: 0.1 });
    expect(await spendAll()).toBe(2.8);
    expect((await database.costs.spentToday()).get(a)).toBeCloseTo(1);
    const waiting = await due(task);
    expect(waiting).toHaveLength(8);
    expect(waiting[0]).toEqual({
      error_code: BUDGET_CODES.channel_day,
      error_message: expect.stringMatching(
        /^The day's budget of the channel a is reached: USD 1\.00 of 1\.05 .* about 0\.10\. It goes on at 00:00 UTC/,
      ) as unknown,
    });
    expect(await alerts()).toEqual(["The day's budget of the channel a is reached"]);
    await dataSource.query('UPDATE artifacts SET next_at = now() - interval $$1 second$$');
    expect(await begin()).toEqual([]);
    expect(await alerts()).toHaveLength(1);
  });

  it('counts what is under way and what has only begun', async () => {
    await addTask(await addChannel('a', { budget: { day_usd: 0.55 } }), { usd: 0.1 });
    const begun = await begin();
    expect(begun).toHaveLength(5);
    for (const ticket of begun.slice(0, 1)) await intend(ticket, 0.1);
    expect(await begin()).toEqual([]);
  });

  it('is exceeded by no more than what was under way when things cost more than expected', async () => {
    const a = await addChannel('a', { budget: { day_usd: 0.55 } });
    await addTask(a, { usd: 0.1 });
    const begun = await begin();
    for (const ticket of begun) await database.costs.settle((await intend(ticket)).id, { state: 'billed', amountUsd: 0.3 });
    await finish(begun);
    expect(await begin()).toEqual([]);
    expect((await database.costs.spentToday()).get(a)).toBeCloseTo(1.5);
  });

  it('of everybody is shared by all channels', async () => {
    for (const key of ['a', 'b', 'c']) await addTask(await addChannel(key), { usd: 0.1 });
    expect(await spendAll(dispatcherWith({ BUDGET_DAY_USD: '2' }))).toBe(2);
    expect(await alerts()).toEqual(["The day's budget is reached"]);
  });

  it('of a video holds that video alone, what it cost to write it aside; a new channel file lets it go on', async () => {
    const a = await addChannel('a', { budget: { video_usd: 0.5 } });
    const [dear, other] = [await addTask(a, { usd: 0.1, count: 7 }), await addTask(a, { usd: 0.1, count: 4 })];
    expect(await spendAll()).toBe(0.9);
    expect([await due(dear), await due(other)].map(({ length }) => length)).toEqual([2, 0]);
    expect((await due(dear))[0]?.error_message).toMatch(/Raise budget\.video_usd in the file of the channel a/);
    await database.channels.save([{ key: 'a', settings: { name: 'a', budget: { video_usd: 1 } } as ChannelSettings }]);
    await database.artifacts.wakeChannel(a, Object.values(BUDGET_CODES));
    expect(await spendAll()).toBe(0.2);
  });

  it('is nothing to what costs nothing, or is paid for', async () => {
    const a = await addChannel('a', { budget: { day_usd: 0 } });
    await addTask(a, { step: 'composites', count: 3 });
    const clips = await addTask(a, { usd: 0.1, count: 1 });
    await dataSource.query(`UPDATE artifacts SET provider_job_id = 'job', place_until = now() + interval '1 minute' WHERE task_id = $1`, [
      clips,
    ]);
    expect(await begin()).toHaveLength(4);
  });
});

it('an item that is not at its turn is made ahead when its channel wants that, and only while its video is in work', async () => {
  const a = await addChannel('a');
  const task = await addTask(a, { count: 1 });
  await database.artifacts.add(
    [0, 1].map((position) => ({
      ...{ channelId: a, taskId: task, step: 'narrations', kind: 'narration', position, revision: 1, ahead: position === 0 },
      input: { text: 'x', before: '', after: '' },
    })),
  );
  const begun = await begin();
  expect(begun.map(({ step }) => step).toSorted()).toEqual(['clips', 'narrations']);
  await dataSource.query(`UPDATE tasks SET status = 'video_error'`);
  await expire();
  await dispatcher.recall();
  expect(await begin()).toEqual([]);
  await expect(database.artifacts.claim(randomUUID(), 1, randomUUID(), 1)).resolves.toBeNull();
});

it('what is claimed comes with its video, its channel and the call that an earlier worker has left, as each is read by itself', async () => {
  const a = await addChannel('a', { weight: 2, budget: { video_usd: 3.5 } });
  const taskId = await addTask(a, { count: 1, priority: 'high', usd: 0.123456 });
  await dataSource.query(`UPDATE tasks SET publish_at = '2026-12-01T09:30:00.123Z', thumbnail = 3, own_script = E'Line "one"\\nline two'`);
  const { tickets } = await dispatcher.round();
  const { artifact_id: id = '', generation } = tickets[0]?.payload as Ticket;
  expect(await database.artifacts.claim(id, generation + 1, randomUUID(), 60_000)).toBeNull();
  const call = await intend({ task_id: taskId, channel_id: a, artifact_id: id } as Ticket, 0.1);
  const claimed = await database.artifacts.claim(id, generation, randomUUID(), 60_000);
  expect(claimed).toEqual({
    artifact: await database.artifacts.find(id),
    task: await database.tasks.get(taskId),
    channel: await database.channels.get(a),
    openCall: await database.costs.find(call.id),
  });
  expect(claimed).toMatchObject({ artifact: { state: 'running', attempt: 1, expectedUsd: 0.123456 }, openCall: { amountUsd: 0.1 } });
  expect(await database.artifacts.claim(id, generation, randomUUID(), 60_000)).toBeNull();
});
