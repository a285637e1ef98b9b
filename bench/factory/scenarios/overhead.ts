import { bareJobsPerSecond, recordedJobsPerSecond } from '../bare-queue.js';
import { makeVideos } from '../factory-run.js';
import { House } from '../house.js';
import { COUNTS } from '../model.js';
import { said, type BenchOptions } from '../options.js';
import { People } from '../people.js';
import { goal, table } from '../table.js';
import { narrationsPerSecond } from '../throughput.js';

/** Of the worker, of the bare queue, and of the provider, which answers at once. */
const CONCURRENCY = 12;
const [VIDEOS, QUICK_VIDEOS] = [60, 15];
const [WHOLE_VIDEOS, QUICK_WHOLE_VIDEOS] = [20, 6];
const WARM_VIDEOS = 8;
const GOAL = 0.3;
const CHANNELS = [{ key: 'busy' }];
const WITHIN_MS = 600_000;

/** What the machinery takes for an item that takes no time itself, next to a bare queue that promises nothing. */
export async function overhead(bench: BenchOptions): Promise<void> {
  said('overhead: narrations in one process');
  const settings = { AUDIO_CONCURRENCY: String(CONCURRENCY) };
  const options = { channels: CHANNELS, timing: { seed: bench.seed, secondMs: 0 }, caps: { elevenlabs: CONCURRENCY }, settings, bench };
  const { bare, recorded, stage } = await House.with(options, async (house) => {
    await house.startWorkers(['audio']);
    return People.in(
      house,
      async (people) => {
        const feed = { seed: bench.seed, channel: 'busy' };
        await narrationsPerSecond(house, people, { ...feed, from: 0, videos: WARM_VIDEOS });
        const measured = await narrationsPerSecond(house, people, {
          ...feed,
          from: WARM_VIDEOS,
          videos: bench.quick ? QUICK_VIDEOS : VIDEOS,
        });
        return {
          stage: measured,
          bare: await bareJobsPerSecond(house.redisUrl, CONCURRENCY),
          recorded: await recordedJobsPerSecond(house.redisUrl, house.databaseUrl, CONCURRENCY),
        };
      },
      [],
    );
  });
  const videos = bench.quick ? QUICK_WHOLE_VIDEOS : WHOLE_VIDEOS;
  said('overhead: whole videos');
  const whole = await makeVideos({ channels: CHANNELS, videos, scale: 0, withinMs: WITHIN_MS, bench }, ({ calls, finished }) => {
    const seconds = (Math.max(...finished.values()) - Math.min(...calls.map(({ start }) => start))) / 1_000;
    const each = Object.values(COUNTS).reduce((sum, count) => sum + count, 0);
    return Promise.resolve((videos * each) / seconds);
  });
  table(
    `overhead: providers that answer at once; ${CONCURRENCY} items at a time but where said otherwise`,
    ['', 'processes', 'items/s', 'of bare queue', 'CPU ms/item: workers', 'gateway', 'Postgres'],
    [
      ['bare queue, jobs that do nothing', 1, bare, 1, null, null, null],
      ['the same, claimed and ended in Postgres, nothing else', 1, recorded, recorded / bare, null, null, null],
      [
        `narrations (${stage.items}), each paid for once`,
        '1 worker, 1 gateway',
        stage.perSecond,
        stage.perSecond / bare,
        stage.workersMs,
        stage.gatewayMs,
        stage.postgresMs,
      ],
      [`whole videos (${videos}), concurrency as shipped`, '5 workers, 1 gateway', whole, whole / bare, null, null, null],
    ],
  );
  const ratio = stage.perSecond / bare;
  goal('narrations of a bare queue', ratio.toFixed(3), `at least ${GOAL}`, ratio >= GOAL);
}
