import { STEPS } from '#pipeline';
import { QUEUES } from '#stage';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** Items that are due and wanted, with the job that must carry each. */
const DUE = `
  SELECT artifacts.id || '-g' || artifacts.generation AS job_id, artifacts.step
  FROM artifacts JOIN tasks ON tasks.id = artifacts.task_id AND tasks.step = artifacts.step AND tasks.step_opened
  WHERE artifacts.state = 'due' AND artifacts.next_at <= now() AND tasks.status = ANY($1)
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.job_id = artifacts.id || '-g' || artifacts.generation)
  UNION ALL
  SELECT tasks.id || '-' || tasks.step || '-g' || tasks.step_generation, tasks.step
  FROM tasks WHERE tasks.step IS NOT NULL AND NOT tasks.step_opened AND tasks.status NOT IN ('draft', 'published') AND tasks.status !~ '_error$'
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.job_id = tasks.id || '-' || tasks.step || '-g' || tasks.step_generation)`;

/** The record and the queues as they really are, seen past the product. */
export class Inspection {
  private readonly queues: Map<string, Queue>;
  private readonly redis: Redis;

  constructor(
    private readonly databaseUrl: string,
    redisUrl: string,
    prefix: string,
  ) {
    this.redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
    this.redis.on('error', () => undefined);
    this.queues = new Map(
      QUEUES.map((name) => [name, new Queue(name, { connection: { url: redisUrl, maxRetriesPerRequest: null }, prefix })]),
    );
    for (const queue of this.queues.values()) queue.on('error', () => undefined);
  }

  /** Rows of a query, on a connection of its own: Postgres comes and goes. */
  async rows<T extends object>(query: string, values: readonly unknown[] = []): Promise<T[]> {
    // A Postgres that goes down in the middle of a handshake would be waited for for ever.
    const client = new Client({ connectionString: this.databaseUrl, connectionTimeoutMillis: 5_000, query_timeout: 15_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(query, [...values])).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Due work that has neither a job in its queue nor a row in the outbox. */
  async withoutTicket(): Promise<number> {
    const due = await this.rows<{ job_id: string; step: string }>(DUE, [STEPS.map(({ working }) => working)]);
    const states = await Promise.all(
      due.map(async ({ job_id, step }) => {
        const stage = STEPS.find(({ name }) => name === step)?.stage ?? '';
        return (await this.queues.get(stage)?.getJobState(job_id)) ?? 'unknown';
      }),
    );
    return states.filter((state) => state === 'unknown').length;
  }

  /** Jobs that are still in a queue, schedules and the picture of dead letters apart. */
  async jobsLeft(): Promise<string[]> {
    const left: string[] = [];
    for (const [name, queue] of this.queues) {
      if (name === 'housekeeping') continue;
      const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'failed');
      const jobs = Object.values(counts).reduce((sum, count) => sum + count, 0);
      if (jobs > 0) left.push(`${name}: ${JSON.stringify(counts)}`);
    }
    return left;
  }

  async flushRedis(): Promise<void> {
    await this.redis.flushall();
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await Promise.all([...this.queues.values()].map((queue) => queue.close().catch(() => undefined)));
  }
}
