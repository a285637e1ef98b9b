import { createHmac, randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import autocannon from 'autocannon';
import { Command } from 'commander';
import { Product, WEBHOOK_TOKEN } from './product.js';

/** How soon Notion's webhook is answered once its signature is checked and its event is stored, and how a bare route of the same framework does. */
const LIMIT_P99_MS = 50;
const CONNECTIONS = 20;

const program = new Command('npm run bench -- webhook')
  .description('Sends signed events at a steady rate: latencies of the gateway, with a durable inbox, and of a bare route.')
  .option('--rate <number>', 'events a second', '200')
  .option('--seconds <number>', 'how long', '30');
const { rate, seconds } = program.parse().opts<{ rate: string; seconds: string }>();

await Product.with(async (product) => {
  const gateway = await product.startGateway(await product.startSimulator());
  const bare = await product.start('dist/bench/bare-route.js', [], {}, /(http:\/\/\S+:\d+)/);
  const stored = async () => (await product.ask<{ count: number }>('SELECT count(*)::int AS count FROM webhook_events')).count;
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
});

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
  const signature = createHmac('sha256', WEBHOOK_TOKEN).update(body).digest('hex');
  return { body, headers: { 'content-type': 'application/json', 'x-notion-signature': `sha256=${signature}` } };
}

function ratio(value: number, to: number): string {
  return (value / Math.max(to, 1)).toFixed(2);
}
