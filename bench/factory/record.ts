import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelItem } from './model.js';

/** A modelled call. Times are of the machine's one monotonic clock, which all its processes share (ms). */
export interface Call extends ModelItem {
  readonly process: number;
  readonly start: number;
  /** Infinite while it is under way. */
  readonly end: number;
}

/** The machine's monotonic clock (ms). */
export const monotonic = () => Number(process.hrtime.bigint()) / 1e6;

type Begun = Omit<Call, 'end'> & { readonly id: number };
type Line = Begun | { readonly id: number; readonly end: number };

/** Writes down every call of this process, a line when it begins and one when it ends. */
export class Recorder {
  private readonly lines: WriteStream;
  private calls = 0;

  constructor(folder: string) {
    this.lines = createWriteStream(join(folder, `${process.pid}.ndjson`), { flags: 'a' });
  }

  /** Says that a call begins; what is returned says that it has ended. */
  begin(item: ModelItem): () => void {
    const id = (this.calls += 1);
    this.write({ id, ...item, process: process.pid, start: monotonic() });
    return () => {
      this.write({ id, end: monotonic() });
    };
  }

  private write(line: Line): void {
    this.lines.write(`${JSON.stringify(line)}\n`);
  }
}

/** Every call that was recorded in a folder, in the order in which they began. */
export async function readCalls(folder: string): Promise<Call[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson'));
  const calls = await Promise.all(files.map(async (name) => callsOf(await readFile(join(folder, name), 'utf8'))));
  return calls.flat().sort((one, other) => one.start - other.start);
}

function callsOf(text: string): Call[] {
  // The last piece is empty, or a line that is being written.
  const lines = text.split('\n').slice(0, -1);
  const calls = new Map<number, Call>();
  for (const line of lines.map((json) => JSON.parse(json) as Line)) {
    if ('start' in line) {
      const { id, ...begun } = line;
      calls.set(id, { ...begun, end: Infinity });
    } else {
      const begun = calls.get(line.id);
      if (begun) calls.set(line.id, { ...begun, end: line.end });
    }
  }
  return [...calls.values()];
}
