import { throwIfStopped } from './ffmpeg.js';

/**
 * Makes something of each item, so many at once; the results are in the order of the items. The first error stops the others and is thrown when they
 * have ended.
 * @param make gets the item and the signal that tells it to stop
 */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  make: (item: T, signal: AbortSignal) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const failed = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const errors: unknown[] = [];
  const results: R[] = [];
  const left = items.entries();
  const work = async () => {
    try {
      for (const [index, item] of left) {
        throwIfStopped(stop);
        results[index] = await make(item, stop);
      }
    } catch (error) {
      errors.push(error);
      failed.abort();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (errors.length > 0) throw errors[0];
  return results;
}
