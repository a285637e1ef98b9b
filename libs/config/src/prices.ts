import type { ClipSeconds } from '#pipeline';
import type { Settings } from './settings.js';

/** What each paid call costs (USD), from the configured prices. */
export const prices = (s: Settings) => ({
  storyboard: (inputTokens: number, outputTokens: number) =>
    (inputTokens * s.PRICE_TEXT_INPUT_USD + outputTokens * s.PRICE_TEXT_OUTPUT_USD) / 1_000_000,
  image: () => s.PRICE_IMAGE_USD,
  clip: (seconds: ClipSeconds) => seconds * s.PRICE_CLIP_SECOND_USD,
  narration: (characters: number) => (characters / 1_000) * s.PRICE_SPEECH_USD,
  soundEffect: () => s.PRICE_EFFECT_USD,
});
