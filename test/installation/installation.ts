import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { STAGE_NAMES } from '#pipeline';
import { connectYouTube } from '../../apps/local/src/connect-youtube.js';
import { call } from '../../apps/local/src/gateway-client.js';

/** The project's root, from the sources as from what is compiled of them. */
const ROOT = resolve(import.meta.dirname, import.meta.dirname.includes('/dist/') ? '../../..' : '../..');
/** A cold process on a busy machine; a start that takes longer is a fault. */
const START_TIMEOUT_MS = 60_000;
const LINES_KEPT = 200;

/** A channel of the example files, with fewer scenes. */
interface TestChannel {
  key: string;
  youtubeChannelId: string;
  scenes: number;
}

export interface InstallationOptions {
  /** Empty; everything that the installation writes is in it. */
  folder: string;
  databaseUrl: string;
  redisUrl: string;
  queuePrefix: string;
  channels: readonly TestChannel[];
  /** Settings that differ from the defaults. */
  environment?: Readonly<Record<string, string>>;
  /** Told of every line that a process prints. */
  onLine?: (process: string, line: string) => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  readonly output: string[];
}

/** How an app is told apart from others, and how it says that it is up. */
const READY = {
  simulator: /(http:\/\/127\.0\.0\.1:\d+)/,
  gateway: /gateway_start_done.*(http:\/\/127\.0\.0\.1:\d+)/,
  stage: /(service_start_done)/,
};

/** Gateway, simulator and six services as separate processes against one Postgres and one Redis, as compose runs them. */
export class Installation {
  private readonly processes = new Map<string, Running>();
  private readonly environment: Record<string, string>;
  readonly workspaceRoot: string;
  readonly webhookToken = `secret_${randomBytes(8).toString('hex')}`;
  gatewayUrl = '';
  simulatorUrl = '';

  private constructor(private readonly options: InstallationOptions) {
    // No process outlives whoever runs it, however that ends.
    process.once('exit', () => {
      for (const { child } of this.processes.values()) child.kill('SIGKILL');
    });
    this.workspaceRoot = join(options.folder, 'workspace');
    this.environment = {
      DATABASE_URL: options.databaseUrl,
      REDIS_URL: options.redisUrl,
      QUEUE_PREFIX: options.queuePrefix,
      WORKSPACE_ROOT: this.workspaceRoot,
      CHANNELS_DIR: join(options.folder, 'channels'),
      PROMPTS_DIR: join(ROOT, 'prompts'),
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      NOTION_WEBHOOK_TOKEN: this.webhookToken,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
    };
  }

  static async start(options: InstallationOptions): Promise<Installation> {
    await writeChannels(join(options.folder, 'channels'), options.channels);
    const installation = new Installation(options);
    try {
      await installation.startAll();
      for (const { key } of options.channels) await connectYouTube(installation, key);
      return installation;
    } catch (error) {
      await installation.stop();
      throw error;
    }
  }

  private async startAll(): Promise<void> {
    this.simulatorUrl = await this.launch('simulator', {}, ['--port', '0']);
    // One port for all its lives: Notion and KIE keep the address that they were given.
    const port = String(await freePort());
    this.gatewayUrl = `http://127.0.0.1:${port}`;
    Object.assign(this.environment, {
      PORT: port,
      PUBLIC_URL: this.gatewayUrl,
      KIE_WEBHOOK_KEY: this.webhookToken,
      SIMULATOR_URL: this.simulatorUrl,
      SLACK_WEBHOOK_URL: `${this.simulatorUrl}/slack/services/T1/B1/secret`,
      DISCORD_WEBHOOK_URL: `${this.simulatorUrl}/discord/api/webhooks/1/secret`,
      ...this.options.environment,
    });
    await call('PUT', `${this.simulatorUrl}/simulator/kie`, { webhook_key: this.webhookToken });
    await this.launch('gateway');
    await Promise.all(STAGE_NAMES.map((stage) => this.launch(stage)));
    await call('POST', `${this.simulatorUrl}/simulator/notion/webhooks`, {
      url: `${this.gatewayUrl}/webhook/notion`,
      verification_token: this.webhookToken,
    });
  }

  /**
   * Starts an app's compiled main in a process of its own and waits until it is up.
   * @param name the app; a second process of the same app is `video.2`
   * @returns what it said of where it is
   */
  async launch(name: string, environment: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Promise<string> {
    const [app = name] = name.split('.');
    const ready = app === 'simulator' || app === 'gateway' ? READY[app] : READY.stage;
    const child = spawn(process.execPath, [join(ROOT, `dist/apps/${app}/src/main.js`), ...args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_OPTIONS: process.env.NODE_OPTIONS, ...this.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    const exited = once(child, 'exit').then(() => undefined);
    this.processes.set(name, { child, exited, output });
    return new Promise((resolvePromise, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        reject(new Error(`${name} ${why}:\n${output.slice(-20).join('\n')}`));
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
          if (output.length > LINES_KEPT) output.shift();
          this.options.onLine?.(name, line);
          const found = ready.exec(line)?.[1];
          if (!found) return;
          clearTimeout(timer);
          resolvePromise(found);
        });
      }
    });
  }

  isRunning(name: string): boolean {
    const child = this.processes.get(name)?.child;
    return child?.exitCode === null && child.signalCode === null;
  }

  /** Ends a process as a power cut would. */
  async kill(name: string): Promise<void> {
    await this.end(name, 'SIGKILL');
  }

  /** Has a process end in good order; returns how long it took (ms). */
  async terminate(name: string): Promise<number> {
    const began = performance.now();
    await this.end(name, 'SIGTERM');
    return performance.now() - began;
  }

  /** Stops a process in its tracks, or lets it go on. */
  signal(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.processes.get(name)?.child.kill(signal);
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    await Promise.all([...this.processes.keys()].map((name) => this.kill(name)));
  }

  private async end(name: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const running = this.processes.get(name);
    if (!running || !this.isRunning(name)) return;
    running.child.kill(signal);
    await running.exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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
