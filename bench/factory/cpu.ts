import { readFile, readdir } from 'node:fs/promises';

/** The kernel counts the time of processors in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** The processor time that processes and their direct children have taken until now (s), of those that still run. */
export async function cpuSeconds(processes: readonly number[]): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  let ticks = 0;
  for (const stat of all) {
    // The name in parentheses may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [pid, parent] = [Number.parseInt(stat), Number(fields[1])];
    if (processes.includes(pid) || processes.includes(parent)) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}
