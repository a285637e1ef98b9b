import { THUMBNAIL_CANDIDATES, type Estimate, type ItemInputs } from './items.js';
import type { ItemKind } from './stages.js';
import { clipLength, textOfSeconds } from './storyboard.js';

/** What is known of a video before its items are planned: by its storyboard, or by how many scenes the writer is asked for. */
export type VideoOutline = Pick<Estimate, 'scenes' | 'images' | 'seconds'>;

/** Images for each scene, and how long its narration is (s), of videos made by November 2026. */
const IMAGES_PER_SCENE = 22 / 18;
const SECONDS_PER_SCENE = 4.5;

/** A video that is not written yet. */
export function usualOutline(scenes: number): VideoOutline {
  return { scenes, images: Math.round(scenes * IMAGES_PER_SCENE), seconds: scenes * SECONDS_PER_SCENE };
}

type Usual = {
  readonly [K in ItemKind]: (outline: VideoOutline, clipLengths: readonly number[]) => { count: number; input: ItemInputs[K] };
};
/** How many items of each kind there will be, and one that is like most of them as far as time and price are concerned. */
const USUAL: Usual = {
  storyboard: () => ({ count: 1, input: {} }),
  image: ({ images }) => ({ count: images, input: { key: '', role: 'environment', prompt: '', references: [] } }),
  composite: ({ scenes }) => ({ count: scenes, input: { layout: 'full_frame', images: [] } }),
  clip: (outline, lengths) => ({ count: outline.scenes, input: { motion: '', seconds: clipLength(narrationOf(outline), lengths) } }),
  narration: (outline) => ({ count: outline.scenes, input: { text: narrationOf(outline), before: '', after: '' } }),
  sound_effect: ({ scenes, seconds }) => ({ count: scenes, input: { prompt: '', seconds: seconds / scenes } }),
  cut: ({ scenes }) => ({ count: 1, input: { scenes } }),
  caption: () => ({ count: 1, input: { language: '' } }),
  thumbnail: () => ({ count: THUMBNAIL_CANDIDATES, input: { title: '' } }),
  publication: () => ({ count: 1, input: { title: '', description: '', tags: [] } }),
};

const narrationOf = ({ scenes, seconds }: VideoOutline) => textOfSeconds(seconds / scenes);

/**
 * The items of a kind that a video is expected to have.
 * @param clipLengths that the clip model makes (s), shortest first
 */
export function usualItems<K extends ItemKind>(
  kind: K,
  outline: VideoOutline,
  clipLengths: readonly number[],
): { count: number; input: ItemInputs[K] } {
  return USUAL[kind](outline, clipLengths);
}
