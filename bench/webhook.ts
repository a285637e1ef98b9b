import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { cpus, tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '#database';
import { startPostgres, startRedis } from '#engines';
import autocannon from 'autocannon';
import { Command } from 'commander';
import { Client } from 'pg';
import { startProcess, type Started } from './process.js';

/** How soon Notion's webhook is answered once its signature is checked and its event is stored, and how a bare route of the same framework does. */
const LIMIT_P99_MS = 50;
const SECRET = 'secret_of_the_benchmark';
const CONNECTIONS = 20;

const program = new Command('npm run bench -- webhook')
  .description('Sends signed events at a steady rate: latencies of the gateway, with a durable inbox, and of a bare route.')
  .option('--rate <number>', 'events a second', '200')
  .option('--seconds <number>', 'how long', '30');
const { rate, seconds } = program.parse().opts<{ rate: string; seconds: string }>();

const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
const redis = await startRedis({ dataDir: join(folder, 'redis'), durable: true });
const processes: Started[] = [];
const start = async (...of: Parameters<typeof startProcess>): Promise<string> => {
  const started = await startProcess(...of);
  processes.push(started);
  return started.ready[1]?.replace('[::1]', '127.0.0.1') ?? '';
};
try {
  await migrate(postgres.url);
  const simulator = await start('dist/apps/simulator/src/main.js', ['--port', '0'], {}, /(http:\/\/127\.0\.0\.1:\d+)/);
  const environment = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    SIMULATOR_URL: simulator,
    NOTION_WEBHOOK_TOKEN: SECRET,
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    PORT: '0',
    LOG_LEVEL: 'info',
  };
  const gateway = await start('dist/apps/gateway/src/main.js', [], environment, /gateway_start_done.*(http:\/\/127\.0\.0\.1:\d+)/);
  const bare = await start('dist/bench/bare-route.js', [], {}, /(http:\/\/\S+:\d+)/);
  for (const url of [bare, gateway]) await load(url, 3);
  const before = await stored();
  const [bareResult, result] = [await load(bare, Number(seconds)), await load(gateway, Number(seconds))];
  const events = (await stored()) - before;

  process.stdout.write(`${rate} events/s for ${seconds} s, ${CONNECTIONS} connections, ${cpus().length} cores\n`);
  process.stdout.write('                          p50 ms    p90 ms    p99 ms    max ms   answered     errors\n');
  for (const [name, { latency, requests, errors, non2xx }] of [['bare Nest route', bareResult] as const, ['webhook', result] as const]) {
    const columns = [latency.p50, latency.p90, latency.p99, latency.max, requests.total, errors + non2xx];
    process.stdout.write(`${name.padEnd(22)}${columns.map((value) => String(value).padStart(10)).join('')}\n`);
  }
  process.stdout
    .write(`webhook / bare route, p50: ${ratio(result.latency.p50, bareResult.latency.p50)}, p99: ${ratio(result.latency.p99, bareResult.latency.p99)}
webhook p99 of its limit of ${LIMIT_P99_MS} ms: ${ratio(result.latency.p99, LIMIT_P99_MS)}
events stored of events answered: ${events} of ${result.requests.total}\n`);
} finally {
  for (const { stop } of processes.reverse()) await stop();
  await redis.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Sends events at the rate for so long (s), each another one. */
async function load(url: string, duration: number): Promise<autocannon.Result> {
  return autocannon({
    url: `${url}/webhook/notion`,
    connections: CONNECTIONS,
    overallRate: Number(rate),
    duration,
    requests: [{ method: 'POST', setupRequest: (request) => ({ ...request, ...signedEvent() }) }],
  });
}

function signedEvent(): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify({
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    workspace_id: randomUUID(),
    workspace_name: 'Benchmark',
    subscription_id: randomUUID(),
    integration_id: randomUUID(),
    authors: [{ id: randomUUID(), type: 'person' }],
    attempt_number: 1,
    api_version: '2026-03-11',
    type: 'page.properties_updated',
    entity: { id: randomUUID(), type: 'page' },
    data: { parent: { id: randomUUID(), type: 'database', data_source_id: randomUUID() }, updated_properties: ['XGe%40'] },
  });
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  return { body, headers: { 'content-type': 'application/json', 'x-notion-signature': `sha256=${signature}` } };
}

async function stored(): Promise<number> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM webhook_events');
  await client.end();
  return rows[0]?.count ?? 0;
}

function ratio(value: number, to: number): string {
  return (value / Math.max(to, 1)).toFixed(2);
}
