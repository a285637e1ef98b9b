import { randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '#database';
import { startPostgres, startRedis, type Engine } from '#engines';
import { ffmpeg } from '#media';
import { Client, type QueryResultRow } from 'pg';
import { startProcess, type Started } from '../process.js';
import { CAPS, SCENES, type Caps, type Kind } from './model.js';
import { said, type BenchOptions } from './options.js';
import { monotonic, readCalls, type Call } from './record.js';
import type { Timing } from './scripts.js';
import { titleOf } from './storyteller.js';
import type { BenchStage, WorkerOrder } from './worker.js';

/** A channel of the benchmark: its key, and what of its file matters here. */
export interface BenchChannel {
  readonly key: string;
  readonly weight?: number;
  readonly runAhead?: boolean;
}

export interface HouseOptions {
  readonly channels: readonly BenchChannel[];
  readonly timing: Timing;
  readonly caps?: Partial<Caps>;
  /** Of gateway and workers. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly bench: BenchOptions;
}

/** How often somebody looks at the calls (ms). */
const LOOK_MS = 100;
/** What was begun is recorded by then (ms). */
const RECORDED_WITHIN_MS = 15_000;
const GATEWAY = 'gateway';
/** Providers are never reached: nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';

/** A house of its own for one scenario: durable engines, a gateway that keeps it, and as many processes of the stages as are started. */
export class House {
  private readonly processes: { started: Started; name: string }[] = [];
  /** What the system's clock is ahead of the monotonic one (ms). */
  private readonly clockOffset = Date.now() - monotonic();
  gatewayUrl = '';

  private constructor(
    private readonly folder: string,
    private readonly postgres: Engine,
    private readonly redis: Engine,
    private readonly options: HouseOptions,
    private readonly client: Client,
  ) {}

  /** Starts engines and gateway, does the work, and leaves nothing behind. */
  static async with<T>(options: HouseOptions, work: (house: House) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-factory-'));
    const remove = async () => {
      if (options.bench.keep) process.stderr.write(`everything is kept in ${folder}\n`);
      else await rm(folder, { recursive: true, force: true });
    };
    const ends: (() => Promise<unknown>)[] = [remove];
    const removeAtOnce = () => {
      if (!options.bench.keep) rmSync(folder, { recursive: true, force: true });
    };
    process.once('exit', removeAtOnce);
    try {
      const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
      ends.push(() => postgres.stop());
      const redis = await startRedis({ dataDir: join(folder, 'redis'), durable: true });
      ends.push(() => redis.stop());
      await migrate(postgres.url);
      await Promise.all(['records', 'media', 'channels', 'logs'].map((name) => mkdir(join(folder, name))));
      await writeMedia(join(folder, 'media'));
      for (const channel of options.channels) await writeFile(join(folder, 'channels', `${channel.key}.yaml`), channelFile(channel));
      const client = new Client({ connectionString: postgres.url });
      await client.connect();
      ends.push(() => client.end());
      const house = new House(folder, postgres, redis, options, client);
      ends.push(() => house.stopProcesses());
      const [, url = ''] = await house.start(
        'gateway',
        'dist/apps/gateway/src/main.js',
        [],
        /gateway_start_done.*(http:\/\/127\.0\.0\.1:\d+)/,
      );
      house.gatewayUrl = url;
      return await work(house);
    } finally {
      for (const end of ends.reverse()) await end();
      process.off('exit', removeAtOnce);
    }
  }

  get databaseUrl(): string {
    return this.postgres.url;
  }

  get redisUrl(): string {
    return this.redis.url;
  }

  private get records(): string {
    return join(this.folder, 'records');
  }

  /** Starts so many processes of each stage. */
  async startWorkers(stages: readonly BenchStage[], processes = 1): Promise<void> {
    const { timing } = this.options;
    await Promise.all(
      stages.flatMap((stage) =>
        Array.from({ length: processes }, (_, index) => {
          const order: WorkerOrder = { stages: [stage], timing, records: this.records, media: join(this.folder, 'media') };
          return this.start(`${stage} ${index + 1}`, 'dist/bench/factory/worker.js', [JSON.stringify(order)], /^worker of .* is up$/);
        }),
      ),
    );
  }

  /** Ends all processes; what they have in hand is finished. */
  async stopProcesses(): Promise<void> {
    await Promise.all(this.processes.splice(0).map(({ started }) => started.stop()));
  }

  async calls(): Promise<Call[]> {
    return readCalls(this.records);
  }

  /** Waits until the calls are as wanted; returns them, and those of the last look when that takes longer than so long (ms). */
  async callsWhen(wanted: (calls: readonly Call[]) => boolean, withinMs: number): Promise<Call[]> {
    const until = monotonic() + withinMs;
    for (;;) {
      const calls = await this.calls();
      if (wanted(calls) || monotonic() > until) return calls;
      await sleep(LOOK_MS);
    }
  }

  async query<T extends QueryResultRow>(statement: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.client.query<T>(statement, [...values])).rows;
  }

  /** When the last item of a kind was recorded as ready (ms, monotonic). @throws Error when one is not within a few seconds */
  async readyAt(videos: readonly number[], kind: Kind): Promise<number> {
    const until = monotonic() + RECORDED_WITHIN_MS;
    for (;;) {
      const [found] = await this.query<{ missing: boolean; last: number }>(
        `SELECT bool_or(state <> 'ready') AS missing, extract(epoch FROM max(artifacts.updated_at))::float8 AS last
         FROM artifacts JOIN tasks ON tasks.id = task_id WHERE title = ANY($1) AND kind = $2 AND state <> 'superseded'`,
        [videos.map(titleOf), kind],
      );
      if (found && !found.missing) return this.momentOf(found.last);
      if (monotonic() > until) throw new Error(`Items of the kind ${kind} were begun and are still not ready`);
      await sleep(LOOK_MS);
    }
  }

  get workerPids(): number[] {
    return this.pids((name) => name !== GATEWAY);
  }

  get gatewayPids(): number[] {
    return this.pids((name) => name === GATEWAY);
  }

  async postgresPid(): Promise<number> {
    return Number.parseInt(await readFile(join(this.folder, 'postgres', 'postmaster.pid'), 'utf8'));
  }

  private pids(chosen: (name: string) => boolean): number[] {
    return this.processes.filter(({ name }) => chosen(name)).map(({ started }) => started.child.pid ?? 0);
  }

  /** A moment of the database's clock, in seconds, as one of the monotonic clock (ms). */
  momentOf(epochSeconds: number): number {
    return epochSeconds * 1_000 - this.clockOffset;
  }

  private async start(name: string, script: string, args: readonly string[], ready: RegExp): Promise<RegExpExecArray> {
    const started = await startProcess(script, args, this.environment(name), ready);
    started.child.stdout?.pipe(createWriteStream(join(this.folder, 'logs', `${name}.log`)));
    this.processes.push({ started, name });
    started.child.once('exit', (code, signal) => {
      if (this.processes.some((process) => process.started === started)) said(`${name} has ended by itself: ${code ?? signal ?? ''}`);
    });
    // Whatever ends the benchmark, nothing is left running.
    process.once('exit', () => started.child.kill('SIGKILL'));
    return started.ready;
  }

  private environment(name: string): Record<string, string> {
    const caps = { ...CAPS, ...this.options.caps };
    return {
      DATABASE_URL: this.postgres.url,
      REDIS_URL: this.redis.url,
      SIMULATOR_URL: NOWHERE,
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      WORKSPACE_ROOT: join(this.folder, 'workspace'),
      CHANNELS_DIR: join(this.folder, 'channels'),
      BRAND_DIR: join(this.folder, 'channels'),
      PORT: '0',
      LOG_LEVEL: name === GATEWAY ? 'info' : 'error',
      NOTION_SWEEP_SECONDS: '3600',
      TASKS_IN_WORK: '10000',
      GEMINI_AT_ONCE: String(caps.gemini),
      KIE_AT_ONCE: String(caps.kie),
      ELEVENLABS_AT_ONCE: String(caps.elevenlabs),
      CLIP_SUBMIT_SPACING_MS: '0',
      CLIP_ASK_SPACING_MS: '0',
      ...this.options.settings,
      ...this.options.bench.settings,
    };
  }
}

function channelFile({ key, weight, runAhead }: BenchChannel): string {
  const lines = [
    `name: Channel ${key}`,
    'language: en',
    'voice_id: voice',
    'style: plain',
    'atmosphere: calm',
    `scenes: ${SCENES}`,
    ...(weight === undefined ? [] : [`weight: ${weight}`]),
    ...(runAhead === undefined ? [] : [`run_ahead: ${runAhead}`]),
    'youtube:',
    '  channel_id: UCsimulatedchannel000001',
    '  privacy: private',
    "  category_id: '28'",
    '  made_for_kids: false',
    '  synthetic_media: true',
  ];
  return `${lines.join('\n')}\n`;
}

/** One small file of each format, real ones: the cut is planned from what its clips hold. */
async function writeMedia(folder: string): Promise<void> {
  const at = (extension: string) => join(folder, `tiny${extension}`);
  const [picture, sound] = [
    ['-f', 'lavfi', '-i', 'color=navy:s=128x72:r=24'],
    ['-f', 'lavfi', '-i', 'sine=f=300'],
  ];
  await Promise.all([
    ...['.png', '.jpg'].map((extension) => ffmpeg([...picture, '-frames:v', '1', at(extension)])),
    ffmpeg([...picture, '-t', '1', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', at('.mp4')]),
    ...['.mp3', '.wav'].map((extension) => ffmpeg([...sound, '-t', '1', '-ar', '16000', at(extension)])),
  ]);
}
