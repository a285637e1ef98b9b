import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { Failure, permanent } from '#pipeline';

export interface EngineOptions {
  /** Folder of the engine's data; made when missing, kept on stop. */
  readonly dataDir: string;
  /** Loopback port; left out, a free one. */
  readonly port?: number;
  /** Whether data must survive a power cut. Tests say no and are several times faster. */
  readonly durable: boolean;
}

/** A running Postgres or Redis. */
export interface Engine {
  readonly url: string;
  /** Stops it in order; its data stays. */
  stop(): Promise<void>;
}

/** A line of the engine's output that means it cannot start, and what to do then. */
export interface StartProblem {
  readonly pattern: RegExp;
  readonly code: string;
  readonly userMessage: string;
}

interface EngineProcess {
  readonly name: string;
  readonly command: readonly string[];
  /** Makes the engine end in order, without waiting for its clients. */
  readonly stopSignal: 'INT' | 'TERM';
  /** What the engine prints when it takes connections. */
  readonly ready: RegExp;
  readonly problems: readonly StartProblem[];
}

/** A recovery after a crash may take a while on a slow disk (ms). */
const START_TIMEOUT_MS = 60_000;
const LINES_KEPT = 15;

/**
 * Runs the engine and ends it when descriptor 3 closes, which the system does for us even when this process is killed: no engine outlives its launcher.
 * The environment's language is fixed because `ready` and `problems` are English.
 */
const SUPERVISOR = `
LC_ALL=C "$@" 3<&- & engine=$!
{ read -r _ <&3; kill -$SIGNAL $engine; } & watch=$!
wait $engine; code=$?
kill $watch
exit $code`;

/** Runs an engine until `stop`, or until this process ends. In a session of its own, so that Ctrl-C stops the services first. */
export async function runEngine(engine: EngineProcess): Promise<() => Promise<void>> {
  const script = SUPERVISOR.replace('$SIGNAL', engine.stopSignal);
  const child = spawn('sh', ['-c', script, 'sh', ...engine.command], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });
  const exited = once(child, 'exit');
  const [, stdout, stderr, lifeline] = child.stdio as unknown as [null, Readable, Readable, Duplex];
  const stop = async () => {
    lifeline.destroy();
    await exited;
  };

  const lines: string[] = [];
  const started = await new Promise<boolean>((resolve) => {
    const settle = (ready: boolean) => {
      clearTimeout(timer);
      resolve(ready);
    };
    const timer = setTimeout(settle, START_TIMEOUT_MS, false);
    // `close`, not `exit`: the last lines, which say why, have been read by then.
    child.once('close', () => settle(false));
    for (const input of [stdout, stderr]) {
      createInterface({ input }).on('line', (line) => {
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
        if (engine.ready.test(line)) settle(true);
      });
    }
  });
  if (started) return stop;
  await stop();
  throw startFailure(engine, lines);
}

function startFailure({ name, problems }: EngineProcess, lines: readonly string[]): Failure {
  const output = lines.join('\n');
  const known = problems.find(({ pattern }) => pattern.test(output));
  return permanent({
    code: known?.code ?? `${name.toUpperCase()}_START_FAILED`,
    message: `${name} did not start:\n${output}`,
    userMessage: known?.userMessage ?? `${name} did not start. It said:\n${output}`,
  });
}

/** How often a free port may be snatched between finding and using it. */
const PORT_ATTEMPTS = 3;

/** Calls `start` with the wanted port, or with free ones until none is taken by somebody else meanwhile. */
export async function onPort<T>(wanted: number | undefined, inUseCode: string, start: (port: number) => Promise<T>): Promise<T> {
  if (wanted !== undefined) return start(wanted);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !(error instanceof Failure) || error.code !== inUseCode) throw error;
    }
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
