import type { Field } from '../field.js';

/** Notion's limits for one piece of text, for an address, and for a formula (characters). */
const LONGEST_TEXT = 2_000;
export const LONGEST_URL = 2_000;
const LONGEST_EQUATION = 1_000;

const PLAIN = { bold: false, italic: false, strikethrough: false, underline: false, code: false, color: 'default' };
const MARKS = ['bold', 'italic', 'strikethrough', 'underline', 'code'] as const;

/** A piece of text as the API gives it. */
export interface RichText {
  type: 'text' | 'mention' | 'equation';
  text?: { content: string; link: { url: string } | null };
  mention?: object;
  equation?: { expression: string };
  annotations: object;
  plain_text: string;
  href: string | null;
}

/** The pieces that a request gives. */
export function readRichText(field: Field): RichText[] {
  return field.items().map(readPiece);
}

/** What a person has typed: as long as they like, in pieces that the API takes. */
export function richText(words: string): RichText[] {
  const pieces = words.match(new RegExp(`[\\s\\S]{1,${LONGEST_TEXT}}`, 'g')) ?? [];
  return pieces.map((content) => textPiece(content, null, PLAIN));
}

export function plainText(pieces: readonly RichText[]): string {
  return pieces.map((piece) => piece.plain_text).join('');
}

function textPiece(content: string, url: string | null, annotations: object): RichText {
  return { type: 'text', text: { content, link: url === null ? null : { url } }, annotations, plain_text: content, href: url };
}

function readPiece(field: Field): RichText {
  const annotations = field.at('annotations').optional(readAnnotations) ?? PLAIN;
  const text = field.at('text');
  if (!text.isMissing)
    return textPiece(
      text.at('content').text(LONGEST_TEXT),
      text.at('link').orNull((link) => link.at('url').text(LONGEST_URL)),
      annotations,
    );
  const equation = field.at('equation');
  if (!equation.isMissing) {
    const expression = equation.at('expression').text(LONGEST_EQUATION);
    return { type: 'equation', equation: { expression }, annotations, plain_text: expression, href: null };
  }
  const mention = field.at('mention');
  if (mention.isMissing) throw text.wrong('defined');
  const type = mention.at('type').optional((given) => given.text()) ?? mention.names()[0] ?? '';
  const value = mention.at(type).object();
  return { type: 'mention', mention: { type, [type]: value }, annotations, plain_text: `@${type}`, href: null };
}

function readAnnotations(field: Field): object {
  const marks = MARKS.map((mark) => [mark, field.at(mark).optional((given) => given.boolean()) ?? false]);
  return Object.fromEntries([...marks, ['color', field.at('color').optional((given) => given.text()) ?? 'default']]) as object;
}
