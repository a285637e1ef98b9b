/** Notion's limits: characters in a piece of text, and pieces of a text. What is longer is cut off. */
const PIECE = 2_000;
const PIECES = 100;

/** As much as fits into a piece, but never half a character. */
const PIECE_OF_TEXT = new RegExp(`[\\s\\S]{1,${PIECE}}(?![\\uDC00-\\uDFFF])`, 'g');

/** A text as Notion takes it: in pieces. */
export function richText(text: string, { bold = false }: { bold?: boolean } = {}) {
  const pieces = text.match(PIECE_OF_TEXT) ?? [];
  return pieces.slice(0, PIECES).map((content) => ({ text: { content }, ...(bold && { annotations: { bold } }) }));
}
