import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';

/** What a command took. */
export interface Measured {
  wallS: number;
  /** Of all its processes, user and system. */
  cpuS: number;
  /** All its processes at once; what they share counts once (PSS). */
  peakMb: number;
  /** The largest of its processes (RSS). */
  largestMb: number;
}

/** How often the memory is looked at (ms). */
const LOOK_EVERY = 50;

/**
 * Runs a command to its end.
 * @throws Error with what it said when it fails
 */
export async function measured(command: string, args: readonly string[]): Promise<Measured> {
  const from = performance.now();
  // The shell's `times` knows the processor time of everything that it has waited for, however deep.
  const shell = spawn('bash', ['-c', '"$@"; code=$?; times >&3; exit $code', 'bash', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const times: string[] = [];
  for (const stream of [shell.stdout, shell.stderr]) stream?.on('data', (text: Buffer) => said.push(text.toString()));
  shell.stdio[3]?.on('data', (text: Buffer) => times.push(text.toString()));
  const closed = once(shell, 'close');
  const memory = { peakMb: 0, largestMb: 0 };
  const looking = setInterval(() => void look(shell.pid ?? 0, memory), LOOK_EVERY);
  const [code] = (await closed) as [number | null];
  clearInterval(looking);
  const wallS = (performance.now() - from) / 1_000;
  if (code !== 0) throw new Error(`${command} ${args.slice(0, 6).join(' ')} ... failed:\n${said.join('').slice(-2_000)}`);
  const [, children = ''] = times.join('').trim().split('\n');
  const cpuS = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
  return { wallS, cpuS, ...memory };
}

async function look(root: number, memory: { peakMb: number; largestMb: number }): Promise<void> {
  const pids = await tree(root);
  const sizes = await Promise.all(pids.map(sizeOf));
  memory.peakMb = Math.max(
    memory.peakMb,
    sizes.reduce((sum, { pssMb }) => sum + pssMb, 0),
  );
  memory.largestMb = Math.max(memory.largestMb, ...sizes.map(({ rssMb }) => rssMb));
}

async function tree(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')));
  const children = lists.flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
  return [pid, ...(await Promise.all(children.map(tree))).flat()];
}

async function sizeOf(pid: number): Promise<{ pssMb: number; rssMb: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const mb = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1_000;
  return { pssMb: mb('Pss'), rssMb: mb('Rss') };
}
