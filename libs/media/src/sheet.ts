import { writeFile } from 'node:fs/promises';
import { writeWhole } from './atomic-file.js';
import { throwIfStopped } from './ffmpeg.js';
import { line, strokedNumber } from './lettering.js';
import { layer, loadSharp, smallJpeg, type Raster } from './picture.js';

/** What every sheet is told. */
export interface SheetOptions {
  /** The line on top. */
  title: string;
  signal?: AbortSignal;
}

/** A place on a sheet: a picture with a number over its corner, a label below it, and on the right something short. */
export interface Cell {
  picture: Raster;
  /** Digits and colons. */
  badge: string;
  label?: string;
  detail?: string;
}

/** How a sheet is divided. All lengths are in px. */
export interface Grid {
  columns: number;
  /** The picture of each cell. */
  width: number;
  height: number;
}

/** As wide as Notion shows a picture on a large screen, twice as fine. */
const WIDTH = 1_600;
const MARGIN = 24;
const GAP = 16;
const TITLE = { height: 92, size: 34 };
const CAPTION = { height: 44, size: 22 };
const BADGE = { height: 40, padding: 12, digits: 22 };
export const COLORS = {
  ground: '#17181a',
  panel: '#222427',
  title: '#ffffff',
  label: '#d6d8db',
  detail: '#9a9ea5',
  accent: '#ffd34d',
} as const;

/** A grid of so many columns over the whole width, for pictures of an aspect ratio. */
export function gridOf(columns: number, aspect: number): Grid {
  const width = Math.floor((WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns);
  return { columns, width, height: Math.round(width / aspect) };
}

/**
 * Writes a sheet as a JPEG: a title, and under it the cells in rows.
 * @param summary stands on the right of the title
 */
export async function drawSheet(
  cells: readonly Cell[],
  out: string,
  { columns, width, height }: Grid,
  { title, summary = '', signal }: SheetOptions & { summary?: string },
): Promise<void> {
  const captioned = cells.some(({ label, detail }) => label || detail);
  const rowHeight = height + (captioned ? CAPTION.height : 0) + GAP;
  const sheetHeight = TITLE.height + Math.ceil(cells.length / columns) * rowHeight + MARGIN - GAP;
  const placed = cells.map((cell, index) => ({
    ...cell,
    left: MARGIN + (index % columns) * (width + GAP),
    top: TITLE.height + Math.floor(index / columns) * rowHeight,
  }));
  const lettering = [
    line(title, { x: MARGIN, y: 58 }, { size: TITLE.size, width: WIDTH - 2 * MARGIN - 260, color: COLORS.title, bold: true }),
    line(summary, { x: WIDTH - MARGIN, y: 58 }, { size: TITLE.size - 6, width: 240, color: COLORS.detail, end: true }),
    ...placed.map((cell) => badge(cell) + (captioned ? caption(cell, cell.left, cell.top + height, width) : '')),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${sheetHeight}">${lettering.join('')}</svg>`;
  const sharp = await loadSharp();
  const sheet = await sharp({ create: { width: WIDTH, height: sheetHeight, channels: 3, background: COLORS.ground } })
    .composite([
      ...placed.map(({ picture, left, top }) => ({ ...layer(picture), left, top })),
      { input: Buffer.from(svg), left: 0, top: 0 },
    ])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  throwIfStopped(signal);
  const file = await smallJpeg(sheet);
  await writeWhole(out, (temporary) => writeFile(temporary, file, signal && { signal }));
}

function badge({ badge: text, left, top }: Cell & { left: number; top: number }): string {
  const at = { x: left + BADGE.padding, y: top + (BADGE.height - BADGE.digits) / 2 };
  const number = strokedNumber(text, at, BADGE.digits, COLORS.ground);
  // Square where it lies in the picture's corner.
  const [width, height, round] = [number.width + 2 * BADGE.padding, BADGE.height, 8];
  const outline = `M${left} ${top}h${width}v${height - round}a${round} ${round} 0 0 1 ${-round} ${round}H${left}Z`;
  return `<path d="${outline}" fill="${COLORS.accent}"/>${number.svg}`;
}

function caption({ label = '', detail = '' }: Cell, left: number, bottom: number, width: number): string {
  const y = bottom + 30;
  const taken = detail ? 90 : 0;
  return (
    line(label, { x: left, y }, { size: CAPTION.size, width: width - taken, color: COLORS.label }) +
    line(detail, { x: left + width, y }, { size: CAPTION.size, width: taken, color: COLORS.detail, end: true })
  );
}
