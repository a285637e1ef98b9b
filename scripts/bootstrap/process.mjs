import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Children find the project's own node and tools first. */
function environment() {
  return { ...process.env, PATH: join(ROOT, 'node_modules/.bin') + delimiter + process.env.PATH };
}

/** Says in one line what takes long. On stderr, so that a command's own output stays clean. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

export function fail(message) {
  say(message);
  process.exit(1);
}

/** Runs a command to its end and keeps its output; `ok` is false when it cannot be started or fails. */
export function runQuietly(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, env: { ...environment(), ...env }, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return { ok: result.status === 0, output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`.trim() };
}

/** Runs a command in the foreground; signals go to it, its exit code comes back. */
export function runForward(command, args) {
  const child = spawn(command, args, { cwd: ROOT, env: environment(), stdio: 'inherit' });
  const forward = (signal) => {
    // A terminal sends Ctrl-C to every process itself; a second one would cut the child's orderly end short.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`${command} cannot be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
