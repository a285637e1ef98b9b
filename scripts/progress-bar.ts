import { clearLine, cursorTo } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { progressInWords, progressOf, withReading, type ProgressReading, type ScriptEvent } from '#pipeline';

const WIDTH = 24;
/** Columns of a terminal that does not say how many it has. */
const USUAL_COLUMNS = 80;
/** No eye sees more than that (ms). */
const DRAW_EVERY_MS = 200;

/** A line of a terminal that says how far a script is, drawn over itself. */
export class ProgressBar {
  private readings: readonly ProgressReading[] = [];

  /** @param counted what the script counts, in people's words */
  constructor(
    private readonly terminal: WriteStream,
    private readonly counted: string,
  ) {}

  show({ done, total }: Extract<ScriptEvent, { event: 'progress' }>): void {
    const [last, atMs] = [this.readings.at(-1), performance.now()];
    if (last && atMs - last.atMs < DRAW_EVERY_MS) return;
    this.readings = withReading(this.readings, { done, total, atMs });
    const progress = progressOf(this.readings);
    const speed = progress.per_second === null ? '' : `, ${progress.per_second.toFixed(1)}/s`;
    const line = `${bar(done, total)} ${progressInWords(progress)} (${done} of ${total} ${this.counted}${speed})`;
    cursorTo(this.terminal, 0);
    // A line that breaks could not be drawn over.
    this.terminal.write(line.slice(0, (this.terminal.columns || USUAL_COLUMNS) - 1));
    clearLine(this.terminal, 1);
  }

  /** Leaves the line to whatever is said next. */
  clear(): void {
    if (this.readings.length === 0) return;
    cursorTo(this.terminal, 0);
    clearLine(this.terminal, 0);
  }
}

export function bar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.round((done / total) * WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`;
}
