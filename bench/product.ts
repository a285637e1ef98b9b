import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '#database';
import { startPostgres, startRedis } from '#engines';
import { Client, type QueryResultRow } from 'pg';
import { startProcess, type Started } from './process.js';

/** The secret that the gateway's webhook has. */
export const WEBHOOK_TOKEN = 'secret_of_the_benchmark';

/** Engines that keep what they are given, as in production, a simulator, and as many processes of the product as are started. */
export class Product {
  private readonly processes: Started[] = [];

  private constructor(
    private readonly folder: string,
    private readonly postgres: Awaited<ReturnType<typeof startPostgres>>,
    private readonly redis: Awaited<ReturnType<typeof startRedis>>,
  ) {}

  /** Starts the engines, does the work, and leaves nothing behind. */
  static async with(work: (product: Product) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
    const redis = await startRedis({ dataDir: join(folder, 'redis'), durable: true });
    const product = new Product(folder, postgres, redis);
    try {
      await migrate(postgres.url);
      await work(product);
    } finally {
      for (const { stop } of product.processes.reverse()) await stop();
      await redis.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Starts a script that prints its address once it is up; returns the address. */
  async start(script: string, args: readonly string[], environment: Record<string, string>, ready: RegExp): Promise<string> {
    const started = await startProcess(script, args, environment, ready);
    this.processes.push(started);
    return started.ready[1]?.replace('[::1]', '127.0.0.1') ?? '';
  }

  async startSimulator(): Promise<string> {
    return this.start('dist/apps/simulator/src/main.js', ['--port', '0'], {}, /(http:\/\/127\.0\.0\.1:\d+)/);
  }

  /** A gateway in front of a simulator; returns its address. */
  async startGateway(simulator: string, settings: Record<string, string> = {}): Promise<string> {
    const environment = {
      DATABASE_URL: this.postgres.url,
      REDIS_URL: this.redis.url,
      SIMULATOR_URL: simulator,
      NOTION_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      WORKSPACE_ROOT: join(this.folder, 'workspace'),
      PORT: '0',
      LOG_LEVEL: 'info',
      ...settings,
    };
    return this.start('dist/apps/gateway/src/main.js', [], environment, /gateway_start_done.*(http:\/\/127\.0\.0\.1:\d+)/);
  }

  /** Asks the database for one row. */
  async ask<T extends QueryResultRow>(statement: string): Promise<T> {
    const client = new Client({ connectionString: this.postgres.url });
    await client.connect();
    const { rows } = await client.query<T>(statement);
    await client.end();
    if (!rows[0]) throw new Error(`Nothing was answered to: ${statement}`);
    return rows[0];
  }
}
