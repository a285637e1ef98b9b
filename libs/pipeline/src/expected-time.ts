import type { ItemInputs } from './items.js';
import type { ItemKind } from './stages.js';

/** How long an item of each kind usually takes (ms), as seen with the default providers in November 2026; of a clip, as long as it is. */
const USUALLY_MS: { readonly [K in ItemKind]: (input: ItemInputs[K]) => number } = {
  storyboard: () => 40_000,
  image: () => 17_000,
  composite: () => 2_000,
  clip: ({ seconds }) => 80_000 + 16_000 * seconds,
  narration: ({ text }) => 3_000 + 40 * text.length,
  sound_effect: () => 8_000,
  cut: () => 60_000,
  caption: () => 1_000,
  thumbnail: () => 2_000,
  publication: () => 60_000,
};

/**
 * How long an item is expected to take (ms), before any was measured: what it weighs when channels share a provider, and what of one video is begun
 * first, as the longest item that is begun last would be waited for.
 */
export function expectedMs<K extends ItemKind>(kind: K, input: ItemInputs[K]): number {
  return USUALLY_MS[kind](input);
}
