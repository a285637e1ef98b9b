import { House } from '../house.js';
import { CAPS, COUNTS, latencies } from '../model.js';
import { said, secondMsAt, type BenchOptions } from '../options.js';
import { People } from '../people.js';
import { goal, table } from '../table.js';
import { narrationsPerSecond } from '../throughput.js';

const PROCESSES = [1, 2, 4];
/** Slow, as these items are short. */
const SCALE = 5;
const [VIDEOS, QUICK_VIDEOS] = [12, 5];
/** Where the provider answers at once, there have to be more of them. */
const INSTANT_VIDEOS = 4;
const WARM_VIDEOS = 4;
const CONCURRENCY = 12;
const GOAL = 0.95;

/** Whether more processes of a stage make more, where its provider is the limit and where the machine is. */
export async function scaleout(bench: BenchOptions): Promise<void> {
  const scale = bench.scale ?? SCALE;
  const videos = bench.quick ? QUICK_VIDEOS : VIDEOS;
  const rows: (readonly (string | number | null)[])[] = [];
  const shares: number[] = [];
  for (const processes of PROCESSES) {
    said(`scaleout: ${processes} processes, bound by the provider`);
    const { perSecond } = await measure({ processes, videos, secondMs: secondMsAt(scale), cap: CAPS.elevenlabs, settings: {}, bench });
    const work = Array.from({ length: videos }, (_, index) => latencies(bench.seed, WARM_VIDEOS + index, 'narration')).flat();
    const possible = (CAPS.elevenlabs * work.length * scale) / work.reduce((sum, seconds) => sum + seconds, 0);
    shares.push(perSecond / possible);
    rows.push([`provider, ${CAPS.elevenlabs} at a time`, processes, perSecond, possible, perSecond / possible]);
  }
  let single = NaN;
  for (const processes of PROCESSES) {
    said(`scaleout: ${processes} processes, bound by this machine`);
    const cap = CONCURRENCY * processes;
    const settings = { AUDIO_CONCURRENCY: String(CONCURRENCY) };
    const { perSecond } = await measure({ processes, videos: videos * INSTANT_VIDEOS, secondMs: 0, cap, settings, bench });
    if (processes === 1) single = perSecond;
    rows.push(['this machine: answered at once', processes, perSecond, single, perSecond / single]);
  }
  table(
    `scaleout: narrations (${COUNTS.narration} a video); 1 s here is ${scale} s of the model where the provider is the limit; seed ${bench.seed}`,
    ['limit', 'processes', 'items/s', 'limit (or one process)', 'of that'],
    rows,
  );
  const least = Math.min(...shares);
  goal('least of what the provider can do', least.toFixed(3), `at least ${GOAL}`, least >= GOAL);
}

interface Measurement {
  readonly processes: number;
  readonly videos: number;
  readonly secondMs: number;
  readonly cap: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly bench: BenchOptions;
}

async function measure({ processes, videos, secondMs, cap, settings, bench }: Measurement) {
  const timing = { seed: bench.seed, secondMs };
  return House.with({ channels: [{ key: 'busy' }], timing, caps: { elevenlabs: cap }, settings, bench }, async (house) => {
    await house.startWorkers(['audio'], processes);
    return People.in(
      house,
      async (people) => {
        const feed = { seed: bench.seed, channel: 'busy' };
        await narrationsPerSecond(house, people, { ...feed, from: 0, videos: WARM_VIDEOS });
        return narrationsPerSecond(house, people, { ...feed, from: WARM_VIDEOS, videos });
      },
      [],
    );
  });
}
