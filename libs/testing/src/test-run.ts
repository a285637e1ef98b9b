import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '#database';
import { startPostgres, startRedis, type Engine } from '#engines';
import { Client } from 'pg';

/** Migrated once a run; every test database is a copy of it. */
export const TEMPLATE_DATABASE = 'template_of_tests';
const POSTGRES_URL = 'TEST_POSTGRES_URL';
const REDIS_URL = 'TEST_REDIS_URL';

/** Starts the engines of a test run and hands their URLs to the test processes; returns what stops them and removes their data. */
export async function startTestRun(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'test-run-'));
  const engines: Engine[] = [];
  const stop = async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const start = async (engine: Promise<Engine>): Promise<string> => {
      engines.push(await engine);
      return (await engine).url;
    };
    const [postgresUrl, redisUrl] = await Promise.all([
      start(startPostgres({ dataDir: join(folder, 'postgres'), durable: false })),
      start(startRedis({ dataDir: join(folder, 'redis'), durable: false })),
    ]);
    await createTemplate(postgresUrl);
    process.env[POSTGRES_URL] = postgresUrl;
    process.env[REDIS_URL] = redisUrl;
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createTemplate(postgresUrl: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
    const template = new URL(postgresUrl);
    template.pathname = TEMPLATE_DATABASE;
    await migrate(template.href);
    // A database can only be copied while nobody is connected to it.
    await client.query(`ALTER DATABASE ${TEMPLATE_DATABASE} ALLOW_CONNECTIONS false`);
  } finally {
    await client.end();
  }
}

/** Where a test process finds the engines of its run. */
export function inheritedEngines(): { postgresUrl: string; redisUrl: string } {
  const { [POSTGRES_URL]: postgresUrl, [REDIS_URL]: redisUrl } = process.env;
  if (!postgresUrl || !redisUrl)
    throw new Error('The engines of the test run are not there; tests are run by jest, whose global setup starts them.');
  return { postgresUrl, redisUrl };
}
