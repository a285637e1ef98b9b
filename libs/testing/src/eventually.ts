import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** What is waited for, as the error says it: "the task to be published". */
  readonly what: string;
  /** Far more than it should take: a limit for faults, not a measurement (ms). */
  readonly timeoutMs: number;
}

/** Pause between two looks (ms). */
const LOOK_MS = 50;

/**
 * Waits until `look` returns something (anything but undefined, null or false) and returns it. For states that announce themselves by no event.
 * @throws Error naming what was waited for and how the last look went
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { what, timeoutMs }: EventuallyOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let outcome: unknown;
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found as Exclude<T, undefined | null | false>;
      outcome = found;
    } catch (error) {
      outcome = error;
    }
    if (performance.now() >= deadline) {
      const cause = outcome instanceof Error ? outcome : undefined;
      throw new Error(
        `Waited ${timeoutMs} ms in vain for ${what}; the last look gave ${cause ? `an error: ${cause.message}` : String(outcome)}`,
        { cause },
      );
    }
    await sleep(LOOK_MS);
  }
}
