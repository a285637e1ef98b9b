import sharp from 'sharp';

/** Every composite is exactly this large. */
export const FRAME = { width: 1920, height: 1080 } as const;
/** Part of the frame's height that a character takes up. */
const CHARACTER_HEIGHT = 0.7;
/** How unlike the background (0-255, the largest channel) a pixel must be to be character at all, and to be nothing but character. */
const KEY = { from: 18, to: 56 };
const DIVIDER_PX = 8;

/** A picture over the whole frame, with a character standing before it if there is one. Writes a PNG. */
export async function composite({ environment, character, out }: { environment: string; character?: string; out: string }): Promise<void> {
  const background = sharp(environment).resize(FRAME.width, FRAME.height, { fit: 'cover' }).removeAlpha();
  const layers = character ? [await standing(character)] : [];
  await background.composite(layers).png({ compressionLevel: 6 }).toFile(out);
}

/** Two pictures side by side, each filling its half, a thin white line between them. Writes a PNG. */
export async function splitScreen({ left, right, out }: { left: string; right: string; out: string }): Promise<void> {
  const half = FRAME.width / 2;
  const [first, second] = await Promise.all(
    [left, right].map((picture) => sharp(picture).resize(half, FRAME.height, { fit: 'cover' }).removeAlpha().png().toBuffer()),
  );
  const divider = { create: { width: DIVIDER_PX, height: FRAME.height, channels: 3, background: 'white' } } as const;
  await sharp({ create: { ...FRAME, channels: 3, background: 'black' } })
    .composite([
      { input: first, left: 0, top: 0 },
      { input: second, left: half, top: 0 },
      { input: divider, left: half - DIVIDER_PX / 2, top: 0 },
    ])
    .png({ compressionLevel: 6 })
    .toFile(out);
}

/** A character cut out of its plain background, as a layer in the middle of the lower frame. */
async function standing(character: string): Promise<{ input: Buffer; left: number; top: number }> {
  const height = Math.round(FRAME.height * CHARACTER_HEIGHT);
  const { data, info } = await sharp(character)
    .resize(FRAME.width, height, { fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  keyOut(data, info.width, info.height);
  const input = await sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
    .png()
    .toBuffer();
  return { input, left: Math.round((FRAME.width - info.width) / 2), top: Math.round(FRAME.height * 0.97) - info.height };
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
