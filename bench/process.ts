import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process of the product that is up. */
export interface Started {
  child: ChildProcess;
  /** What the line by which it said so was matched by. */
  ready: RegExpExecArray;
  stop(): Promise<void>;
}

/**
 * Starts a script and waits until it prints a line that says that it is up. Nothing of this process's environment but PATH reaches it.
 * @throws Error with its last lines when it ends before that
 */
export async function startProcess(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  ready: RegExp,
): Promise<Started> {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    // Read on after that, too: a pipe that nobody empties holds the process up.
    output.on('line', (line) => {
      if (lines.push(line) > 20) lines.shift();
      const found = ready.exec(line);
      if (found) resolve(found);
    });
    output.on('close', () => {
      reject(new Error(`${script} ended before it was ready:\n${lines.join('\n')}`));
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { child, ready: match, stop };
}
