import { lowerBound } from '../bound.js';
import { makeVideos } from '../factory-run.js';
import { at, mean, useOf, type Due } from '../measure.js';
import { CAPS, RESOURCES } from '../model.js';
import { said, secondMsAt, type BenchOptions } from '../options.js';
import { ItemJobs, StageJobs, type PlainRun } from '../plain-designs.js';
import type { Timing } from '../scripts.js';
import { goal, table } from '../table.js';

interface Size {
  readonly videos: number;
  readonly channels: number;
  /** Seconds of the model in one of this machine's. */
  readonly scale: number;
  readonly goal: number;
}

/** The smaller one is slow, as its goal leaves little for what this machine takes between two items, which is next to nothing at the pace of the world. */
const SIZES: readonly Size[] = [
  { videos: 20, channels: 5, scale: 20, goal: 1.03 },
  { videos: 100, channels: 20, scale: 100, goal: 1.05 },
];
const QUICK: readonly Size[] = [{ videos: 6, channels: 3, scale: 200, goal: 1.03 }];

/** Plain designs do nothing but wait, so they may be quicker. */
const PLAIN_SCALE = 200;

/** Longer than that, in times of what cannot be beaten, nothing is waited for. */
const PATIENCE = 3;

/** How long many videos take together, next to what cannot be beaten and to plain designs on the same clock. */
export async function makespan(options: BenchOptions): Promise<void> {
  const usual = options.quick ? QUICK : SIZES;
  const [first] = usual;
  const sizes = options.size && first ? [{ ...first, ...options.size }] : usual;
  for (const size of sizes) await measure({ ...size, scale: options.scale ?? size.scale }, options);
}

async function measure({ videos: count, channels: channelCount, scale, goal: most }: Size, bench: BenchOptions): Promise<void> {
  const timing: Timing = { seed: bench.seed, secondMs: secondMsAt(scale) };
  const channels = Array.from({ length: channelCount }, (_, index) => ({ key: `channel_${index}`, runAhead: true }));
  const videos = Array.from({ length: count }, (_, index) => index);
  const [bound, plainBound] = [lowerBound(bench.seed, videos, { runAhead: true }), lowerBound(bench.seed, videos)];
  const plainTiming: Timing = { seed: bench.seed, secondMs: secondMsAt(Math.max(scale, PLAIN_SCALE)) };
  said(`makespan: at least ${(bound / scale).toFixed(0)} s`);
  const withinMs = PATIENCE * bound * timing.secondMs;
  const rows = await makeVideos({ channels, videos: count, scale, withinMs, bench }, async (run, house) => {
    said('  plain designs');
    const plain = async (name: string, design: Promise<PlainRun>) => rowOf(name, await design, undefined, plainBound, plainTiming);
    return [
      rowOf('ours, with run-ahead', run, run.due, bound, timing),
      // They do nothing but wait, so they do not disturb each other.
      ...(await Promise.all([
        plain('one job a stage, p-limit inside', new StageJobs(house.redisUrl, plainTiming, videos).run()),
        plain('one job an item, first come first served', new ItemJobs(house.redisUrl, plainTiming, videos).run()),
      ])),
    ];
  });
  table(
    `makespan: ${count} videos on ${channelCount} channels; 1 s here is ${scale} s of the model; at least ${bound.toFixed(0)} s, without run-ahead ${plainBound.toFixed(0)} s; seed ${bench.seed}`,
    [
      'design',
      'makespan s',
      'of bound',
      'mean video end s',
      'first video s',
      'clips in flight while some wait',
      'place handed on in ms',
      ...RESOURCES.map((resource) => `most at ${resource} (${CAPS[resource]})`),
    ],
    rows.map(({ cells }) => cells),
  );
  const ratio = rows[0]?.ratio ?? NaN;
  goal(`makespan of bound, ${count}/${channelCount}`, ratio.toFixed(3), `at most ${most}`, ratio <= most);
  const over = rows[0]?.over ?? [];
  goal('calls above a cap', over.join(', ') || 'none', 'none', over.length === 0);
}

function rowOf(name: string, { calls, finished }: PlainRun, due: Due | undefined, bound: number, { secondMs }: Timing) {
  const begun = Math.min(...calls.map(({ start }) => start));
  const ends = [...finished.values()].map((end) => (end - begun) / secondMs);
  const uses = RESOURCES.map((resource) => useOf(at(calls, resource), CAPS[resource], due));
  const last = Math.max(...ends);
  const clips = due && uses[RESOURCES.indexOf('kie')];
  return {
    ratio: last / bound,
    over: RESOURCES.filter((resource, index) => (uses[index]?.mostInFlight ?? 0) > CAPS[resource]),
    cells: [
      name,
      last,
      last / bound,
      mean(ends),
      Math.min(...ends),
      clips?.busyWhileWaiting ?? null,
      clips?.handOverMs ?? null,
      ...uses.map(({ mostInFlight }) => mostInFlight),
    ],
  };
}
