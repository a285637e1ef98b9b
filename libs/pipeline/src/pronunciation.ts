import type { WordTiming } from './items.js';

/** How a word is to be said, written so that any voice says it right: `Cthulhu`, `kuh-THOO-loo`. */
export interface Pronunciation {
  readonly word: string;
  readonly say: string;
}

/** A text as it is given to the voice. Whole words only, in upper and lower case alike. */
export function spoken(text: string, pronunciations: readonly Pronunciation[]): string {
  return pronunciations.reduce((said, { word, say }) => {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return said.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'giu'), () => say);
  }, text);
}

/**
 * The times of a text's words as they are written, from the times of what was said. Where the two cannot be matched, because the voice has counted words
 * of its own, what was said stays.
 */
export function asWritten(text: string, pronunciations: readonly Pronunciation[], said: readonly WordTiming[]): WordTiming[] {
  const written = text.split(/\s+/).filter(Boolean);
  const lengths = written.map((word) => spoken(word, pronunciations).split(/\s+/).filter(Boolean).length);
  if (lengths.reduce((sum, length) => sum + length, 0) !== said.length) return [...said];
  let at = 0;
  return written.flatMap((word, index) => {
    const pieces = said.slice(at, (at += lengths[index] ?? 0));
    const [first, last] = [pieces[0], pieces.at(-1)];
    return first && last ? [{ word, start_ms: first.start_ms, end_ms: last.end_ms }] : [];
  });
}
