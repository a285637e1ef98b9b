import { House } from '../house.js';
import { COUNTS } from '../model.js';
import { said, type BenchOptions } from '../options.js';
import { People } from '../people.js';
import { monotonic } from '../record.js';
import { STEP_OF } from '../seeds.js';
import { goal, table } from '../table.js';
import { narrationsPerSecond, type Throughput } from '../throughput.js';

const CONCURRENCY = 12;
const [VIDEOS, QUICK_VIDEOS] = [40, 12];
const ROUNDS = 2;
const [FINISHED, QUICK_FINISHED] = [10_000, 1_000];
const GOAL = 0.1;
const CHANNELS = [{ key: 'busy' }, { key: 'others_1' }, { key: 'others_2' }, { key: 'others_3' }];

/** Whether it gets slower with what was made before and with what others have queued. */
export async function growth(bench: BenchOptions): Promise<void> {
  const finished = bench.quick ? QUICK_FINISHED : FINISHED;
  const options = {
    channels: CHANNELS,
    timing: { seed: bench.seed, secondMs: 0 },
    caps: { elevenlabs: CONCURRENCY },
    // What is queued stays queued: the videos that are measured are in work already.
    settings: { AUDIO_CONCURRENCY: String(CONCURRENCY), TASKS_IN_WORK: '1' },
    bench,
  };
  await House.with(options, async (house) => {
    await house.startWorkers(['audio']);
    await People.in(
      house,
      async (people) => {
        let next = 0;
        const round = async (what: string) => {
          said(`growth: ${what}`);
          const videos = bench.quick ? QUICK_VIDEOS : VIDEOS;
          next += videos;
          return narrationsPerSecond(house, people, { seed: bench.seed, channel: 'busy', from: next - videos, videos });
        };
        const rounds = async (what: string) => {
          const measured: Throughput[] = [];
          for (let index = 0; index < ROUNDS; index += 1) measured.push(await round(what));
          return measured.reduce((best, one) => (one.perSecond > best.perSecond ? one : best));
        };
        await round('getting warm');
        const empty = await rounds('an empty database');
        const from = monotonic();
        said(`growth: writing ${finished} finished videos`);
        const artifacts = await fill(house, finished);
        said(`growth: that took ${((monotonic() - from) / 1_000).toFixed(0)} s`);
        const full = await rounds('a full database');
        table(
          `growth: narrations, the better of ${ROUNDS} rounds`,
          ['', 'items/s', 'CPU ms/item: workers', 'gateway', 'Postgres'],
          [
            ['an empty database', ...figures(empty)],
            [`${finished} finished videos with ${artifacts} artifacts, ${finished} queued by other channels`, ...figures(full)],
          ],
        );
        const slower = 1 - full.perSecond / empty.perSecond;
        goal('slower with a full database', `${(slower * 100).toFixed(1)} %`, `less than ${GOAL * 100} %`, slower < GOAL);
      },
      [],
    );
  });
}

function figures({ perSecond, workersMs, gatewayMs, postgresMs }: Throughput): number[] {
  return [perSecond, workersMs, gatewayMs, postgresMs];
}

/** Writes finished videos with all their items and paid calls, and as many that wait; returns how many items that were. */
async function fill(house: House, count: number): Promise<number> {
  const videos = (status: string, title: string) =>
    `INSERT INTO tasks (channel_id, title, status, step, step_opened, queued_at, published_at, created_at)
     SELECT channels.id, '${title} ' || number, '${status}', ${status === 'published' ? "'publication', true" : 'NULL, false'}, now() - number * interval '1 minute',
       ${status === 'published' ? "now() - number * interval '1 minute'" : 'NULL'}, now() - number * interval '1 minute'
     FROM generate_series(1, ${count}) AS number JOIN channels ON channels.key = 'others_' || (1 + number % 3)`;
  // Rows that fit by their making need not be looked up one by one.
  await house.query(`SET session_replication_role = replica`);
  await house.query(videos('queued', 'Queued'));
  await house.query(videos('published', 'Published'));
  const kinds = Object.entries(COUNTS);
  await house.query(
    `INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, input, result, path, checksum, bytes, attempt, created_at, updated_at)
     SELECT channel_id, id, ${STEP_OF}, kind, position, 'ready', jsonb_build_object('text', repeat('word ', 40)), '{"model": "modelled"}',
       channel_id || '/' || id || '/' || kind || '/' || position, md5(random()::text) || md5(random()::text), 100000, 1, created_at, created_at
     FROM tasks CROSS JOIN unnest($1::text[], $2::int[]) AS made (kind, count) CROSS JOIN generate_series(0, count - 1) AS position
     WHERE status = 'published'`,
    [kinds.map(([kind]) => kind), kinds.map(([, number]) => number)],
  );
  await house.query(
    `INSERT INTO video_costs (channel_id, task_id, artifact_id, provider, operation, amount_usd, simulated, state, settled_at, created_at)
     SELECT channel_id, task_id, id, 'kie', kind, 0.1, true, 'billed', created_at, created_at FROM artifacts WHERE path <> 'seed' AND kind IN ('image', 'clip')`,
  );
  await house.query(`SET session_replication_role = origin`);
  await house.query('ANALYZE');
  const [found] = await house.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM artifacts JOIN tasks ON tasks.id = task_id WHERE status = 'published'`,
  );
  return found?.count ?? 0;
}
