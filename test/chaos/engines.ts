import { join } from 'node:path';
import { migrate } from '#database';
import { startPostgres, startRedis, type Engine } from '#engines';

/** A Postgres and a Redis that can be taken away and come back at the same address; Redis comes back empty. */
export class Engines {
  private constructor(
    private readonly folder: string,
    private postgres: Engine,
    private redis: Engine,
    readonly databaseUrl: string,
    readonly redisUrl: string,
  ) {}

  static async start(folder: string): Promise<Engines> {
    const [postgres, redis] = await Promise.all([
      startPostgres({ dataDir: join(folder, 'postgres'), durable: false }),
      startRedis({ dataDir: join(folder, 'redis'), durable: false }),
    ]);
    await migrate(postgres.url);
    return new Engines(folder, postgres, redis, postgres.url, redis.url);
  }

  async stopPostgres(): Promise<void> {
    await this.postgres.stop();
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({ dataDir: join(this.folder, 'postgres'), durable: false, port: portOf(this.databaseUrl) });
  }

  async stopRedis(): Promise<void> {
    await this.redis.stop();
  }

  async startRedis(): Promise<void> {
    this.redis = await startRedis({ dataDir: join(this.folder, 'redis'), durable: false, port: portOf(this.redisUrl) });
  }

  async stop(): Promise<void> {
    await Promise.all([this.postgres.stop(), this.redis.stop()]);
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
