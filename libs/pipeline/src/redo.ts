import type { ItemKind } from './stages.js';

/** What can be asked for again; the publication after an upload of which nobody knows how it ended. */
export type RedoKind = ItemKind;

/** Items of one kind that are to be made again. */
export interface RedoGroup {
  kind: RedoKind;
  /** From 0, ascending, each once; of what there is only one of, `[0]`. */
  positions: number[] | 'all';
  /** Why, in the reviewer's words; empty when none are given. */
  note: string;
}

/** What a reviewer has asked for. */
export interface Redo {
  groups: RedoGroup[];
  /**
   * What was not understood, a sentence each that quotes it. Where there is any, the reviewer is asked before anything is made again: the rest may
   * mean something else than it seems to ("not clip 3").
   */
  problems: string[];
}

interface Names {
  readonly one: string;
  readonly many: string;
  /** As people write it, in the singular and the plural; a pattern. */
  readonly written: string;
  /** There is one of it in a video, so it needs no number. */
  readonly single?: true;
}

const KINDS: Readonly<Record<RedoKind, Names>> = {
  storyboard: { one: 'storyboard', many: 'storyboards', written: 'story[ -]?boards?', single: true },
  cut: { one: 'cut', many: 'cuts', written: '(?:final[ _-]?)?cuts?|final[ _-]?videos?', single: true },
  caption: { one: 'captions', many: 'captions', written: 'captions?|sub[ -]?titles?', single: true },
  image: { one: 'image', many: 'images', written: 'images?|pictures?|pics?|imgs?|assets?' },
  composite: { one: 'composite', many: 'composites', written: 'composites?' },
  clip: { one: 'clip', many: 'clips', written: 'clips?|videos?' },
  narration: { one: 'narration', many: 'narrations', written: 'narrations?|voice[ -]?overs?|voices?' },
  thumbnail: { one: 'thumbnail', many: 'thumbnails', written: 'thumb(?:[ -]?nail)?s?' },
  publication: { one: 'publication', many: 'publications', written: 'publications?|uploads?', single: true },
  sound_effect: { one: 'sound effect', many: 'sound effects', written: '(?:sound[ _-]?)?effects?|sfx' },
};
const REDO_KINDS = Object.keys(KINDS) as RedoKind[];

/** The highest number that is taken for one; file names have three digits, too. */
const LARGEST = 999;
/** What is quoted of a piece of text. */
const START_OF_QUOTE = /^.{0,80}/su;

const WORD_START = '(?<![\\p{L}\\p{N}_])';
const WORD_END = '(?![\\p{L}\\p{N}_])';
/** `clip2` is one, too. */
const kindsAs = (written: (kind: RedoKind) => string) => `${WORD_START}(?:${REDO_KINDS.map(written).join('|')})(?![\\p{L}_])`;
const KIND = kindsAs((kind) => `(?<${kind}>${KINDS[kind].written})`);
const ANY_KIND = kindsAs((kind) => KINDS[kind].written);
const ALL = `${WORD_START}(?:all|every)(?:\\s+of)?(?:\\s+the)?\\s+`;
const NUMBER = `(?:#|(?:no\\.?|nr\\.?|number|numbers)(?![\\p{L}])\\s*)?(\\d+)${WORD_END}`;
const DASH = '[-\\u2010-\\u2015]';

