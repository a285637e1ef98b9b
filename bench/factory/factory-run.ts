import { House, type BenchChannel } from './house.js';
import { dueTimes, type Due } from './measure.js';
import type { Caps } from './model.js';
import { said, secondMsAt, type BenchOptions } from './options.js';
import { People } from './people.js';
import type { Call } from './record.js';
import type { BenchStage } from './worker.js';

const STAGES: readonly BenchStage[] = ['asset', 'video', 'audio', 'sfx', 'assembly'];

/** Videos that go through the whole factory. */
export interface Load {
  readonly channels: readonly BenchChannel[];
  readonly videos: number;
  /** Seconds of the model in one of this machine's; 0: every call is answered at once. */
  readonly scale: number;
  readonly withinMs: number;
  readonly processes?: number;
  readonly caps?: Partial<Caps>;
  readonly bench: BenchOptions;
}

/** What has become of them. */
export interface Run {
  readonly calls: readonly Call[];
  /** When each video was finished (ms, monotonic). */
  readonly finished: ReadonlyMap<number, number>;
  readonly due: Due;
}

/**
 * Has videos made from their queueing to the final review, the channels in turn.
 * @param after what is done in the same house once all processes of the product have ended
 */
export async function makeVideos<T>(load: Load, after: (run: Run, house: House) => Promise<T>): Promise<T> {
  const { channels, videos, scale, withinMs, processes = 1, bench, caps } = load;
  const timing = { seed: bench.seed, secondMs: scale > 0 ? secondMsAt(scale) : 0 };
  return House.with({ channels, timing, bench, ...(caps && { caps }) }, async (house) => {
    await house.startWorkers(STAGES, processes);
    said(`  ${videos} videos on ${channels.length} channels`);
    const run = await People.in(house, async (people) => {
      await people.plan(Array.from({ length: videos }, (_, video) => ({ video, channel: channels[video % channels.length]?.key ?? '' })));
      await people.waitFor(videos, withinMs);
      const calls = await house.calls();
      return { calls, finished: people.finished, due: await dueTimes(house, calls) };
    });
    await house.stopProcesses();
    return after(run, house);
  });
}
