import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TitlePosition } from '#pipeline';
import type { OverlayOptions } from 'sharp';
import { beside, writeWhole } from './atomic-file.js';
import { ffmpeg, throwIfStopped } from './ffmpeg.js';
import { FONTS, escaped } from './lettering.js';
import { goodMoment } from './moments.js';
import { layer, loadSharp, pixels, smallJpeg, type Raster } from './picture.js';
import { damaged, unusable } from './probe.js';

export interface ThumbnailOptions {
  /** Which of the candidates, from 1. */
  candidate: number;
  /** How many there are, each of another part of the video. */
  candidates: number;
  /** How often this candidate was not wanted before: each time another frame is taken. */
  again?: number;
  /** What is written on it; empty: nothing. */
  title?: string;
  /** `#rrggbb` */
  color?: string;
  outline?: string;
  position?: TitlePosition;
  /** A font by its family's name, before the usual ones. */
  font?: string;
  signal?: AbortSignal;
}

const SIZE = { width: 1280, height: 720 };
/** What stays free at the edges (px). */
const MARGIN = { x: 60, y: 52 };
/** The corner in which the length of the video is written, from the right edge (px). */
const LENGTH_WIDTH = 200;
/** Heights of letters, from the one that is wished for to the least that is read on a phone (px), in how many lines, and how high these are together. */
const LETTERS = { largest: 132, smallest: 58, step: 6, lines: 3, height: 330 };
/** The outline, as a part of the letters' height. */
const OUTLINE = 0.075;
/** From which directions the letters are drawn as their own outline. */
const DIRECTIONS = 24;

/**
 * A thumbnail of a finished video: a good moment of one of its parts, with the title on it. Writes a JPEG of 1280x720 and less than 2 MB.
 * @returns which moment it is (ms)
 * @throws Failure MEDIA_UNUSABLE naming the video that cannot be read; STOPPED
 */
export async function thumbnail(video: string, out: string, options: ThumbnailOptions): Promise<{ at_ms: number }> {
  const { candidate, candidates: parts, again = 0, signal } = options;
  const at = await goodMoment(video, { parts, part: candidate - 1, again }, out, signal);
  const frame = await frameAt(video, at, out, signal);
  const sharp = await loadSharp();
  const picture = await sharp(frame).resize(SIZE.width, SIZE.height, { fit: 'cover' }).modulate({ saturation: 1.12 }).png().toBuffer();
  throwIfStopped(signal);
  const drawn = await sharp(picture)
    .composite(await lettering(options))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const file = await smallJpeg(drawn);
  await writeWhole(out, (temporary) => writeFile(temporary, file, signal && { signal }));
  return { at_ms: Math.round(at * 1_000) };
}

async function frameAt(video: string, seconds: number, scratch: string, signal?: AbortSignal): Promise<Buffer> {
  return beside(scratch, async (folder) => {
    const file = join(folder, 'frame.png');
    await ffmpeg(
      ['-ss', seconds.toFixed(3), '-i', video, '-map', '0:v:0', '-frames:v', '1', '-compression_level', '1', file],
      signal && { signal },
    ).catch((error: unknown) => {
      throw damaged(video, error);
    });
    return readFile(file).catch(() => {
      throw unusable(video, `it has no frame at ${seconds.toFixed(1)} s`);
    });
  });
}

/** The title as layers: what makes its ground calm, its shadow, its outline, itself. */
async function lettering(options: ThumbnailOptions): Promise<OverlayOptions[]> {
  const { title = '', color = '#ffffff', outline = '#000000', position = 'bottom', font } = options;
  const room = { width: SIZE.width - 2 * MARGIN.x - (position === 'bottom' ? LENGTH_WIDTH - MARGIN.x : 0), height: LETTERS.height };
  const written = await fitted(title.replace(/\s+/g, ' ').trim(), room, { color, font, centred: position === 'center' });
  if (!written) return [];
  const { raster, size } = written;
  const { width, height } = raster.info;
  const thick = Math.round(size * OUTLINE);
  const left = position === 'center' ? Math.round((SIZE.width - width) / 2) : MARGIN.x;
  const tops = { top: MARGIN.y, center: Math.round((SIZE.height - height) / 2), bottom: SIZE.height - MARGIN.y - height };
  const top = tops[position];
  const outlined = await around(raster, thick, outline);
  const shadow = await (await pixels(await around(raster, thick, '#000000'))).blur(thick).png().toBuffer();
  const at = { left: left - 2 * thick, top: top - 2 * thick };
  return [
    { input: Buffer.from(shade(position)), left: 0, top: 0 },
    { input: shadow, left: at.left, top: at.top + Math.round(thick / 2) },
    { ...layer(outlined), ...at },
    { ...layer(raster), left, top },
  ];
}

