import { basename } from 'node:path';
import { SHAPES, permanent } from '#pipeline';
import { MEDIA_UNUSABLE } from './ffmpeg.js';
import { layer, loadSharp, pixels, readPicture, type Raster } from './picture.js';

/** Every composite is exactly this large. */
const FRAME = SHAPES.landscape;
/** The part of the frame that a character may take up; it is as large as fits. */
const CHARACTER = { width: 0.8, height: 0.7 };
/** How far down the frame it stands. */
const FEET = 0.97;
/** Alpha (0-255) below which a pixel is a trace of the ground. */
const VISIBLE = 32;
/** How unlike the background (0-255, the largest channel) a pixel must be to be character at all, and to be nothing but character. */
const KEY = { from: 18, to: 56 };
const DIVIDER_PX = 8;

/**
 * A picture over the whole frame, with a character standing before it if there is one. Writes a PNG.
 * @throws Failure MEDIA_UNUSABLE naming the picture that cannot be read
 */
export async function composite({ environment, character, out }: { environment: string; character?: string; out: string }): Promise<void> {
  const background = await covering(environment, FRAME);
  const layers = character ? [await standing(character)] : [];
  await (await pixels(background)).composite(layers).png({ compressionLevel: 6 }).toFile(out);
}

/**
 * Two pictures side by side, each filling its half, a thin white line between them. Writes a PNG.
 * @throws Failure MEDIA_UNUSABLE naming the picture that cannot be read
 */
export async function splitScreen({ left, right, out }: { left: string; right: string; out: string }): Promise<void> {
  const half = { width: FRAME.width / 2, height: FRAME.height };
  const [first, second] = await Promise.all([covering(left, half), covering(right, half)]);
  const sharp = await loadSharp();
  const divider = { create: { width: DIVIDER_PX, height: FRAME.height, channels: 3, background: 'white' } } as const;
  await sharp({ create: { ...FRAME, channels: 3, background: 'black' } })
    .composite([
      { ...layer(first), left: 0, top: 0 },
      { ...layer(second), left: half.width, top: 0 },
      { input: divider, left: half.width - DIVIDER_PX / 2, top: 0 },
    ])
    .png({ compressionLevel: 6 })
    .toFile(out);
}

/** A picture that fills a size; what stands over is cut off. */
function covering(picture: string, { width, height }: { width: number; height: number }): Promise<Raster> {
  return readPicture(picture, (image) => image.resize(width, height, { fit: 'cover' }).flatten().toColourspace('srgb'));
}

/** A character cut out of its plain background, as a layer in the middle of the lower frame. */
async function standing(character: string): Promise<{ input: Buffer; left: number; top: number }> {
  const drawn = await readPicture(character, (image) => image.toColourspace('srgb').ensureAlpha());
  const { width, height } = drawn.info;
  keyOut(drawn.data, width, height);
  const figure = boundsOf(drawn.data, width, height);
  if (!figure) {
    throw permanent({
      code: MEDIA_UNUSABLE,
      message: `${character}: nothing is drawn on the ground`,
      userMessage: `The picture ${basename(character)} shows nobody. Ask for it to be made again.`,
    });
  }
  const { data: input, info } = await (
    await pixels(drawn)
  )
    .extract(figure)
    .resize(Math.round(FRAME.width * CHARACTER.width), Math.round(FRAME.height * CHARACTER.height), { fit: 'inside' })
    .png({ compressionLevel: 1 })
    .toBuffer({ resolveWithObject: true });
  return { input, left: Math.round((FRAME.width - info.width) / 2), top: Math.round(FRAME.height * FEET) - info.height };
}

/** The smallest rectangle that holds every pixel that can be seen; null when there is none. */
function boundsOf(rgba: Buffer, width: number, height: number): { left: number; top: number; width: number; height: number } | null {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if ((rgba[(y * width + x) * 4 + 3] ?? 0) < VISIBLE) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * Makes the background transparent, softly: what is of its colour and reaches the border, so that a white belly or eye inside the figure
 * stays. Characters are drawn on a plain ground, whose colour is the average of the four corners; a picture whose corners differ has none
 * and keeps all its pixels.
 */
function keyOut(rgba: Buffer, width: number, height: number): void {
  const corners = [0, width - 1, (height - 1) * width, height * width - 1].map((pixel) => [...rgba.subarray(pixel * 4, pixel * 4 + 3)]);
  const ground = [0, 1, 2].map((channel) => corners.reduce((sum, corner) => sum + (corner[channel] ?? 0), 0) / corners.length);
  if (corners.some((corner) => distance(corner, ground) >= KEY.to)) return;
  const seen = new Uint8Array(width * height);
  const reached: number[] = [];
  const reach = (pixel: number) => {
    if (seen[pixel]) return;
    seen[pixel] = 1;
    const unlike = distance(rgba.subarray(pixel * 4, pixel * 4 + 3), ground);
    const kept = Math.min(1, Math.max(0, (unlike - KEY.from) / (KEY.to - KEY.from)));
    rgba[pixel * 4 + 3] = Math.round((rgba[pixel * 4 + 3] ?? 255) * kept);
    if (kept < 1) reached.push(pixel);
  };
  for (let x = 0; x < width; x += 1) [x, (height - 1) * width + x].forEach(reach);
  for (let y = 0; y < height; y += 1) [y * width, y * width + width - 1].forEach(reach);
  for (let pixel = reached.pop(); pixel !== undefined; pixel = reached.pop()) {
    const x = pixel % width;
    if (x > 0) reach(pixel - 1);
    if (x < width - 1) reach(pixel + 1);
    if (pixel >= width) reach(pixel - width);
    if (pixel < (height - 1) * width) reach(pixel + width);
  }
}

function distance(color: ArrayLike<number>, other: readonly number[]): number {
  const unlike = (channel: number) => Math.abs((color[channel] ?? 0) - (other[channel] ?? 0));
  return Math.max(unlike(0), unlike(1), unlike(2));
}
