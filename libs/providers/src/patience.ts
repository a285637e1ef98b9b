import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '#pipeline';

/** Waits before a request is sent again (ms). */
const WAITS_MS = [500, 1_500, 4_000];
/** A provider that wants to be left alone for longer is left to the queue (ms). */
const LONGEST_WAIT_MS = 10_000;

/**
 * Sends a request that costs nothing and does no harm when it is repeated, up to four times while it fails in passing. An item that takes many such
 * requests would otherwise rarely get through a provider's bad hour: each failure would cost it a whole try.
 * @param isForOthers failures that whoever asked has to hear of at once
 */
export async function patiently<T>(
  request: () => Promise<T>,
  signal?: AbortSignal,
  isForOthers: (failure: Failure) => boolean = () => false,
): Promise<T> {
  for (const waitMs of WAITS_MS) {
    try {
      return await request();
    } catch (error) {
      const failure = Failure.from(error);
      const atLeastMs = failure.retryAfterMs ?? 0;
      if (failure.kind !== 'transient' || atLeastMs > LONGEST_WAIT_MS || signal?.aborted || isForOthers(failure)) throw error;
      await sleep(Math.max(waitMs, atLeastMs), undefined, { ...(signal && { signal }) }).catch(() => {
        throw error;
      });
    }
  }
  return request();
}
