import { basename } from 'node:path';
import { permanent } from '#pipeline';
import sharp, { type Sharp } from 'sharp';
import { MEDIA_UNUSABLE } from './ffmpeg.js';

/** A picture's pixels, a byte a channel. */
export interface Raster {
  data: Buffer;
  info: { width: number; height: number; channels: 1 | 2 | 3 | 4 };
}

/** Pixels as one layer of a composition. */
export const layer = ({ data, info: { width, height, channels } }: Raster) => ({ input: data, raw: { width, height, channels } });

/** Pixels as a picture to work with. */
export const pixels = ({ data, info: { width, height, channels } }: Raster) => sharp(data, { raw: { width, height, channels } });

/**
 * A picture's pixels after it was prepared.
 * @throws Failure MEDIA_UNUSABLE naming the picture that cannot be read
 */
export async function readPicture(picture: string, prepare: (image: Sharp) => Sharp): Promise<Raster> {
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
