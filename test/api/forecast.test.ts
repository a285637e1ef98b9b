import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Status } from '#pipeline';
import { intendCall } from '#testing';
import { Forecasts } from '../../apps/gateway/src/forecast/forecasts.js';
import type { ForecastView } from '../../apps/gateway/src/forecast/forecast.dto.js';
import { TestGateway, type Answer, type Request } from './gateway.js';

jest.setTimeout(60_000);

interface Task {
  id: string;
  forecast?: { usd: number; finishes_at?: string };
}

let gateway: TestGateway;
let tide: string;
let reef: string;
beforeAll(async () => {
  // Nothing is admitted: what is queued stays so.
  gateway = await TestGateway.start({ TASKS_IN_WORK: '1', KIE_AT_ONCE: '2' });
  [tide = '', reef = ''] = await Promise.all(
    ['tide', 'reef'].map(async (key) => (await gateway.database.channels.findByName(key))?.id ?? ''),
  );
});
afterAll(() => gateway.remove());

const ask = <T>(method: string, path: string, request: Request = {}): Promise<Answer<T>> =>
  gateway.ask<T>(method, `/api/v1${path}`, request);
/** Counted anew: otherwise what was counted a few seconds ago would do. */
async function forecast(query = ''): Promise<ForecastView> {
  Object.assign(gateway.get(Forecasts), { counted: null });
  return (await ask<ForecastView>('GET', `/forecast${query}`)).body.data;
}
const forecastOf = async (id: string) => (await ask<Task>('GET', `/tasks/${id}`)).body.data.forecast;
const seconds = (from: string | null | undefined, to: string | null | undefined) => (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1_000;
const lane = ({ lanes }: ForecastView, name: string) => lanes.find((one) => one.name === name);
async function plan(channel: string, count: number, priority = 'normal'): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, index) => ({ channel, title: `${channel} ${index}`, priority }));
  const answer = await ask<{ results: { task_id: string }[] }>('POST', '/tasks/bulk-create', { body: { tasks } });
  return answer.body.data.results.map(({ task_id }) => task_id);
}
/** A video in work in each channel, behind everything else, so that nothing is admitted. */
async function keepers(): Promise<string[]> {
  const kept = [];
  for (const channel of ['tide', 'reef']) kept.push((await gateway.task('Keeps its place', 'generating_assets', channel)).id);
  await gateway.query('UPDATE tasks SET priority = 2 WHERE id = ANY($1)', [kept]);
  return kept;
}
const unqueue = (ids: readonly string[]) => gateway.query('DELETE FROM tasks WHERE id = ANY($1)', [ids]);

describe('GET /forecast', () => {
  it('of nothing is nothing', async () => {
    const nothing = await forecast();
    expect(nothing).toEqual({
      measured_at: expect.stringMatching(/^\d{4}-.*Z$/),
      tasks: 0,
      usd: 0,
      channels: [],
      lanes: expect.arrayContaining([{ name: 'kie', waiting_items: 0, work_seconds: 0, at_once: 2 }]),
    });
  });

  it('says of everything, of each channel and of each lane what it will cost and when it is done', async () => {
    const kept = await keepers();
    const [queued, few] = [await plan('tide', 60), await plan('reef', 2)];
    const whole = await forecast();
    expect(whole.tasks).toBe(64);
    // Three scenes: 4 images, 3 clips of 5 s, 3 narrations and 3 effects; and a storyboard.
    const each = 4 * 0.0336 + 3 * 5 * 0.042 + 3 * 0.12 + 0.05;
    expect(whole.usd / 64).toBeGreaterThan(each * 0.95);
    expect(whole.usd / 64).toBeLessThan(each * 1.05);
    const [ofTide, ofReef] = [tide, reef].map((id) => whole.channels.find(({ channel_id }) => channel_id === id));
    expect([ofTide?.tasks, ofReef?.tasks]).toEqual([61, 3]);
    expect((ofTide?.usd ?? 0) + (ofReef?.usd ?? 0)).toBeCloseTo(whole.usd, 1);
    // Those that are not urgent are the last of both.
    expect([ofTide?.finishes_at, ofReef?.finishes_at]).toEqual([whole.finishes_at, whole.finishes_at]);
    expect(lane(whole, 'kie')).toEqual({
      name: 'kie',
      waiting_items: 64 * 3,
      work_seconds: 64 * 3 * 160,
      at_once: 2,
      finishes_at: expect.any(String),
    });
    expect(seconds(whole.measured_at, lane(whole, 'kie')?.finishes_at)).toBeCloseTo((64 * 3 * 160) / 2, 0);
    for (const { finishes_at } of whole.lanes) expect(seconds(finishes_at, whole.finishes_at)).toBeGreaterThanOrEqual(0);
    const [first, last, one, two] = await Promise.all([queued[0], queued.at(-1), few[0], few[1]].map((id) => forecastOf(id ?? '')));
    // A clip takes 160 s, two are made at once: two rounds over two channels, and not behind the sixty.
    expect(seconds(whole.measured_at, two?.finishes_at)).toBeLessThan(4 * 3 * 80 + 400);
    expect(first?.finishes_at).toBe(one?.finishes_at);
    expect(seconds(one?.finishes_at, two?.finishes_at)).toBeCloseTo(2 * 3 * 80, 0);
    expect(seconds(two?.finishes_at, last?.finishes_at)).toBeCloseTo(58 * 3 * 80, 0);
    expect(seconds(last?.finishes_at, whole.finishes_at)).toBeCloseTo(2 * 3 * 80, 0);
    expect(first?.usd).toBeCloseTo(whole.usd / 64, 1);

    const alone = await forecast(`?channel_id=${reef}`);
    expect(alone).toMatchObject({ tasks: 3, usd: ofReef?.usd, channels: [{ channel_id: reef }] });
    expect(alone.channels).toHaveLength(1);
    await unqueue([...kept, ...queued, ...few]);
  });

  it('lets what is urgent go first', async () => {
    const kept = await keepers();
    const [queued, [urgent = '']] = [await plan('tide', 20), await plan('tide', 1, 'high')];
    await forecast();
    const [first, second, last] = await Promise.all([urgent, queued[0], kept[0]].map((id) => forecastOf(id ?? '')));
    expect(seconds(first?.finishes_at, second?.finishes_at)).toBeGreaterThan(0);
    expect(seconds(second?.finishes_at, last?.finishes_at)).toBeGreaterThan(1_000);
    await unqueue([...kept, urgent, ...queued]);
  });

  it('counts what is held, but says no time of it and has nobody wait for it', async () => {
    const kept = await keepers();
    const queued = await plan('tide', 30);
    const before = await forecast();
    await ask('POST', `/channels/${tide}/pause`, { body: {} });
    const paused = await forecast();
    expect([paused.tasks, paused.usd]).toEqual([32, before.usd]);
    const held = paused.channels.find(({ channel_id }) => channel_id === tide);
    expect(held).toEqual({ channel_id: tide, tasks: 31, usd: expect.any(Number) });
    expect(seconds(paused.finishes_at, before.finishes_at)).toBeGreaterThan(1_000);
    expect(await forecastOf(queued[0] ?? '')).toEqual({ usd: expect.any(Number) });
    await ask('POST', `/channels/${tide}/resume`, { body: {} });
    await unqueue([...kept, ...queued]);
  });

  it('is of a channel that there is', async () => {
    const unknown = await ask('GET', '/forecast?channel_id=7c0a3f0e-52c8-4b6e-9d7b-000000000000');
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'CHANNEL_NOT_FOUND']);
    const wrong = await ask('GET', '/forecast?channel_id=tide');
    expect([wrong.status, wrong.body.error.details?.[0]?.field]).toEqual([422, 'channel_id']);
    expect((await forecast(`?channel_id=${reef}`)).tasks).toBe(0);
  });
});

