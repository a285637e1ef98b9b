import { clipLength, narrationSeconds, type Estimate, type ItemInputs, type ItemKind, type Storyboard } from '#pipeline';
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

/** What a storyboard of eighteen scenes took to write in November 2026; more is known only when it is written. */
const STORYBOARD_TOKENS = { input: 5_000, output: 9_000 };

type Prices = ReturnType<typeof prices>;
/** What one item of each kind costs (USD). Kinds that this machine makes, and publication, cost nothing. */
const COSTS: { readonly [K in ItemKind]: (price: Prices, input: ItemInputs[K]) => number } = {
  storyboard: (price) => price.storyboard(STORYBOARD_TOKENS.input, STORYBOARD_TOKENS.output),
  image: (price) => price.image(),
  composite: () => 0,
  clip: (price, { seconds }) => price.clip(seconds),
  narration: (price, { text }) => price.narration(text.length),
  sound_effect: (price) => price.soundEffect(),
  cut: () => 0,
  caption: () => 0,
  thumbnail: () => 0,
  publication: () => 0,
};

/** What one item is expected to cost (USD), before it is made. */
export function expectedUsd<K extends ItemKind>(kind: K, input: ItemInputs[K], s: Settings): number {
  return COSTS[kind](prices(s), input);
}
