import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Product } from './product.js';

/** How much of what Notion allows is used when there is more to say than that, and whether it is ever too much. */
const ALLOWED = 180;
const WINDOW_MS = 60_000;
const GOAL = 0.95;
/** The data source of the simulator's own database. */
const VIDEOS = '00000000-0000-4000-8000-00000000da7a';
/** Each row costs at least a reading and a writing: so many are more than can be shown in a minute. */
const ROWS_PER_MINUTE = ALLOWED;

const program = new Command('npm run bench -- notion')
  .description(
    `Queues more rows than Notion lets anybody write in the time: requests, of ${ALLOWED} in any ${WINDOW_MS / 1_000} s, from every gateway together.`,
  )
  .option('--minutes <number>', 'how long', '3')
  .option('--gateways <number>', 'processes that share the pace', '2')
  .option('--spacing <ms>', 'NOTION_REQUEST_SPACING_MS', '340');
const options = program.parse().opts<{ minutes: string; gateways: string; spacing: string }>();
const minutes = Number(options.minutes);

await Product.with(async (product) => {
  const simulator = await product.startSimulator();
  const person = async (method: string, path: string, body?: object): Promise<unknown> => {
    const url = `${simulator}/simulator/notion/${path}`;
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const rate = { requests: ALLOWED, window_ms: WINDOW_MS };
  await person('PUT', '', { rate });
  for (let row = 0; row < ROWS_PER_MINUTE * (minutes + 1); row += 1)
    await person('POST', 'rows', { title: `Video ${row}`, channel: row % 2 ? 'deep_sea' : 'forest_hours', status: 'Queued' });
  const settings = { NOTION_DATA_SOURCE_ID: VIDEOS, NOTION_REQUEST_SPACING_MS: options.spacing };
  for (let gateway = 0; gateway < Number(options.gateways); gateway += 1) await product.startGateway(simulator, settings);

  const traffic = async () => (await person('GET', 'traffic')) as { requests: number; most_in_window: number; rate_limited: number };
  // One window first: from then on every window is a full one.
  await sleep(WINDOW_MS);
  let { requests: before } = await traffic();
  process.stdout.write('minute   requests   of allowed   most in a window   429\n');
  const shares: number[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    await sleep(WINDOW_MS);
    const { requests, most_in_window: most, rate_limited: limited } = await traffic();
    shares.push((requests - before) / ALLOWED);
    process.stdout.write(
      `${String(minute).padEnd(9)}${String(requests - before).padStart(8)}${(shares.at(-1) ?? 0).toFixed(3).padStart(13)}${String(most).padStart(19)}${String(limited).padStart(6)}\n`,
    );
    before = requests;
  }
  const { left } = await product.ask<{ left: number }>('SELECT count(*)::int AS left FROM tasks WHERE notion_version < version');
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  process.stdout.write(`of what is allowed: ${mean.toFixed(3)} (goal: ${GOAL}); rows that were still to be written: ${left}\n`);
  if (left === 0) throw new Error('There was not enough to say: the figures above are not the limit.');
});
