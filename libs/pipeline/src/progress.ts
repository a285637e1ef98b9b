/** How far an item is that takes long, as its script counts: a cut in frames. Null: not known yet, or nothing is getting on. */
export interface ItemProgress {
  done: number;
  total: number;
  per_second: number | null;
  seconds_left: number | null;
}

/** What a script has said of its progress, and when (ms). */
export interface ProgressReading {
  readonly done: number;
  readonly total: number;
  readonly atMs: number;
}

/** Speed changes on the way; what was done in so long tells the present one (ms). */
const WINDOW_MS = 15_000;
/** More than that is told in minutes (s). */
const LONGEST_IN_SECONDS = 100;

/** The readings that tell the present speed: those of the window, and the last before it, so that there are two however seldom one comes. */
export function withReading(before: readonly ProgressReading[], next: ProgressReading): readonly ProgressReading[] {
  const last = before.at(-1);
  // What is counted anew says nothing of what was counted before.
  if (!last || next.done < last.done || next.total !== last.total) return [next];
  const first = before.findLastIndex(({ atMs }) => atMs <= next.atMs - WINDOW_MS);
  return [...before.slice(Math.max(0, first)), next];
}

/** What readings say together; at least one. */
export function progressOf(readings: readonly ProgressReading[]): ItemProgress {
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last) throw new RangeError('There is no reading');
  const { done, total } = last;
  const perSecond = last.atMs > first.atMs ? (1_000 * (done - first.done)) / (last.atMs - first.atMs) : null;
  return {
    done,
    total,
    per_second: perSecond === null ? null : Math.round(10 * perSecond) / 10,
    seconds_left: done === total ? 0 : perSecond ? Math.ceil((total - done) / perSecond) : null,
  };
}

/** Progress for people: "63 %, 12 s left". It is 100 % only when all is done. */
export function progressInWords({ done, total, seconds_left: left }: ItemProgress): string {
  const percent = `${Math.floor((100 * done) / total)} %`;
  if (!left) return percent;
  return `${percent}, ${left <= LONGEST_IN_SECONDS ? `${left} s` : `${Math.ceil(left / 60)} min`} left`;
}
