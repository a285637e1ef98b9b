import type { House } from './house.js';
import { LIKENESS, PORTRAIT, RESOURCE_OF, type Kind, type ModelItem, type Resource } from './model.js';
import type { Call } from './record.js';
import { videoOf } from './storyteller.js';

/** How a provider was used. */
export interface Use {
  readonly mostInFlight: number;
  /** On average, over the time in which items wait for it; null: none ever waited. */
  readonly busyWhileWaiting: number | null;
  /**
   * How long a place stays empty between two items while others wait for it (ms of this machine, on average): what the machinery takes to hand it on, whatever
   * the scale of the model's clock.
   */
  readonly handOverMs: number | null;
}

const keyOf = ({ video, kind, position }: ModelItem) => `${video} ${kind} ${position}`;
export const at = (calls: readonly Call[], resource: Resource) => calls.filter(({ kind }) => RESOURCE_OF[kind] === resource);

/** When each item could have been made (ms, monotonic), by what it is. */
export type Due = ReadonlyMap<string, number>;

/** Since when items have been due, as the database says: since their step was opened. */
export async function dueTimes(house: House, calls: readonly Call[]): Promise<Due> {
  const rows = await house.query<{ title: string; kind: Kind; position: number; created: number }>(
    `SELECT tasks.title, kind, position, extract(epoch FROM artifacts.created_at)::float8 AS created
     FROM artifacts JOIN tasks ON tasks.id = artifacts.task_id WHERE kind = ANY($1)`,
    [Object.keys(RESOURCE_OF)],
  );
  const due = new Map(
    rows.map(({ title, kind, position, created }) => [keyOf({ video: videoOf(title), kind, position }), house.momentOf(created)]),
  );
  // A likeness cannot be begun before its portrait is there.
  for (const { video, kind, position, end } of calls) {
    if (kind !== 'image' || position !== PORTRAIT) continue;
    const likeness = keyOf({ video, kind, position: LIKENESS });
    due.set(likeness, Math.max(due.get(likeness) ?? 0, end));
  }
  return due;
}

/**
 * How a provider was used by its calls.
 * @param due left out: nobody knows how long they have waited
 */
export function useOf(calls: readonly Call[], cap: number, due: Due = new Map()): Use {
  // At the same moment what ends comes first: a place that is handed on is not held twice.
  const changes = calls
    .flatMap((call) => {
      const since = Math.min(due.get(keyOf(call)) ?? call.start, call.start);
      return [
        { at: since, inFlight: 0, waiting: 1 },
        { at: call.start, inFlight: 1, waiting: -1 },
        { at: call.end, inFlight: -1, waiting: 0 },
      ];
    })
    .sort((one, other) => one.at - other.at || one.inFlight - other.inFlight);
  let [inFlight, waiting, mostInFlight, busy, time, before] = [0, 0, 0, 0, 0, 0];
  for (const change of changes) {
    if (waiting > 0 && Number.isFinite(change.at)) {
      busy += inFlight * (change.at - before);
      time += change.at - before;
    }
    inFlight += change.inFlight;
    waiting += change.waiting;
    mostInFlight = Math.max(mostInFlight, inFlight);
    before = change.at;
  }
  const waited = time > 0;
  return {
    mostInFlight,
    busyWhileWaiting: waited ? busy / time : null,
    handOverMs: waited ? (cap * time - busy) / calls.length : null,
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
/** Jain's index of fairness: 1 when all have the same. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0));
}
