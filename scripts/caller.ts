import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScriptEvent, TurnName } from '#pipeline';
import type { Waiting } from '#providers/registry';

/** Whoever started the script with `--json`: is told of events on stdout, answers on stdin, and is gone when that is closed. */
export class Caller {
  private readonly said = new EventEmitter<{ go: []; news: [] }>();

  /** @param onGone called when nobody would take the script's file any more */
  constructor(onGone: () => void) {
    const lines = createInterface({ input: process.stdin });
    lines.on('line', (line) => {
      if (line === 'go' || line === 'news') this.said.emit(line);
    });
    process.stdin.on('end', onGone).on('error', onGone);
  }

  /** How one waits for a job while others wait for theirs. */
  waiting(of: TurnName, signal: AbortSignal, report: (event: ScriptEvent) => Promise<void>): Waiting {
    return {
      signal,
      turn: async () => {
        const granted = once(this.said, 'go', { signal });
        await report({ event: 'turn', of });
        await granted;
      },
      pause: async (ms) => {
        const over = new AbortController();
        const either = AbortSignal.any([signal, over.signal]);
        await Promise.race([sleep(ms, undefined, { signal: either }), once(this.said, 'news', { signal: either })]).finally(() => {
          over.abort();
        });
      },
    };
  }
}

/** Waiting for a job when nobody else is known who does. */
export function waitingAlone(signal: AbortSignal): Waiting {
  return { signal, turn: () => Promise.resolve(), pause: (ms) => sleep(ms, undefined, { signal }) };
}
