import { House, type BenchChannel } from '../house.js';
import { at, jain, mean, useOf } from '../measure.js';
import { CAPS, COUNTS, latency } from '../model.js';
import { said, secondMsAt, type BenchOptions } from '../options.js';
import { People } from '../people.js';
import { ClipJobs } from '../plain-designs.js';
import { monotonic, type Call } from '../record.js';
import { feed } from '../seeds.js';
import { goal, table } from '../table.js';

/** Order is all that counts here; the clock has only to be so slow that clips are long for the machinery. */
const SCALE = 150;
/** The plain design has to work through the whole backlog first. */
const PLAIN_SCALE = 5_000;
const [BACKLOG, QUICK_BACKLOG] = [200, 30];
/** Clips that the long backlog has begun when the newcomer comes. */
const BEFORE = 40;
/** In slots; a newcomer that has waited so long has waited long enough. */
const MOST_SLOTS = 300;
const GOALS = { first: { most: 16, wanted: 4 }, all: { most: 48, wanted: 40 }, jain: 0.99, weights: 0.03 };
/** Clips that are counted where channels have the same backlog, and where one has twice the weight. */
const [COUNTED, QUICK_COUNTED] = [400, 150];

/** How channels share the clip provider: a slot is the beginning of one of its clips. */
export async function fairness(bench: BenchOptions): Promise<void> {
  await newcomer(bench);
  await equals(bench);
  await weights(bench);
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

/** One channel has a long backlog; another one brings a single video. */
async function newcomer(bench: BenchOptions): Promise<void> {
  const scale = bench.scale ?? SCALE;
  const many = range(0, bench.quick ? QUICK_BACKLOG : BACKLOG);
  const one = many.length;
  said(`fairness: a newcomer behind ${many.length} videos`);
  const rows = await onClips([{ key: 'many' }, { key: 'one' }], scale, bench, async (house, people) => {
    await feed(house, people, { seed: bench.seed, channel: 'many', videos: many, gate: 'assets_ready' });
    await house.callsWhen((calls) => calls.length >= BEFORE, slotsMs(3 * BEFORE, scale));
    await feed(house, people, { seed: bench.seed, channel: 'one', videos: [one], gate: 'assets_ready' });
    // From then on its clips can be made; that they have to be planned first is the machinery's affair.
    const dueAt = monotonic();
    const before = (await house.calls()).length;
    const done = (calls: readonly Call[]) => calls.filter(({ video, end }) => video === one && end < Infinity).length === COUNTS.clip;
    const calls = await house.callsWhen((seen) => done(seen) || seen.length > before + MOST_SLOTS, slotsMs(2 * MOST_SLOTS, scale));
    const plainTiming = { seed: bench.seed, secondMs: secondMsAt(PLAIN_SCALE) };
    const plain = new ClipJobs(house.redisUrl, plainTiming, many, one, BEFORE);
    said('  the same, first come first served');
    const { calls: plainCalls } = await plain.run();
    return [
      { name: 'ours', ...slotsOf(one, calls, dueAt), most: useOf(calls, CAPS.kie).mostInFlight },
      { name: 'first come first served', ...slotsOf(one, plainCalls, plain.dueAt), most: useOf(plainCalls, CAPS.kie).mostInFlight },
    ];
  });
  table(
    `fairness: ${COUNTS.clip} clips of a newcomer behind ${many.length * COUNTS.clip} of another channel; 1 s here is ${scale} s of the model; seed ${bench.seed}`,
    ['', 'slots until its first clip begins', 'slots until all are done', `most in flight (${CAPS.kie})`],
    rows.map(({ name, first, all, most }) => [name, first ?? `more than ${MOST_SLOTS}`, all ?? `more than ${MOST_SLOTS}`, most]),
  );
  const [ours] = rows;
  for (const [what, value, { most, wanted }] of [
    ["a newcomer's first clip", ours?.first, GOALS.first],
    [`all ${COUNTS.clip} of them`, ours?.all, GOALS.all],
  ] as const)
    goal(what, `${value ?? `more than ${MOST_SLOTS}`} slots`, `at most ${most}, wanted ${wanted}`, (value ?? Infinity) <= most);
}

/** Slots from the moment when a video's clips were due until the first one began, and until the last one was done; null: that has not happened. */
function slotsOf(video: number, calls: readonly Call[], dueAt: number): { first: number | null; all: number | null } {
  const since = calls.filter(({ start }) => start >= dueAt);
  const own = since.filter((call) => call.video === video);
  const last = Math.max(...own.map(({ end }) => end));
  const first = since.findIndex((call) => call.video === video);
  return {
    first: first < 0 ? null : first,
    all: own.length === COUNTS.clip && last < Infinity ? since.filter(({ start }) => start < last).length : null,
  };
}

/** Ten channels that all have more to do than they get. */
async function equals(bench: BenchOptions): Promise<void> {
  const counted = bench.quick ? QUICK_COUNTED : COUNTED;
  const channels = range(0, 10).map((index) => ({ key: `equal_${index}` }));
  const shares = await backlogged(
    'ten equal channels',
    channels,
    1 + Math.ceil((2 * counted) / channels.length / COUNTS.clip),
    counted,
    bench,
  );
  table(
    `fairness: ${channels.length} equal channels with a backlog each, by clips begun while all have one; seed ${bench.seed}`,
    ['', 'least', 'most', 'mean', "Jain's index"],
    [
      ['clips begun', ...spread(shares.map(({ starts }) => starts))],
      ['provider time s', ...spread(shares.map(({ seconds }) => seconds))],
    ],
  );
  const index = jain(shares.map(({ starts }) => starts));
  goal("Jain's index of ten equal channels", index.toFixed(4), `at least ${GOALS.jain}`, index >= GOALS.jain);
}

function spread(values: readonly number[]): number[] {
  return [Math.min(...values), Math.max(...values), mean(values), jain(values)];
}

/** Two channels, one of which has twice the weight. */
async function weights(bench: BenchOptions): Promise<void> {
  const counted = bench.quick ? QUICK_COUNTED : COUNTED;
  const channels = [
    { key: 'heavy', weight: 2 },
    { key: 'light', weight: 1 },
  ];
  const [heavy, light] = await backlogged('weights 2 and 1', channels, Math.ceil((1.2 * counted) / COUNTS.clip), counted, bench);
  const ratio = (of: (share: Share) => number) => (heavy && light ? of(heavy) / of(light) : NaN);
  const [starts, time] = [ratio((share) => share.starts), ratio((share) => share.seconds)];
  table(
    `fairness: weights 2 and 1, by clips begun while both have a backlog; seed ${bench.seed}`,
    ['', 'weight 2', 'weight 1', 'ratio'],
    [
      ['clips begun', heavy?.starts ?? null, light?.starts ?? null, starts],
      ['provider time s', heavy?.seconds ?? null, light?.seconds ?? null, time],
    ],
  );
  // Which of the two is shared is the product's choice.
  const off = Math.min(...[starts, time].map((value) => Math.abs(value / 2 - 1)));
  goal('weights 2 and 1, off by', `${(off * 100).toFixed(1)} %`, `at most ${GOALS.weights * 100} %`, off <= GOALS.weights);
}

interface Share {
  readonly starts: number;
  readonly seconds: number;
}

/** What each channel gets while all of them have a backlog. */
async function backlogged(
  what: string,
  channels: readonly BenchChannel[],
  videosEach: number,
  counted: number,
  bench: BenchOptions,
): Promise<Share[]> {
  const scale = bench.scale ?? SCALE;
  said(`fairness: ${what}`);
  return onClips(channels, scale, bench, async (house, people) => {
    for (const [index, { key }] of channels.entries())
      await feed(house, people, { seed: bench.seed, channel: key, videos: range(index * videosEach, videosEach), gate: 'assets_ready' });
    const from = monotonic();
    const before = (await house.calls()).length;
    const calls = await house.callsWhen((seen) => seen.length >= before + counted, slotsMs(2 * counted, scale));
    const own = channels.map((_, index) => at(calls, 'kie').filter(({ video }) => Math.floor(video / videosEach) === index));
    // One that has begun its last clip has no backlog any more.
    const until = Math.min(
      ...own.map((begun) => (begun.length === videosEach * COUNTS.clip ? (begun.at(-1)?.start ?? Infinity) : Infinity)),
    );
    return own.map((begun) => {
      const meant = begun.filter(({ start }) => start >= from && start < until);
      return { starts: meant.length, seconds: meant.reduce((sum, call) => sum + latency(bench.seed, call), 0) };
    });
  });
}

/** A house in which only clips are made. */
async function onClips<T>(
  channels: readonly BenchChannel[],
  scale: number,
  bench: BenchOptions,
  work: (house: House, people: People) => Promise<T>,
): Promise<T> {
  const timing = { seed: bench.seed, secondMs: secondMsAt(scale) };
  return House.with({ channels, timing, bench }, async (house) => {
    await house.startWorkers(['video']);
    return People.in(house, (people) => work(house, people), []);
  });
}

/** About how long so many slots last (ms). */
function slotsMs(slots: number, scale: number): number {
  return (slots / CAPS.kie) * 210 * secondMsAt(scale);
}
