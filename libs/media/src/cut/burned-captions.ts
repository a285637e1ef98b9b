import type { WordTiming } from '#pipeline';
import { roomOf } from '../lettering.js';
import type { ManifestCaptions } from './manifest.js';

/** How wide a bold letter is on average, as a part of its size. */
const LETTER_WIDTH = 0.6;
/** Letters that are read at a glance; what takes more is seen in two steps. */
const MOST_LETTERS = 28;
/** A silence after which the next words are not yet shown (ms). */
const SILENCE_MS = 700;
/** A caption stays so long after its last word, if no other follows (ms). */
const LINGER_MS = 400;
const SENTENCE_END = /[.!?…。！？]["'”’»)\]」』]*$/u;
/** Room that is kept free at the sides, as a part of the width. */
const SIDES = 0.07;
/** Room that is kept free below and above, as a part of the height: upright videos have the player's buttons and texts there. */
const MARGIN = { landscape: { bottom: 0.09, top: 0.08, middle: 0 }, portrait: { bottom: 0.24, top: 0.14, middle: 0 } };
/** Of the line around the letters, as a part of their size. */
const OUTLINE = 0.09;
const ALIGNMENT = { bottom: 2, middle: 5, top: 8 };

/**
 * Captions as Advanced SubStation Alpha, for the picture of one scene: a few words at a time, in one line, and of these the one that is being said in
 * another colour. Null when nothing is said in it.
 * @param durationMs of the scene
 */
export function burnedCaptions(
  words: readonly WordTiming[],
  durationMs: number,
  { font, size, color, highlight, outline, position }: ManifestCaptions,
  { width, height }: { width: number; height: number },
): string | null {
  const fontSize = Math.round(size * Math.min(width, height));
  const letters = Math.min(MOST_LETTERS, Math.floor((width * (1 - 2 * SIDES)) / (fontSize * LETTER_WIDTH)));
  const groups = grouped(inside(words, durationMs), letters);
  if (groups.length === 0) return null;
  const margin = Math.round(height * MARGIN[width > height ? 'landscape' : 'portrait'][position]);
  const side = Math.round(width * SIDES);
  const style = [
    ...['Words', font, fontSize, colorOf(color), colorOf(color), colorOf(outline), '&H80000000', -1, 0, 0, 0, 100, 100, 0, 0, 1],
    ...[(fontSize * OUTLINE).toFixed(1), 0, ALIGNMENT[position], side, side, margin, 1],
  ];
  const lines = groups.flatMap((group, index) => {
    const last = group.at(-1);
    const end = Math.min(durationMs, groups[index + 1]?.[0]?.start_ms ?? Infinity, (last?.end_ms ?? 0) + LINGER_MS);
    const shrink = shrunk(group, letters);
    return group.map(({ start_ms }, said) => {
      const until = group[said + 1]?.start_ms ?? end;
      const text = group.map(({ word }, at) => (at === said ? `{\\c${colorOf(highlight)}}${written(word)}{\\c}` : written(word))).join(' ');
      return `Dialogue: 0,${time(start_ms)},${time(until)},Words,,0,0,0,,${shrink}${text}`;
    });
  });
  return [
    '[Script Info]',
    'ScriptType: v4.00+',
    `PlayResX: ${width}`,
    `PlayResY: ${height}`,
    'WrapStyle: 2',
    'ScaledBorderAndShadow: yes',
    '',
    '[V4+ Styles]',
    'Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding',
    `Style: ${style.join(',')}`,
    '',
    '[Events]',
    'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text',
    ...lines,
    '',
  ].join('\n');
}

/** Words at times inside of a scene that never go back. */
function inside(words: readonly WordTiming[], durationMs: number): WordTiming[] {
  let earliest = 0;
  return words.flatMap(({ word, start_ms, end_ms }) => {
    const text = word.replace(/\s+/g, ' ').trim();
    const start = Math.max(earliest, start_ms);
    if (!text || start >= durationMs) return [];
    earliest = start;
    return [{ word: text, start_ms: start, end_ms: Math.min(durationMs, Math.max(start, end_ms)) }];
  });
}

/** The words of each caption. What is said between two silences, and is one sentence, is divided into as few as can be, about equally long. */
function grouped(words: readonly WordTiming[], letters: number): WordTiming[][] {
  return phrasesOf(words).flatMap((phrase) => {
    const total = roomOfAll(phrase);
    const target = total / Math.ceil(total / letters);
    const groups: WordTiming[][] = [];
    let before = 0;
    for (const word of phrase) {
      const group = groups.at(-1);
      const own = widthOf(word.word);
      const isFull = !group || roomOfAll([...group, word]) > letters || before + own / 2 > groups.length * target;
      if (isFull) groups.push([word]);
      else group.push(word);
      before += own + 1;
    }
    return groups;
  });
}

function phrasesOf(words: readonly WordTiming[]): WordTiming[][] {
  const phrases: WordTiming[][] = [];
  for (const word of words) {
    const phrase = phrases.at(-1);
    const last = phrase?.at(-1);
    if (!phrase || !last || SENTENCE_END.test(last.word) || word.start_ms - last.end_ms > SILENCE_MS) phrases.push([word]);
    else phrase.push(word);
  }
  return phrases;
}

/** A single word that is too long is drawn smaller. */
function shrunk(group: readonly WordTiming[], letters: number): string {
  const room = roomOfAll(group);
  if (room <= letters) return '';
  const percent = Math.floor((100 * letters) / room);
  return `{\\fscx${percent}\\fscy${percent}}`;
}

const roomOfAll = (group: readonly WordTiming[]) => widthOf(group.map(({ word }) => word).join(' '));
const widthOf = (text: string) => Array.from(text).reduce((sum, letter) => sum + roomOf(letter), 0);

/** Braces begin orders to the renderer and a backslash gives one: here both are only text. */
const written = (text: string) => text.replaceAll('\\', '\\\u2060').replace(/[{}]/g, (brace) => `\\${brace}`);

/** `#rrggbb` as the format writes it: blue first. */
const colorOf = (hex: string) => `&H00${hex.slice(5, 7)}${hex.slice(3, 5)}${hex.slice(1, 3)}`.toUpperCase();

/** `0:01:02.34` */
function time(ms: number): string {
  const hundredths = Math.round(ms / 10);
  const padded = (value: number) => String(Math.floor(value) % 60).padStart(2, '0');
  return `${Math.floor(hundredths / 360_000)}:${padded(hundredths / 6_000)}:${padded(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`;
}
