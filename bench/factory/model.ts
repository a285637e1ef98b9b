import { createHash } from 'node:crypto';

/** What is modelled: kinds of items that take time. Captions and thumbnails take none. */
export type Kind = 'storyboard' | 'image' | 'composite' | 'clip' | 'narration' | 'sound_effect' | 'cut';

/** Who makes the items of a kind and takes only so many at a time. */
export const RESOURCES = ['gemini', 'kie', 'elevenlabs', 'assembly'] as const;
export type Resource = (typeof RESOURCES)[number];
export type Caps = Readonly<Record<Resource, number>>;

/** The caps that the goals are stated for. Cuts: as many as the assembly's process takes, which the product's own default says. */
export const CAPS: Caps = { gemini: 12, kie: 8, elevenlabs: 6, assembly: 1 };

/** Null: nobody but the workers of its stage. */
export const RESOURCE_OF: Readonly<Record<Kind, Resource | null>> = {
  storyboard: 'gemini',
  image: 'gemini',
  composite: null,
  clip: 'kie',
  narration: 'elevenlabs',
  sound_effect: 'elevenlabs',
  cut: 'assembly',
};

/** A video's make-up. */
export const SCENES = 18;
export const IMAGES = 22;
export const COUNTS: Readonly<Record<Kind, number>> = {
  storyboard: 1,
  image: IMAGES,
  composite: SCENES,
  clip: SCENES,
  narration: SCENES,
  sound_effect: SCENES,
  cut: 1,
};

/** The last image shows the character of the first, and so is made from it. */
export const PORTRAIT = 0;
export const LIKENESS = IMAGES - 1;

/** The shortest and the longest that an item takes (s). */
const LATENCIES: Readonly<Record<Kind, readonly [number, number]>> = {
  storyboard: [20, 40],
  image: [10, 25],
  composite: [3, 7],
  clip: [120, 300],
  narration: [5, 15],
  sound_effect: [5, 15],
  cut: [20, 40],
};

/** One item of the model. */
export interface ModelItem {
  /** Number of its video, from 0. */
  readonly video: number;
  readonly kind: Kind;
  /** From 0. */
  readonly position: number;
}

/** How long an item takes (s): always the same for the same seed, so that what cannot be beaten is known exactly. */
export function latency(seed: number, { video, kind, position }: ModelItem): number {
  const [least, most] = LATENCIES[kind];
  return least + (most - least) * chance(seed, video, kind, position);
}

/** Whether a scene's clip is one of the longer ones that are ordered (10 s instead of 5): a longer clip takes longer, which a scheduler may know. */
export function isLong(seed: number, video: number, scene: number): boolean {
  return chance(seed, video, 'clip', scene) >= 0.5;
}

/** All items of a kind in a video, how long each takes (s). */
export function latencies(seed: number, video: number, kind: Kind): number[] {
  return Array.from({ length: COUNTS[kind] }, (_, position) => latency(seed, { video, kind, position }));
}

/** A number from 0 to 1 that follows from what it is for. */
function chance(...of: readonly (string | number)[]): number {
  return createHash('sha256').update(of.join(':')).digest().readUInt32BE() / 2 ** 32;
}
