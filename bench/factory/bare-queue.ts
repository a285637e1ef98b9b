import { Queue, Worker } from 'bullmq';
import { Pool } from 'pg';
import { monotonic } from './record.js';

/** Jobs that a bare queue runs to get warm, and that are measured then. */
const [WARM, MEASURED] = [1_000, 5_000];

/** How many jobs that do nothing but `work` a bare queue runs in a second, in this process. */
export async function bareJobsPerSecond(
  redisUrl: string,
  concurrency: number,
  work: (job: number) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const options = { connection: { url: redisUrl, maxRetriesPerRequest: null }, prefix: 'bare' };
  const queue = new Queue<number>('bare', options);
  const round = async (from: number, count: number) => {
    await queue.addBulk(
      Array.from({ length: count }, (_, index) => ({ name: 'nothing', data: from + index, opts: { removeOnComplete: true } })),
    );
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let left = count;
    const begun = monotonic();
    const worker = new Worker<number>(
      'bare',
      async ({ data }) => {
        await work(data);
        left -= 1;
        if (left === 0) resolve(undefined);
      },
      { ...options, concurrency },
    );
    await promise;
    const seconds = (monotonic() - begun) / 1_000;
    await worker.close();
    return count / seconds;
  };
  await round(0, WARM);
  const perSecond = await round(WARM, MEASURED);
  await queue.close();
  return perSecond;
}

/**
 * The same with the least that can be recorded of a job: its row is claimed before, and after it, in one transaction, its end and the next job are written down. No
 * row for what it costs, no journal, no place, no turn, no file.
 */
export async function recordedJobsPerSecond(redisUrl: string, databaseUrl: string, concurrency: number): Promise<number> {
  const pool = new Pool({ connectionString: databaseUrl, max: concurrency });
  try {
    await pool.query(`CREATE TABLE bare_jobs (id integer PRIMARY KEY, state text NOT NULL DEFAULT 'due', updated_at timestamptz)`);
    await pool.query('CREATE TABLE bare_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job integer NOT NULL)');
    await pool.query('INSERT INTO bare_jobs (id) SELECT generate_series(0, $1 - 1)', [WARM + MEASURED]);
    return await bareJobsPerSecond(redisUrl, concurrency, async (job) => {
      await pool.query(`UPDATE bare_jobs SET state = 'running', updated_at = now() WHERE id = $1 AND state = 'due'`, [job]);
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(`UPDATE bare_jobs SET state = 'ready', updated_at = now() WHERE id = $1 AND state = 'running'`, [job]);
        await client.query('INSERT INTO bare_outbox (job) VALUES ($1)', [job]);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    });
  } finally {
    await pool.end();
  }
}