/** Patterns that match where the reader stands. */
const here = (pattern: string) => new RegExp(pattern, 'iuy');
const LEADING = here(`\\s*redo${WORD_END}\\s*:?`);
const BETWEEN = here(`(?:[\\s,;.&+]|${WORD_START}(?:and|also|please|the)${WORD_END})+`);
const EVERY = here(`${ALL}${KIND}`);
const NAMED = here(KIND);
const AFTERWARDS = here(`\\s+all${WORD_END}`);
/** `images: 3`, `images - 3`: what stands between a kind and its first number. */
const LEAD_IN = here(`\\s*(?::|${DASH})?\\s*(?=${NUMBER})`);
const FIRST = here(NUMBER);
const NEXT = here(`(?:\\s*(?:[,&+]|${WORD_START}and${WORD_END})\\s*(?:and\\s+)?|\\s+)${NUMBER}`);
const UP_TO = here(`\\s*(?:${DASH}|\\.\\.+|(?<=[\\s])(?:to|through)(?=[\\s]))\\s*${NUMBER}`);
const DASH_AND_NUMBER = here(`\\s*${DASH}+\\s*\\d`);
const BRACKET = here('\\s*[([]');
const REASON = here(`\\s*(?::|${DASH})+\\s*([^;\\n]*)`);
/** As far as something that is not understood goes: to a semicolon, a line's end, or what is understood again. */
const NOT_UNDERSTOOD = here(`(?:(?!${ALL}${ANY_KIND})(?!${ANY_KIND})[^;\\n])+`);
const STRAY_ITEM = new RegExp(`,\\s*(?:and\\s+)?(${ANY_KIND}\\s*${NUMBER}|${ALL}${ANY_KIND})`, 'iu');

/**
 * Reads what a reviewer has written, `images 3, 7; clips 2-4 (too dark)`: kinds under the names that people use, in any case, in the singular or plural;
 * numbers from 1; ranges; `all clips`; separated by semicolons, commas, line ends or "and"; with `redo:` before it or not. A number without a kind is of
 * the kind before it. A reason stands in brackets, or after a colon or dash up to the next semicolon or line end. Never throws.
 */
export function parseRedo(text: string): Redo {
  const reader = new Reader(text);
  reader.take(LEADING);
  const groups: RedoGroup[] = [];
  const problems: string[] = [];
  let kindBefore: RedoKind | null = null;
  for (;;) {
    reader.take(BETWEEN);
    if (reader.atEnd) return { groups, problems };
    const from = reader.position;
    const every = reader.take(EVERY);
    const named = every ?? reader.take(NAMED);
    const kind: RedoKind | null = named ? kindOf(named) : reader.sees(FIRST) ? kindBefore : null;
    kindBefore = kind && !KINDS[kind].single ? kind : null;
    if (!kind) {
      problems.push(`${quoted(reader.take(NOT_UNDERSTOOD)?.[0] ?? '')} was not understood. Write, for example: images 3, 7; clips 2`);
      continue;
    }
    const numbers = every ? [] : readNumbers(reader, kind);
    const all = every !== null || (numbers.length === 0 && reader.take(AFTERWARDS) !== null);
    const note = readNote(reader, numbers.length > 0, problems);
    const found = positionsOf(numbers, kind);
    problems.push(...found.problems);
    const { many, single } = KINDS[kind];
    const positions = single ? [0] : all ? 'all' : found.positions;
    if (numbers.length > 0 && found.positions.length === 0) {
      if (note) problems.push(`${quoted(note)} is a reason for nothing.`);
    } else if (positions.length > 0) {
      groups.push({ kind, positions, note });
    } else {
      problems.push(`${quoted(reader.since(from))} does not say which ${many}. Write their numbers, "${many} 3, 7", or "all ${many}".`);
    }
  }
}

/** Groups as `parseRedo` reads them: `images 3, 7; clips 2-4 (too dark)`. */
export function formatRedo(groups: readonly RedoGroup[]): string {
  return groups.map((group) => `${formatItems(group)}${formatNote(group.note)}`).join('; ');
}

function formatItems({ kind, positions }: RedoGroup): string {
  const { one, many, single } = KINDS[kind];
  if (single) return one;
  if (positions === 'all') return `all ${many}`;
  const runs: { from: number; to: number }[] = [];
  for (const position of positions) {
    const run = runs.at(-1);
    if (run && run.to + 1 === position) run.to = position;
    else runs.push({ from: position, to: position });
  }
  const numbers = runs.map(({ from, to }) => {
    if (to === from) return String(from + 1);
    return to === from + 1 ? `${from + 1}, ${to + 1}` : `${from + 1}-${to + 1}`;
  });
  return `${positions.length === 1 ? one : many} ${numbers.join(', ')}`;
}

