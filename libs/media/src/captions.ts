import type { WordTiming } from '#pipeline';
import { roomOf } from './lettering.js';

/** A scene of a video and what is said in it, from its beginning on. */
export interface SpokenScene {
  startMs: number;
  durationMs: number;
  text: string;
  /** Times from the scene's beginning; empty when the voice told none. */
  words: readonly WordTiming[];
}

/** What is read while it is said. Times from the beginning of the video. */
export interface Caption {
  startMs: number;
  endMs: number;
  /** One or two. */
  lines: string[];
}

/** Letters of a line; wide ones, such as Chinese, count twice. */
const LINE = 42;
/** How long a caption is seen (ms). */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 7_000;
/** Captions that are less apart follow each other without a gap, which would only flicker (ms). */
const FLICKER_MS = 100;
/** What is said in one caption takes no longer (ms): closing the gaps around it may add a little. */
const LONGEST_SPEECH_MS = LONGEST_MS - 2 * FLICKER_MS;
/** Letters that are read in a second without haste; a caption stays that long where there is time. */
const READ_PER_SECOND = 17;

/** What speaks against a way to divide a text; only how they compare matters. */
const COST = {
  /** Each caption, so that there are few. */
  caption: 3,
  /** Seen for too short a time: nearly as bad as impossible. */
  hasty: 1_000,
  /** Ends where a clause ends. */
  clause: 4,
  /** Ends in the middle of a clause. */
  torn: 12,
  /** Holds the end of a sentence and the beginning of another, but not its end. */
  straddles: 6,
  /** Very little text. */
  lonely: 6,
  /** Holds a silence, in which the next words would be given away. */
  silence: 8,
};
/** Letters below which a caption looks lonely. */
const LONELY = 12;
const SILENCE_MS = 1_200;

