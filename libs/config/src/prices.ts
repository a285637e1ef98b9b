import { clipLength, narrationSeconds, type Estimate, type Storyboard } from '#pipeline';
import { choose, clipSeconds } from '#providers/registry';
import type { Settings } from './settings.js';

/** What each paid call costs (USD): as configured, or as the chosen provider asks. */
export const prices = (s: Settings) => ({
  storyboard: (inputTokens: number, outputTokens: number) => {
    const { usd } = choose('text', s);
    const [input, output] = [s.PRICE_TEXT_INPUT_USD ?? usd.input, s.PRICE_TEXT_OUTPUT_USD ?? usd.output];
    return (inputTokens * input + outputTokens * output) / 1_000_000;
  },
  image: () => s.PRICE_IMAGE_USD ?? choose('image', s).usd,
  clip: (seconds: number) => seconds * (s.PRICE_CLIP_SECOND_USD ?? choose('clip', s).usd),
  narration: (characters: number) => (characters / 1_000) * (s.PRICE_SPEECH_USD ?? choose('speech', s).usd),
  soundEffect: () => s.PRICE_EFFECT_USD ?? choose('effect', s).usd,
});

/** Lengths that the chosen clip model makes (s), shortest first. */
export const clipLengths = (s: Settings): readonly number[] => clipSeconds(choose('clip', s));

/** What a storyboard comes to once everything is made once; the storyboard itself is paid for. */
export function estimate({ images, scenes }: Storyboard, s: Settings): Estimate {
  const price = prices(s);
  const lengths = clipLengths(s);
  const sum = (of: (narration: string) => number) => scenes.reduce((total, { narration }) => total + of(narration), 0);
  const usd =
    images.length * price.image() +
    sum((narration) => price.clip(clipLength(narration, lengths)) + price.narration(narration.length) + price.soundEffect());
  return { scenes: scenes.length, images: images.length, seconds: Math.round(sum(narrationSeconds)), usd: Math.round(usd * 100) / 100 };
}
