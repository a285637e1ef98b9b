import { basename } from 'node:path';
import { permanent } from '#pipeline';
import type { Sharp } from 'sharp';
import { MEDIA_UNUSABLE } from './ffmpeg.js';

/** The library that draws, loaded when it is first needed: most processes never draw, and it takes 23 MB. */
export const loadSharp = async () => (await import('sharp')).default;

/** What every plan of Notion takes, and YouTube as a thumbnail, with much to spare (bytes). */
const LARGEST_FILE = 2_000_000;
/** Qualities of a JPEG, from the one that is wished for; the first that makes a small enough file is taken. */
const QUALITIES = [84, 74, 62, 48, 30];

/** A picture's pixels, a byte a channel. */
export interface Raster {
  data: Buffer;
  info: { width: number; height: number; channels: 1 | 2 | 3 | 4 };
}

/** Pixels as one layer of a composition. */
export const layer = ({ data, info: { width, height, channels } }: Raster) => ({ input: data, raw: { width, height, channels } });

/** Pixels as a picture to work with. */
export const pixels = async ({ data, info: { width, height, channels } }: Raster) =>
  (await loadSharp())(data, { raw: { width, height, channels } });

/** Pixels as a JPEG of less than 2 MB, as good as that allows. */
export async function smallJpeg(raster: Raster): Promise<Buffer> {
  let file: Buffer = Buffer.alloc(0);
  for (const quality of QUALITIES) {
    file = await (await pixels(raster)).jpeg({ quality }).toBuffer();
    if (file.length < LARGEST_FILE) break;
  }
  return file;
}

/**
 * A picture's pixels after it was prepared.
 * @throws Failure MEDIA_UNUSABLE naming the picture that cannot be read
 */
export async function readPicture(picture: string, prepare: (image: Sharp) => Sharp): Promise<Raster> {
  const sharp = await loadSharp();
  try {
    return await prepare(sharp(picture)).raw().toBuffer({ resolveWithObject: true });
  } catch (cause) {
    throw permanent({
      code: MEDIA_UNUSABLE,
      message: `${picture}: ${String(cause)}`,
      userMessage: `The picture ${basename(picture)} cannot be read. Ask for it to be made again.`,
      cause,
    });
  }
}
