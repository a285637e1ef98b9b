import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { permanent } from '#pipeline';
import { onPort, runEngine, type Engine, type EngineOptions } from './engine.js';

const run = promisify(execFile);

/**
 * Starts `redis-server` or `valkey-server` from PATH on loopback.
 * @throws Failure when neither is installed, the port is in use, or a newer version made the folder
 */
export async function startRedis(options: EngineOptions): Promise<Engine> {
  const dataDir = resolve(options.dataDir);
  const server = await findServer();
  await mkdir(dataDir, { recursive: true });
  return onPort(options.port, 'REDIS_PORT_IN_USE', async (port) => {
    const settings = {
      bind: '127.0.0.1',
      port,
      dir: dataDir,
      save: '',
      appendonly: options.durable ? 'yes' : 'no',
      // BullMQ's condition: a queue must not lose keys when memory runs out.
      'maxmemory-policy': 'noeviction',
    };
    const stop = await runEngine({
      name: 'Redis',
      command: [server, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])],
      stopSignal: 'TERM',
      ready: /Ready to accept connections/,
      problems: [
        {
          pattern: /Address already in use/,
          code: 'REDIS_PORT_IN_USE',
          userMessage: `Redis cannot use port ${port}: another program has it. Stop that program or choose another port.`,
        },
        {
          pattern: /Can't handle RDB format version/,
          code: 'REDIS_OTHER_VERSION',
          userMessage: `${dataDir} was made by a newer Redis. Update Redis, or remove the folder: its queues are written again from Postgres.`,
        },
      ],
    });
    return { url: `redis://127.0.0.1:${port}`, stop };
  });
}

async function findServer(): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'command -v redis-server || command -v valkey-server || true']);
  const server = stdout.trim();
  if (server) return server;
  throw permanent({
    code: 'REDIS_BINARY_MISSING',
    message: 'neither redis-server nor valkey-server is on PATH',
    userMessage: 'Redis is not installed. Install the package redis-server (or valkey), or set REDIS_URL to a Redis of your own.',
  });
}
