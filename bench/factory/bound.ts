import { CAPS, LIKENESS, PORTRAIT, isLong, latencies, type Caps, type Kind } from './model.js';

/**
 * What no scheduler can beat.
 *
 * One video cannot be quicker than its critical path. Storyboard, images, composites, clips, narrations, effects and cut follow each other, because people look
 * at the images before composites and clips are made of them, at the clips before a word is spoken, and so on; only a scene's clip need not wait for other
 * scenes' composites:
 *
 *   storyboard + pack(images) + shortest composite + pack(clips) + pack(narrations) + pack(effects) + cut
 *
 * With run-ahead, narrations and effects need the approved images alone:
 *
 *   storyboard + pack(images) + max(shortest composite + pack(clips), pack(narrations and effects)) + cut
 *
 * `pack` is how long so many items take in so many places at least: see there. Many videos together are no quicker than any of them, and no quicker than a
 * provider can be, which begins at the earliest when the first item reaches it and after which the last one still has to be brought home:
 *
 *   max over providers of (least head over videos + work of all videos / cap + least tail over videos)
 *
 * where head and tail are parts of the critical path before and after that provider. All of it is seconds of the model.
 */
export function lowerBound(seed: number, videos: readonly number[], { caps = CAPS, runAhead = false }: BoundOptions = {}): number {
  const plans = videos.map((video) => planOf(seed, video, caps, pack));
  const sum = (work: (plan: Plan) => number) => plans.reduce((total, plan) => total + work(plan), 0);
  const least = (time: (plan: Plan) => number) => Math.min(...plans.map(time));
  const afterClips = (plan: Plan) => (runAhead ? 0 : plan.narrations + plan.effects) + plan.cut;
  const bounds = [
    Math.max(...plans.map((plan) => pathOf(plan, runAhead))),
    sum((plan) => plan.work.gemini) / caps.gemini + least((plan) => plan.composite + plan.clips + afterClips(plan)),
    least((plan) => plan.toClips) + sum((plan) => plan.work.kie) / caps.kie + least(afterClips),
    least((plan) => (runAhead ? plan.toImages : plan.toClips + plan.clips)) +
      sum((plan) => plan.work.elevenlabs) / caps.elevenlabs +
      least((plan) => plan.cut),
    least((plan) => pathOf(plan, runAhead) - plan.cut) + sum((plan) => plan.cut) / caps.assembly,
  ];
  return Math.max(...bounds);
}

/** How quick a video can be that has the factory to itself (s). */
export function criticalPath(seed: number, video: number, { caps = CAPS, runAhead = false }: BoundOptions = {}): number {
  return pathOf(planOf(seed, video, caps, pack), runAhead);
}

/**
 * How quick such a video is if every place is handed on at once and the clips that are ordered longer are begun first (s). Nobody can know more before they are
 * made; of eighteen clips in eight places that is a good tenth above the critical path, which takes them for divisible.
 */
export function reachablePath(seed: number, video: number, { caps = CAPS, runAhead = false }: BoundOptions = {}): number {
  return pathOf(planOf(seed, video, caps, inTurn), runAhead);
}

interface BoundOptions {
  readonly caps?: Caps;
  readonly runAhead?: boolean;
}

/** The parts of a video's critical path (s), and its work at each provider (s). */
interface Plan {
  /** Until its images are ready. */
  readonly toImages: number;
  /** Until its first clip can begin. */
  readonly toClips: number;
  readonly composite: number;
  readonly clips: number;
  readonly narrations: number;
  readonly effects: number;
  /** Narrations and effects together, which share their provider. */
  readonly sounds: number;
  readonly cut: number;
  readonly work: Readonly<Record<'gemini' | 'kie' | 'elevenlabs', number>>;
}

/** How long items take, begun in that order, in so many places. */
type Taking = (durations: readonly number[], places: number) => number;

function planOf(seed: number, video: number, caps: Caps, taking: Taking): Plan {
  const of = (kind: Kind) => latencies(seed, video, kind);
  const [storyboard, images, clips, narrations, effects] = [of('storyboard'), of('image'), of('clip'), of('narration'), of('sound_effect')];
  const likeness = (images[PORTRAIT] ?? 0) + (images[LIKENESS] ?? 0);
  const toImages = total(storyboard) + Math.max(taking(images, caps.gemini), likeness);
  const composite = Math.min(...of('composite'));
  return {
    toImages,
    toClips: toImages + composite,
    composite,
    clips: taking(longFirst(seed, video, clips), caps.kie),
    narrations: taking(narrations, caps.elevenlabs),
    effects: taking(effects, caps.elevenlabs),
    sounds: taking([...narrations, ...effects], caps.elevenlabs),
    cut: total(of('cut')),
    work: { gemini: total(storyboard) + total(images), kie: total(clips), elevenlabs: total(narrations) + total(effects) },
  };
}

function pathOf({ toImages, composite, clips, narrations, effects, sounds, cut }: Plan, runAhead: boolean): number {
  const made = runAhead ? Math.max(composite + clips, sounds) : composite + clips + narrations + effects;
  return toImages + made + cut;
}

/**
 * How long items take at least in so many places: as long as the longest, as long as all of them evenly spread, and, since of the longest k * places + 1 items
 * some place has to take k + 1, as long as the k + 1 shortest of those.
 */
function pack(durations: readonly number[], places: number): number {
  const sorted = [...durations].sort((one, other) => other - one);
  const shared = Array.from({ length: Math.floor((sorted.length - 1) / places) }, (_, index) => {
    const last = (index + 1) * places;
    return total(sorted.slice(last - index - 1, last + 1));
  });
  return Math.max(sorted[0] ?? 0, total(durations) / places, ...shared);
}

/** How long items take that are begun in this order, each in the place that is free first. */
function inTurn(durations: readonly number[], places: number): number {
  const free = Array.from({ length: places }, () => 0);
  for (const duration of durations) {
    const first = free.indexOf(Math.min(...free));
    free[first] = (free[first] ?? 0) + duration;
  }
  return Math.max(...free);
}

function longFirst(seed: number, video: number, clips: readonly number[]): number[] {
  const [long, short] = [true, false].map((wanted) => clips.filter((_, scene) => isLong(seed, video, scene) === wanted));
  return [...(long ?? []), ...(short ?? [])];
}

function total(durations: readonly number[]): number {
  return durations.reduce((sum, duration) => sum + duration, 0);
}
