import { clipLengths, type Lane, type Settings } from '#config';
import type { WaitingItem } from '#database';
import { STEPS, expectedMs, isAfter, stepInfo, usualItems, usualOutline } from '#pipeline';

/** Lanes are compared by what a video of so many scenes asks of them; it matters little how many. */
const USUAL_SCENES = 18;

/** The lane with places in which a usual video spends most time: when that one has nothing to do, everything is slower for it. Null: no lane has places. */
export function scarcestOf(lanes: readonly Lane[], settings: Settings): Lane | null {
  const outline = usualOutline(USUAL_SCENES);
  const timeIn = ({ steps, atOnce }: Lane): number => {
    const kinds = steps.map((step) => stepInfo(step).item);
    const ms = kinds.map((kind) => {
      const { count, input } = usualItems(kind, outline, clipLengths(settings));
      return count * expectedMs(kind, input);
    });
    return ms.reduce((sum, each) => sum + each, 0) / (atOnce ?? Infinity);
  };
  return lanes.reduce<Lane | null>((most, lane) => (timeIn(lane) > (most ? timeIn(most) : 0) ? lane : most), null);
}

/** Whether what waits in a lane is needed before another can go on. */
export function leadsTo(other: Lane | null, lane: Lane): boolean {
  const [first] = other?.steps ?? [];
  return first !== undefined && lane !== other && lane.steps.some((step) => isAfter(first, step));
}

/**
 * Ranks by which one video after the other is brought through a lane instead of all at once, so that what comes after it has something to do as soon as can be: first
 * the video that is furthest, and of such the oldest.
 * @param waiting with the oldest videos first
 */
export function furthestFirst(waiting: readonly WaitingItem[]): ReadonlyMap<WaitingItem, number> {
  const place = ({ step }: WaitingItem) => STEPS.findIndex(({ name }) => name === step);
  const tasks = [...new Set(waiting.map(({ taskId }) => taskId))];
  const age = ({ taskId }: WaitingItem) => tasks.indexOf(taskId);
  const ranked = waiting.toSorted((one, other) => place(other) - place(one) || one.itemsLeft - other.itemsLeft || age(one) - age(other));
  return new Map(ranked.map((item, rank) => [item, rank]));
}
