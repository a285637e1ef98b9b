import { cpuSeconds } from './cpu.js';
import type { House } from './house.js';
import { COUNTS } from './model.js';
import type { People } from './people.js';
import type { Call } from './record.js';
import { feed } from './seeds.js';

/** How many narrations are made in a second, and what processor time each takes (ms). */
export interface Throughput {
  readonly items: number;
  readonly perSecond: number;
  readonly workersMs: number;
  readonly gatewayMs: number;
  readonly postgresMs: number;
}

/** A machine that makes fewer is not waited for (items a second). */
const LEAST_PER_SECOND = 1;

/** Feeds narrations, which are paid for, of so many videos, and measures from the first one that begins to the last one that is recorded. */
export async function narrationsPerSecond(
  house: House,
  people: People,
  { seed, channel, from, videos }: { seed: number; channel: string; from: number; videos: number },
): Promise<Throughput> {
  const numbers = Array.from({ length: videos }, (_, index) => from + index);
  const items = videos * COUNTS.narration;
  const before = await cpus(house);
  await feed(house, people, { seed, channel, videos: numbers, gate: 'video_ready' });
  const own = (all: readonly Call[]) => all.filter(({ video }) => video >= from && video < from + videos);
  const calls = own(await house.callsWhen((all) => own(all).length === items, (items / LEAST_PER_SECOND) * 1_000));
  if (calls.length < items) throw new Error(`Only ${calls.length} of ${items} narrations were begun in time`);
  const end = await house.readyAt(numbers, 'narration');
  const after = await cpus(house);
  const eachMs = (name: keyof typeof after) => ((after[name] - before[name]) * 1_000) / items;
  const begun = Math.min(...calls.map(({ start }) => start));
  return {
    items,
    perSecond: items / ((end - begun) / 1_000),
    workersMs: eachMs('workers'),
    gatewayMs: eachMs('gateway'),
    postgresMs: eachMs('postgres'),
  };
}

async function cpus(house: House) {
  const [workers, gateway, postgres] = await Promise.all([
    cpuSeconds(house.workerPids),
    cpuSeconds(house.gatewayPids),
    cpuSeconds([await house.postgresPid()]),
  ]);
  return { workers, gateway, postgres };
}