const SENTENCE_END = /(?:[.!?…]|[。！？]|[؟۔।])["'”’»)\]」』]*$/u;
const CLAUSE_END = /(?:[,;:–—]|[，、；：،])["'”’»)\]」』]*$/u;

/** A word, or a part of one that is too long for a line. */
interface Token extends WordTiming {
  /** What stands between it and the one before. */
  joint: '' | ' ';
  room: number;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const segments = new Intl.Segmenter(undefined, { granularity: 'word' });

const widthOf = (text: string) => [...graphemes.segment(text)].reduce((sum, { segment }) => sum + roomOf(segment), 0);

/**
 * The captions of a video, in order: each of at most two lines of 42 letters, seen for 1 to 7 s inside its scene, and ending with a sentence or a clause where that can
 * be. Of words that are said too fast, or in a scene that is too short, some are seen for less than 1 s. Times that cannot be true, or are not known, are taken to be evenly
 * spread.
 * @param scenes in order, none beginning before the one before has ended
 */
export function captionsOf(scenes: readonly SpokenScene[]): Caption[] {
  const placed = scenes.flatMap((scene) => {
    const told = scene.words.some(({ start_ms }) => start_ms >= scene.durationMs) ? [] : captionsOfScene(scene, scene.words);
    const isTrue = told.length > 0 && told.every(({ startMs, endMs }) => startMs < endMs);
    return (isTrue ? told : captionsOfScene(scene, evenly(scene))).map((caption) => ({ scene, caption }));
  });
  placed.forEach(({ scene, caption }, index) => {
    const next = placed[index + 1];
    if (!next || next.caption.startMs - caption.endMs >= FLICKER_MS) return;
    caption.endMs = Math.min(next.caption.startMs, scene.startMs + scene.durationMs);
    next.caption.startMs = Math.max(caption.endMs, next.scene.startMs);
  });
  return placed.map(({ caption }) => caption);
}

function captionsOfScene({ startMs, durationMs }: SpokenScene, words: readonly WordTiming[]): Caption[] {
  const tokens = tokensOf(words, durationMs);
  const groups = divided(tokens, durationMs);
  const captions: Caption[] = [];
  groups.forEach((group, index) => {
    const [first, last, next] = [group[0], group.at(-1), groups[index + 1]?.[0]];
    if (!first || !last) return;
    const before = captions.at(-1);
    const latest = Math.min(next?.start_ms ?? durationMs, first.start_ms + LONGEST_SPEECH_MS);
    const comfortable = first.start_ms + Math.max(SHORTEST_MS, (roomFor(group) / READ_PER_SECOND) * 1_000);
    const end = Math.round(Math.min(latest, Math.max(last.end_ms, comfortable)));
    // With no time left behind it, it comes a little early.
    const start = Math.max(Math.min(first.start_ms, end - SHORTEST_MS), (before?.endMs ?? startMs) - startMs);
    captions.push({ startMs: startMs + start, endMs: startMs + end, lines: linesOf(group) ?? [] });
  });
  return captions;
}

/** Words as if each letter took the same time: those that were told, or else those of the text. */
export function evenly({ text, words, durationMs }: Pick<SpokenScene, 'text' | 'words' | 'durationMs'>): WordTiming[] {
  const all = words.length > 0 ? words.map(({ word }) => word) : text.split(/\s+/);
  return spread(all, 0, durationMs);
}

/** Texts one after another over a time, each as long as its letters take. */
function spread(texts: readonly string[], fromMs: number, toMs: number): WordTiming[] {
  const total = texts.reduce((sum, text) => sum + widthOf(text), 0);
  const at = (room: number) => Math.round(fromMs + ((toMs - fromMs) * room) / Math.max(1, total));
  let before = 0;
  return texts.map((word) => {
    const start_ms = at(before);
    before += widthOf(word);
    return { word, start_ms, end_ms: at(before) };
  });
}

/** What is said, in pieces that fit into a line, at times inside the scene that never go back. */
function tokensOf(words: readonly WordTiming[], durationMs: number): Token[] {
  let earliest = 0;
  const inside = (ms: number) => Math.round(Math.min(durationMs, Math.max(earliest, ms)));
  return words.flatMap(({ word, start_ms, end_ms }) => {
    const written = word.toWellFormed().replace(/[\s\p{Cc}\u2028\u2029]+/gu, '');
    if (!written) return [];
    earliest = inside(start_ms);
    return spread(piecesOf(written), earliest, inside(end_ms)).map((piece, index): Token => ({
      ...piece,
      joint: index === 0 ? ' ' : '',
      room: widthOf(piece.word),
    }));
  });
}

/** A word that is too long for a line, or a text without spaces, divided where words end, and where even these are too long, anywhere. */
function piecesOf(word: string): string[] {
  if (widthOf(word) <= LINE) return [word];
  const pieces: string[] = [];
  for (const { segment, isWordLike } of segments.segment(word)) {
    // Punctuation stays with what is before it.
    if (!isWordLike && pieces.length > 0 && widthOf(`${pieces.at(-1) ?? ''}${segment}`) <= LINE)
      pieces.push((pieces.pop() ?? '') + segment);
    else if (widthOf(segment) <= LINE) pieces.push(segment);
    else pieces.push(...chopped(segment));
  }
  return pieces;
}

function chopped(text: string): string[] {
  const pieces = [''];
  for (const { segment } of graphemes.segment(text)) {
    const longer = (pieces.at(-1) ?? '') + segment;
    if (widthOf(longer) <= LINE) pieces[pieces.length - 1] = longer;
    else pieces.push(segment);
  }
  return pieces;
}

/** The tokens of each caption: of all ways to divide them the one that costs least. */
function divided(tokens: readonly Token[], durationMs: number): Token[][] {
  const best: { cost: number; from: number }[] = [{ cost: 0, from: 0 }];
  for (let to = 1; to <= tokens.length; to += 1) {
    best[to] = { cost: Infinity, from: to - 1 };
    for (let from = to - 1; from >= 0; from -= 1) {
      const group = tokens.slice(from, to);
      const cost = costOf(group, tokens[to], durationMs);
      if (cost === null) break;
      const total = (best[from]?.cost ?? 0) + cost;
      if (total < (best[to]?.cost ?? Infinity)) best[to] = { cost: total, from };
    }
  }
  const groups: Token[][] = [];
  for (let to = tokens.length; to > 0; to = best[to]?.from ?? 0) groups.unshift(tokens.slice(best[to]?.from ?? 0, to));
  return groups;
}

/** What speaks against a caption of these tokens; null when they are too many for one. */
function costOf(group: readonly Token[], next: Token | undefined, durationMs: number): number | null {
  const [first, last] = [group[0], group.at(-1)];
  if (!first || !last) return null;
  if (group.length > 1 && (last.end_ms - first.start_ms > LONGEST_SPEECH_MS || !linesOf(group))) return null;
  const seenMs = (next?.start_ms ?? durationMs) - first.start_ms;
  const endsSentence = !next || SENTENCE_END.test(last.word);
  const inner = group.slice(0, -1);
  const silences = inner.filter((token, index) => (group[index + 1]?.start_ms ?? 0) - token.end_ms > SILENCE_MS);
  return (
    COST.caption +
    COST.hasty * Math.max(0, 1 - seenMs / SHORTEST_MS) +
    (endsSentence ? 0 : CLAUSE_END.test(last.word) ? COST.clause : COST.torn) +
    (!endsSentence && inner.some(({ word }) => SENTENCE_END.test(word)) ? COST.straddles : 0) +
    (roomFor(group) < LONELY ? COST.lonely : 0) +
    COST.silence * silences.length
  );
}

/** The room that tokens take up in one line. */
function roomFor(group: readonly Token[]): number {
  return group.reduce((sum, { room, joint }, index) => sum + room + (index > 0 ? joint.length : 0), 0);
}

/** One line, or two of about the same length, the first ending with a clause where it can; null when they do not fit. */
function linesOf(group: readonly Token[]): string[] | null {
  if (roomFor(group) <= LINE) return [textOf(group)];
  let lines: string[] | null = null;
  let least = Infinity;
  for (let at = 1; at < group.length; at += 1) {
    const [top, bottom] = [group.slice(0, at), group.slice(at)];
    const [above, below] = [roomFor(top), roomFor(bottom)];
    if (above > LINE || below > LINE) continue;
    const end = top.at(-1)?.word ?? '';
    const unbalanced = Math.abs(above - below) - (SENTENCE_END.test(end) || CLAUSE_END.test(end) ? COST.torn : 0);
    if (unbalanced >= least) continue;
    least = unbalanced;
    lines = [textOf(top), textOf(bottom)];
  }
  return lines;
}

const textOf = (group: readonly Token[]) => group.map(({ word, joint }, index) => (index > 0 ? joint : '') + word).join('');

/** Captions as SubRip, the form that YouTube takes. It knows no way to write signs that mean something in it, so they are drawn otherwise. */
export function srt(captions: readonly Caption[]): string {
  const drawn = (line: string) => line.replaceAll('-->', '→').replaceAll('<', '‹').replaceAll('>', '›');
  return captions
    .map(({ startMs, endMs, lines }, index) => [index + 1, `${time(startMs, ',')} --> ${time(endMs, ',')}`, ...lines.map(drawn), '', ''])
    .map((parts) => parts.join('\r\n'))
    .join('');
}

/** Captions as WebVTT, the form that browsers take. */
export function vtt(captions: readonly Caption[]): string {
  const escaped = (line: string) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const cues = captions.map(({ startMs, endMs, lines }) => [
    `${time(startMs, '.')} --> ${time(endMs, '.')}`,
    ...lines.map(escaped),
    '',
    '',
  ]);
  return `WEBVTT\n\n${cues.map((parts) => parts.join('\n')).join('')}`;
}

/** `01:02:03,004` */
function time(ms: number, decimal: ',' | '.'): string {
  const padded = (value: number, digits: number) => String(Math.floor(value)).padStart(digits, '0');
  return `${padded(ms / 3_600_000, 2)}:${padded((ms / 60_000) % 60, 2)}:${padded((ms / 1_000) % 60, 2)}${decimal}${padded(ms % 1_000, 3)}`;
}