function formatNote(note: string): string {
  if (!note) return '';
  return closingBracket(`${note})`, 0) === note.length ? ` (${note})` : `: ${note}`;
}

/** A text and how far it has been read. */
class Reader {
  position = 0;

  constructor(private readonly text: string) {}

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** What the pattern matches here, and goes on behind it; null when it does not match. */
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (match) this.position = pattern.lastIndex;
    return match;
  }

  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    return pattern.test(this.text);
  }

  since(from: number): string {
    return this.text.slice(from, this.position);
  }

  /** What stands in the bracket that has just been opened; one that is never closed goes to the next semicolon or line end. */
  takeBracket(): string {
    const from = this.position;
    const end = closingBracket(this.text, from);
    const content = end === null ? /[^;\n]*/.exec(this.text.slice(from))?.[0] : this.text.slice(from, end);
    this.position = end === null ? from + (content?.length ?? 0) : end + 1;
    return content ?? '';
  }
}

/** Where the bracket that is open at a place is closed; null when it never is. */
function closingBracket(text: string, from: number): number | null {
  let open = 1;
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at);
    if ('(['.includes(character)) open += 1;
    if (')]'.includes(character)) open -= 1;
    if (open === 0) return at;
  }
  return null;
}

function kindOf({ groups }: RegExpExecArray): RedoKind | null {
  return REDO_KINDS.find((kind) => groups?.[kind] !== undefined) ?? null;
}

/** A number, or two with everything between them, and how it was written. */
interface Range {
  from: number;
  to: number;
  written: string;
}

function readNumbers(reader: Reader, kind: RedoKind): Range[] {
  // "storyboard: 12 scenes" gives a reason.
  if (!KINDS[kind].single || !reader.sees(REASON)) reader.take(LEAD_IN);
  const ranges: Range[] = [];
  for (let number = reader.take(FIRST); number; number = reader.take(NEXT)) {
    const from = Number(number[1]);
    const upTo = reader.take(UP_TO);
    ranges.push({ from, to: upTo ? Number(upTo[1]) : from, written: `${number[1] ?? ''}${upTo?.[0] ?? ''}` });
  }
  return ranges;
}

function positionsOf(ranges: readonly Range[], kind: RedoKind): { positions: number[]; problems: string[] } {
  const positions = new Set<number>();
  const problems = ranges.flatMap(({ from, to, written }) => {
    if (from < 1) return [`${quoted(written)}: ${KINDS[kind].many} are counted from 1.`];
    if (from > LARGEST || to > LARGEST) return [`${quoted(written)}: numbers go up to ${LARGEST}.`];
    if (from > to) return [`${quoted(written)} counts backwards. Write "${to}-${from}".`];
    if (KINDS[kind].single && to > 1) return [`${quoted(`${KINDS[kind].one} ${written}`)}: there is only one.`];
    for (let number = from; number <= to; number += 1) positions.add(number - 1);
    return [];
  });
  return { positions: [...positions].sort((one, other) => one - other), problems };
}

function readNote(reader: Reader, afterNumbers: boolean, problems: string[]): string {
  if (reader.take(BRACKET)) return inOneLine(reader.takeBracket());
  // "2-4-6" and "2 - 3 - 4 s too long" are anybody's guess.
  if (afterNumbers && reader.sees(DASH_AND_NUMBER)) return '';
  const note = inOneLine(reader.take(REASON)?.[1] ?? '');
  const stray = STRAY_ITEM.exec(note)?.[1];
  if (stray) {
    problems.push(
      `${quoted(stray)} was read as part of a reason, "${shortened(note)}". Put a semicolon before it if it is to be made again, or the reason in brackets.`,
    );
  }
  return note;
}

const inOneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

function shortened(text: string): string {
  const line = inOneLine(text);
  const start = START_OF_QUOTE.exec(line)?.[0] ?? '';
  return start.length < line.length ? `${start}…` : line;
}

const quoted = (text: string) => `"${shortened(text)}"`;
