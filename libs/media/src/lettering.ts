/** A digit as strokes in a box of 12 by 20: numbers can be read wherever a sheet is drawn, also where no font is installed. */
const STROKES: Readonly<Record<string, string>> = {
  '0': 'M6 1C9.5 1 11 5 11 10S9.5 19 6 19 1 15 1 10 2.5 1 6 1Z',
  '1': 'M2 4.6L6.6 1V19',
  '2': 'M1.4 5.6C1.4 2.6 3.4 1 6 1S10.7 2.8 10.7 5.6C10.7 9 7 11.6 1.3 19H11.2',
  '3': 'M1.5 3.9C2.5 2 4.1 1 6 1 8.6 1 10.4 2.7 10.4 5.2 10.4 7.8 8.4 9.4 5 9.4 8.8 9.4 11 11.2 11 14 11 17 8.9 19 6 19 3.7 19 1.9 18 1 16',
  '4': 'M8.4 19V1L.8 13.6H11.6',
  '5': 'M10.2 1H3L2 9.1C3.2 8.1 4.6 7.6 6 7.6 9 7.6 11 9.8 11 13.2 11 16.8 8.9 19 6 19 3.9 19 2.2 18.2 1 16.4',
  '6': 'M9.8 2.5C8.9 1.5 7.7 1 6.4 1 3 1 1 4.5 1 11 1 16 3 19 6 19S11 16.8 11 13.4 9 8 6.2 8C3.8 8 1.7 9.6 1 12',
  '7': 'M1 1H11L4.6 19',
  '8': 'M6 1C8.5 1 10.2 2.6 10.2 5S8.3 9.2 6 9.2 1.8 7.5 1.8 5 3.5 1 6 1ZM6 9.2C9 9.2 11 11.2 11 14.1S9 19 6 19 1 17 1 14.1 3 9.2 6 9.2Z',
  '9': 'M2.2 17.5C3.1 18.5 4.3 19 5.6 19 9 19 11 15.5 11 9 11 4 9 1 6 1S1 3.2 1 6.6 3 12 5.8 12C8.2 12 10.3 10.4 11 8',
  ':': 'M6 6.5V6.6M6 14.5V14.6',
};
/** From one digit to the next, in the units of the strokes. */
const ADVANCE = 16;
const STROKE_HEIGHT = 20;

/** Fonts in the order in which they are wished for; any will do. */
export const FONTS: readonly string[] = ['Inter', 'Helvetica Neue', 'Liberation Sans', 'DejaVu Sans', 'Arial', 'sans-serif'];
/** How wide a letter is at most on average, as a part of its size; wide ones, such as Chinese, take up two. */
const LETTER_WIDTH = 0.56;
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\p{Extended_Pictographic}]/u;
/** What cannot be written in XML. */
// eslint-disable-next-line no-control-regex
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Where something stands (px). */
interface Place {
  x: number;
  y: number;
}

/** Digits and colons as SVG, drawn by strokes; `y` is their upper edge. Returns their width (px), too. */
export function strokedNumber(text: string, { x, y }: Place, height: number, color: string): { svg: string; width: number } {
  const scale = height / STROKE_HEIGHT;
  const digits = text.split('').map((digit, index) => `<path transform="translate(${index * ADVANCE} 0)" d="${STROKES[digit] ?? ''}"/>`);
  const group = `<g transform="translate(${x} ${y}) scale(${scale})" fill="none" stroke="${color}" stroke-width="2.7"`;
  return {
    svg: `${group} stroke-linecap="round" stroke-linejoin="round">${digits.join('')}</g>`,
    width: strokedWidth(text, height),
  };
}

function strokedWidth(text: string, height: number): number {
  return (text.length * ADVANCE - (ADVANCE - 12)) * (height / STROKE_HEIGHT);
}

/** How many letters' room a character takes up. */
export const roomOf = (character: string) => (WIDE.test(character) ? 2 : 1);

/** A line of text as SVG; `y` is its base line. What does not fit into `width` (px) is cut off with an ellipsis. */
export function line(
  text: string,
  { x, y }: Place,
  { size, width, color, bold = false, end = false }: { size: number; width: number; color: string; bold?: boolean; end?: boolean },
): string {
  const shown = escaped(fitted(text, width / (size * LETTER_WIDTH)));
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${x}" y="${y}" font-family="${FONTS.map((font) => `'${font}'`).join()}" font-size="${size}"${weight} fill="${color}"${end ? ' text-anchor="end"' : ''}>${shown}</text>`;
}

/** A text of one line that takes up no more than so many letters' room. */
function fitted(text: string, letters: number): string {
  const characters = Array.from(text.replace(/\s+/g, ' ').trim());
  let room = letters;
  const fitting = characters.findIndex((character) => {
    room -= roomOf(character);
    return room < 0;
  });
  return fitting < 0
    ? characters.join('')
    : `${characters
        .slice(0, Math.max(0, fitting - 1))
        .join('')
        .trimEnd()}…`;
}

/** A text as it is written in XML; what cannot be is left out. */
export function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text
    .toWellFormed()
    .replace(UNWRITABLE, '')
    .replace(/[&<>"]/g, (sign) => entities[sign] ?? '');
}
