import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const STARTED = /gateway_start_done.*(http:\/\/127\.0\.0\.1:\d+)/;

/** A gateway in a process of its own, so that all that it prints can be looked through. */
export class GatewayProcess {
  private constructor(
    readonly url: string,
    /** Every line that it has printed. */
    readonly output: readonly string[],
    private readonly child: ReturnType<typeof spawn>,
  ) {}

  /** @param environment all of its settings */
  static async start(environment: Readonly<Record<string, string>>): Promise<GatewayProcess> {
    const child = spawn(process.execPath, [join(ROOT, 'dist/apps/gateway/src/main.js')], {
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const output: string[] = [];
    const url = new Promise<string>((started, failed) => {
      child.once('exit', (code) => failed(new Error(`The gateway ended with ${code}:\n${output.slice(-20).join('\n')}`)));
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          output.push(line);
          const found = STARTED.exec(line)?.[1];
          if (found) started(found);
        });
      }
    });
    return new GatewayProcess(await url, output, child);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}
