import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { migrate } from '#database';
import { startPostgres, startRedis } from '#engines';
import { STAGE_NAMES } from '#pipeline';
import { startProcess } from './process.js';

/** How long each process takes from its start to taking work, and how much memory it has then. Limits: 3 s for a service, 10 s for the launcher. */
const LIMITS = { service: 3_000, launcher: 10_000 };
const ROUNDS = 3;

interface Measured {
  startMs: number;
  rssMb: number;
}

const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false });
const redis = await startRedis({ dataDir: join(folder, 'redis'), durable: false });
try {
  await migrate(postgres.url);
  const environment = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    SIMULATOR_URL: 'http://127.0.0.1:9',
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    PORT: '0',
    LOG_LEVEL: 'info',
  };
  const rows: [string, Measured[], number][] = [];
  for (const app of ['gateway', ...STAGE_NAMES])
    rows.push([app, await rounds(`dist/apps/${app}/src/main.js`, [], environment, /_start_done/), LIMITS.service]);
  rows.push(['simulator', await rounds('dist/apps/simulator/src/main.js', ['--port', '0'], {}, /listens on/), LIMITS.service]);
  const own = { DATABASE_URL: '', REDIS_URL: '', SIMULATOR_URL: '' };
  const local = await rounds('dist/apps/local/src/main.js', ['--data', join(folder, 'local'), '--port', '0'], own, /Everything is up/);
  rows.push(['all in one', local, LIMITS.launcher]);

  process.stdout.write(`process      start ms (median of ${ROUNDS})   of limit   memory MB (RSS)\n`);
  for (const [name, measured, limit] of rows) {
    const startMs = median(measured.map((one) => one.startMs));
    const rssMb = median(measured.map((one) => one.rssMb));
    process.stdout.write(
      `${name.padEnd(13)}${startMs.toFixed(0).padStart(8)}${(startMs / limit).toFixed(2).padStart(23)}${rssMb.toFixed(0).padStart(18)}\n`,
    );
  }
} finally {
  await redis.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function rounds(script: string, args: readonly string[], environment: Record<string, string>, ready: RegExp): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (let round = 0; round < ROUNDS; round += 1) measured.push(await measure(script, args, environment, ready));
  return measured;
}

async function measure(script: string, args: readonly string[], environment: Record<string, string>, ready: RegExp): Promise<Measured> {
  const from = performance.now();
  const { child, stop } = await startProcess(script, args, environment, ready);
  const startMs = performance.now() - from;
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
  const rssMb = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1_000;
  await stop();
  return { startMs, rssMb };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