describe("a video's forecast", () => {
  it.each(['draft', 'published'] as const)('is left out when it is %s', async (status: Status) => {
    const { id } = await gateway.task('Rests', status);
    expect(await forecastOf(id)).toBeUndefined();
  });

  it('is left out when it stopped at an error', async () => {
    const { id } = await gateway.task('Stops', 'generating_assets');
    await gateway.database.tasks.move(id, 'generating_assets', 'asset_error');
    expect(await forecastOf(id)).toBeUndefined();
  });

  it('counts nothing again that is paid or under way', async () => {
    const { id } = await gateway.task('Its clips', 'generating_video');
    await gateway.query(
      `INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, input, path, checksum, result)
       SELECT channel_id, id, item.step, kind, position, item.state, CASE kind WHEN 'clip' THEN '{"motion":"","seconds":5}'::jsonb ELSE '{}' END, 'p', 'x', result::jsonb
       FROM tasks CROSS JOIN (VALUES ('storyboard', 'storyboard', 0, 'ready', '{"estimate":{"scenes":2,"images":2,"seconds":9,"usd":0.74}}'),
         ('images', 'image', 0, 'ready', '{}'), ('composites', 'composite', 0, 'ready', '{}'), ('clips', 'clip', 0, 'due', NULL), ('clips', 'clip', 1, 'due', NULL)
       ) AS item (step, kind, position, state, result) WHERE id = $1`,
      [id],
    );
    await forecast();
    const before = await forecastOf(id);
    // Two clips, two effects, two narrations of about fifty letters.
    expect(before?.usd).toBeCloseTo(2 * 5 * 0.042 + 2 * 0.12 + 2 * 0.005, 2);
    expect(seconds(new Date().toISOString(), before?.finishes_at)).toBeGreaterThan(160);
    const [first, second] = await gateway.database.artifacts.ofStep(id, 'clips');
    const call = { channelId: tide, taskId: id, provider: 'kie', operation: 'clip', amountUsd: 0.21, simulated: true };
    const { id: callId } = await intendCall(gateway, { ...call, artifactId: first?.id ?? '' });
    expect((await forecastOf(id))?.usd).toBeCloseTo((before?.usd ?? 0) - 0.21, 2);
    await gateway.database.costs.settle(callId, { state: 'not_billed' });
    expect((await forecastOf(id))?.usd).toBe(before?.usd);
    for (const artifact of [first, second]) await gateway.database.artifacts.adopt(artifact?.id ?? '', 'job');
    expect((await forecastOf(id))?.usd).toBeCloseTo((before?.usd ?? 0) - 0.42, 2);
  });
});
