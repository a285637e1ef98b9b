import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { OUTSIDE_SETTINGS, readSettings } from '#config';
import { migrate } from '#database';
import { startPostgres, startRedis } from '#engines';
import { startService } from '#stage';
import { AssemblyModule } from '../../assembly/src/assembly.module.js';
import { AssetModule } from '../../asset/src/asset.module.js';
import { AudioModule } from '../../audio/src/audio.module.js';
import { startGateway } from '../../gateway/src/main.js';
import { SfxModule } from '../../sfx/src/sfx.module.js';
import { startSimulator } from '../../simulator/src/main.js';
import { UploadModule } from '../../upload/src/upload.module.js';
import { VideoModule } from '../../video/src/video.module.js';
import { SimulatedWorkspace } from './simulated-workspace.js';

export interface LocalOptions {
  /** Folder of everything that this installation keeps. */
  dataDir: string;
  /** Play every provider, whatever keys the environment holds. */
  simulateAll: boolean;
  /** Where the simulator listens, if nobody else does; 0, and if somebody does: at a free port. */
  simulatorPort: number;
  /** Settings that this run wants otherwise than the environment has them. */
  environment: Readonly<Record<string, string>>;
  /** Told what is being started. */
  onStep?: (what: string) => void;
}

/** The whole product in this process. */
export interface Local {
  gatewayUrl: string;
  simulatorUrl: string;
  /** Whether the simulator plays Notion: its page is where rows are added. */
  playsNotion: boolean;
  workspaceRoot: string;
  close(): Promise<void>;
}

const STAGE_MODULES = [AssetModule, VideoModule, AudioModule, SfxModule, AssemblyModule, UploadModule];

/** Starts engines, simulator, gateway and the six services; DATABASE_URL and REDIS_URL, when set, are used instead of own engines. */
export async function startLocal({
  dataDir,
  simulateAll,
  simulatorPort,
  environment,
  onStep = () => undefined,
}: LocalOptions): Promise<Local> {
  const started: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const stop of started.splice(0).reverse()) await stop();
  };
  try {
    const root = resolve(dataDir);
    await mkdir(root, { recursive: true });
    if (simulateAll) forgetKeys();
    Object.assign(process.env, environment);
    process.env.WORKSPACE_ROOT ??= join(root, 'workspace');
    process.env.TOKEN_ENCRYPTION_KEY ||= await keptKey(join(root, 'token-encryption-key'));

    if (!process.env.DATABASE_URL) {
      onStep('Postgres');
      const postgres = await startPostgres({ dataDir: join(root, 'postgres'), durable: true });
      started.push(() => postgres.stop());
      process.env.DATABASE_URL = postgres.url;
    }
    if (!process.env.REDIS_URL) {
      onStep('Redis');
      const redis = await startRedis({ dataDir: join(root, 'redis'), durable: true });
      started.push(() => redis.stop());
      process.env.REDIS_URL = redis.url;
    }
    onStep('database tables');
    await migrate(process.env.DATABASE_URL);

    onStep('simulator');
    const simulator = await startSimulator({ port: await freePort(simulatorPort) });
    started.push(() => simulator.app.close());
    process.env.SIMULATOR_URL = simulator.url;
    const workspace = await SimulatedWorkspace.of(readSettings(process.env), simulator.url);
    Object.assign(process.env, workspace.environment);

    onStep('gateway');
    const gateway = await startGateway();
    started.push(() => gateway.app.close());
    for (const module of STAGE_MODULES) {
      onStep(module.name.replace('Module', '').toLowerCase());
      const service = await startService(module);
      started.push(() => service.close());
    }
    const { WORKSPACE_ROOT } = readSettings(process.env);
    await workspace.subscribe(gateway.url);
    return {
      gatewayUrl: gateway.url,
      simulatorUrl: simulator.url,
      playsNotion: workspace.isPlayed,
      workspaceRoot: resolve(WORKSPACE_ROOT),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Removes from the environment whatever leads outside, so that nothing real can be reached or paid. */
function forgetKeys(): void {
  for (const name of OUTSIDE_SETTINGS) process.env[name] = '';
}

/** A port of this machine, or 0 when somebody has it. */
async function freePort(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return port;
  } catch {
    return 0;
  } finally {
    server.close();
  }
}

/** The key that encrypts this installation's tokens: made once, kept beside its data. */
async function keptKey(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept) return kept;
  const key = randomBytes(32).toString('base64');
  await writeFile(file, key, { mode: 0o600 });
  return key;
}