/** Darkens the picture where the title stands. */
function shade(position: TitlePosition): string {
  const stops = {
    top: [0.55, 0, 0],
    center: [0.1, 0.4, 0.1],
    bottom: [0, 0, 0.6],
  }[position];
  const [first, middle, last] = stops.map((opacity) => `stop-color="black" stop-opacity="${opacity}"`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE.width}" height="${SIZE.height}">
    <linearGradient id="shade" x2="0" y2="1"><stop ${first}/><stop offset=".5" ${middle}/><stop offset="1" ${last}/></linearGradient>
    <rect width="100%" height="100%" fill="url(#shade)"/></svg>`;
}

/** What lies around letters, in a colour: the letters as drawn from all directions. It is larger than they are by twice the thickness on each side. */
async function around(letters: Raster, thick: number, color: string): Promise<Raster> {
  const { width, height } = letters.info;
  const sharp = await loadSharp();
  const shape = await (await pixels(letters)).extractChannel(3).raw().toBuffer();
  const size = { width: width + 4 * thick, height: height + 4 * thick };
  const drawn = await sharp({ create: { width, height, channels: 3, background: color } })
    .joinChannel(shape, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
  const layers = Array.from({ length: DIRECTIONS }, (_, index) => {
    const angle = (index / DIRECTIONS) * 2 * Math.PI;
    return { input: drawn, left: Math.round(thick * (2 + Math.cos(angle))), top: Math.round(thick * (2 + Math.sin(angle))) };
  });
  return sharp({ create: { ...size, channels: 4, background: 'transparent' } })
    .composite(layers)
    .raw()
    .toBuffer({ resolveWithObject: true });
}

interface Room {
  width: number;
  height: number;
}
interface Look {
  color: string;
  font: string | undefined;
  centred: boolean;
}

/** A title as large as fits, in lines of about the same length; one that does not fit even when it is small loses its last words. Null: nothing to see. */
async function fitted(title: string, room: Room, look: Look): Promise<{ raster: Raster; size: number } | null> {
  if (!title) return null;
  for (let size = LETTERS.largest; size >= LETTERS.smallest; size -= LETTERS.step) {
    const raster = await letters(title, size, room.width, look);
    if (!raster) return null;
    if (fits(raster, size, room)) return { raster: await balanced(title, size, raster, look), size };
  }
  const size = LETTERS.smallest;
  const words = [...new Intl.Segmenter(undefined, { granularity: 'word' }).segment(title)].map(({ segment }) => segment);
  for (let kept = words.length - 1; kept > 0; kept -= 1) {
    const shorter = words
      .slice(0, kept)
      .join('')
      .replace(/[\s\p{P}]+$/u, '');
    const raster = shorter && (await letters(`${shorter}…`, size, room.width, look));
    if (raster && fits(raster, size, room)) return { raster: await balanced(`${shorter}…`, size, raster, look), size };
  }
  // One endless word is broken anywhere.
  const raster = await letters(title, size, room.width, look, 'char');
  const smaller = { ...room, fit: 'inside', withoutEnlargement: true } as const;
  return raster && { raster: await (await pixels(raster)).resize(smaller).raw().toBuffer({ resolveWithObject: true }), size };
}

function fits({ info }: Raster, size: number, room: Room): boolean {
  return info.width <= room.width && info.height <= Math.min(room.height, LETTERS.lines * size * 1.2);
}

/** The same lines, broken so that the longest is as short as can be. */
async function balanced(title: string, size: number, greedy: Raster, look: Look): Promise<Raster> {
  let best = greedy;
  for (let width = greedy.info.width - size / 4; width > greedy.info.width / 2; width -= size / 4) {
    const narrower = await letters(title, size, Math.round(width), look);
    if (!narrower || narrower.info.height > greedy.info.height + size / 4) break;
    if (narrower.info.width < best.info.width) best = narrower;
  }
  return best;
}

/** Letters alone, no larger than their ink, in lines of at most so many px. Null when there is nothing to see, as of spaces. */
async function letters(
  text: string,
  size: number,
  width: number,
  { color, font, centred }: Look,
  wrap: 'word' | 'char' = 'word',
): Promise<Raster | null> {
  const families = [...(font ? [font.replaceAll(',', ' ')] : []), ...FONTS].join();
  const sharp = await loadSharp();
  const image = sharp({
    text: {
      text: `<span foreground="${color}" line_height="0.92">${escaped(text)}</span>`,
      font: `${families}, Bold ${size}`,
      ...{ dpi: 72, rgba: true, width, wrap, align: centred ? 'centre' : 'left' },
    },
  });
  return image
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      if (String(error).includes('no text to render')) return null;
      throw error;
    });
}
