import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { STAGE_NAMES, type StageName } from '#pipeline';
import { createTestDatabase, testRedis } from '#testing';
import { connectYouTube } from '../../apps/local/src/connect-youtube.js';
import { call } from '../../apps/local/src/gateway-client.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** A cold process on a busy machine; a start that takes longer is a fault. */
const START_TIMEOUT_MS = 60_000;

/** A channel of the example files, with fewer scenes. */
export interface TestChannel {
  key: string;
  youtubeChannelId: string;
  scenes: number;
}

/** Gateway, simulator and six services as separate processes against one Postgres and one Redis, as compose runs them. */
export class Installation {
  private readonly processes = new Map<string, ChildProcess>();
  readonly workspaceRoot: string;
  readonly webhookToken = `secret_${randomBytes(8).toString('hex')}`;
  gatewayUrl = '';
  simulatorUrl = '';

  private constructor(
    private readonly folder: string,
    private readonly environment: Record<string, string>,
    private readonly dropDatabase: () => Promise<void>,
  ) {
    this.workspaceRoot = join(folder, 'workspace');
  }

  static async start(channels: readonly TestChannel[]): Promise<Installation> {
    const folder = await mkdtemp(join(tmpdir(), 'installation-'));
    const database = await createTestDatabase();
    const redis = testRedis();
    await writeChannels(join(folder, 'channels'), channels);
    const installation = new Installation(
      folder,
      {
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        QUEUE_PREFIX: redis.prefix,
        WORKSPACE_ROOT: join(folder, 'workspace'),
        CHANNELS_DIR: join(folder, 'channels'),
        PROMPTS_DIR: join(ROOT, 'prompts'),
        TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        HOST: '127.0.0.1',
        PORT: '0',
        LOG_LEVEL: 'info',
      },
      () => database.drop(),
    );
    try {
      await installation.startAll();
      for (const { key } of channels) await connectYouTube(installation, key);
      return installation;
    } catch (error) {
      await installation.stop();
      throw error;
    }
  }

  private async startAll(): Promise<void> {
    this.simulatorUrl = await this.launch('simulator', /(http:\/\/127\.0\.0\.1:\d+)/, ['--port', '0']);
    this.environment.SIMULATOR_URL = this.simulatorUrl;
    this.environment.NOTION_WEBHOOK_TOKEN = this.webhookToken;
    this.gatewayUrl = await this.launch('gateway', /(http:\/\/127\.0\.0\.1:\d+)/);
    await Promise.all(STAGE_NAMES.map((stage) => this.startStage(stage)));
    await call('POST', `${this.simulatorUrl}/simulator/notion/webhooks`, {
      url: `${this.gatewayUrl}/webhook/notion`,
      verification_token: this.webhookToken,
    });
  }

  /** Starts a stage's service and waits until it takes tickets. */
  async startStage(stage: StageName): Promise<void> {
    await this.launch(stage, /(service_start_done)/);
  }

  /** Ends a service as a power cut would. */
  async kill(stage: StageName): Promise<void> {
    const process = this.processes.get(stage);
    if (!process) throw new Error(`${stage} is not running`);
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.processes.values()].map(async (process) => {
        if (process.exitCode !== null || process.signalCode !== null) return;
        process.kill('SIGKILL');
        await once(process, 'exit');
      }),
    );
    await this.dropDatabase();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs an app's compiled main in a process of its own; resolves with what its first matching line of output says. */
  private async launch(app: string, ready: RegExp, args: readonly string[] = []): Promise<string> {
    const child = spawn(process.execPath, [join(ROOT, `dist/apps/${app}/src/main.js`), ...args], {
      env: { PATH: process.env.PATH, ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.processes.set(app, child);
    const output: string[] = [];
    return new Promise((resolvePromise, reject) => {
      const fail = (why: string) => {
        reject(new Error(`${app} ${why}:\n${output.slice(-20).join('\n')}`));
      };
      const timer = setTimeout(() => {
        fail('did not start in time');
      }, START_TIMEOUT_MS);
      child.once('exit', () => {
        fail('ended');
      });
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          output.push(line);
          const found = ready.exec(line)?.[1];
          if (!found) return;
          clearTimeout(timer);
          resolvePromise(found);
        });
      }
    });
  }
}

async function writeChannels(folder: string, channels: readonly TestChannel[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const example = await readFile(join(ROOT, 'channels/deep_sea.yaml'), 'utf8');
  for (const { key, youtubeChannelId, scenes } of channels) {
    const text = example
      .replace(/^name: .*$/m, `name: ${key}`)
      .replace(/^scenes: \d+$/m, `scenes: ${scenes}`)
      .replace(/channel_id: \S+/, `channel_id: ${youtubeChannelId}`);
    await writeFile(join(folder, `${key}.yaml`), text);
  }
}
