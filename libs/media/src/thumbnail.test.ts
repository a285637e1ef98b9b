import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import sharp from 'sharp';
import { ffmpeg } from './ffmpeg.js';
import { thumbnail, type ThumbnailOptions } from './thumbnail.js';

jest.setTimeout(120_000);
let folder: string;
const at = (name: string) => join(folder, name);

/** What is seen in each third of the video: something dark, something good, something out of focus, and in the second third something else that is good. */
const SHOWN = [
  { picture: 'dark', seconds: 1.5 },
  { picture: 'red', seconds: 2 },
  { picture: 'red_blurred', seconds: 2.5 },
  { picture: 'green', seconds: 2 },
  { picture: 'dark', seconds: 2 },
  { picture: 'violet', seconds: 2 },
  { picture: 'blue_blurred', seconds: 2 },
  { picture: 'dark', seconds: 2 },
  { picture: 'blue', seconds: 2 },
];
/** From when on a picture is seen (s). */
const startOf = (picture: string) =>
  SHOWN.slice(
    0,
    SHOWN.findIndex((shown) => shown.picture === picture),
  ).reduce((sum, { seconds }) => sum + seconds, 0);
const HUES = { red: 0, green: 120, violet: 290, blue: 225 };

/** Stripes and spots of one hue: sharp edges, light and dark. Nothing in it is white. */
async function makePicture(name: keyof typeof HUES): Promise<void> {
  const hue = HUES[name];
  const stripes = Array.from({ length: 16 }, (_, index) => `<rect x="${index * 40}" width="20" height="360" fill="hsl(${hue},90%,30%)"/>`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"><rect width="100%" height="100%" fill="hsl(${hue},80%,62%)"/>${stripes.join('')}</svg>`;
  await sharp(Buffer.from(svg))
    .png()
    .toFile(at(`${name}.png`));
  await sharp(Buffer.from(svg))
    .blur(24)
    .png()
    .toFile(at(`${name}_blurred.png`));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thumbnails-'));
  for (const name of Object.keys(HUES) as (keyof typeof HUES)[]) await makePicture(name);
  await sharp({ create: { width: 640, height: 360, channels: 3, background: '#0a0a0c' } })
    .png()
    .toFile(at('dark.png'));
  const inputs = SHOWN.flatMap(({ picture, seconds }) => [
    '-loop',
    '1',
    '-framerate',
    '24',
    '-t',
    String(seconds),
    '-i',
    at(`${picture}.png`),
  ]);
  const filter = `concat=n=${SHOWN.length},format=yuv420p`;
  await ffmpeg([...inputs, '-filter_complex', filter, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '16', at('video.mp4')]);
  await ffmpeg(['-ss', String(startOf('red')), '-i', at('video.mp4'), '-t', '1', at('red.mp4')]);
  await writeFile(at('broken.mp4'), Buffer.alloc(5_000, 7));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A thumbnail's pixels. */
class Drawn {
  private constructor(
    private readonly data: Buffer,
    readonly atMs: number,
  ) {}

  static async make(options: Partial<ThumbnailOptions>, video = 'video.mp4'): Promise<Drawn> {
    const { at_ms } = await thumbnail(at(video), at('thumbnail.jpg'), { candidate: 1, candidates: 3, ...options });
    const { format, width, height } = await sharp(at('thumbnail.jpg')).metadata();
    expect([format, width, height]).toEqual(['jpeg', 1280, 720]);
    expect((await stat(at('thumbnail.jpg'))).size).toBeLessThan(2_000_000);
    return new Drawn(await sharp(at('thumbnail.jpg')).removeAlpha().raw().toBuffer(), at_ms);
  }

  /** Where a colour is: the smallest rectangle around it, and how many pixels have it. */
  where(color: readonly number[]): { count: number; left: number; top: number; right: number; bottom: number } {
    const found = { count: 0, left: 1280, top: 720, right: -1, bottom: -1 };
    for (let y = 0; y < 720; y += 1) {
      for (let x = 0; x < 1280; x += 1) {
        if (color.some((value, channel) => Math.abs(value - (this.data[(y * 1280 + x) * 3 + channel] ?? 0)) > 30)) continue;
        found.count += 1;
        found.left = Math.min(found.left, x);
        found.right = Math.max(found.right, x);
        found.top = Math.min(found.top, y);
        found.bottom = y;
      }
    }
    return found;
  }

  /** The mean of a channel over the upper third, where no title stands. */
  mean(channel: number): number {
    let sum = 0;
    for (let pixel = 0; pixel < 1280 * 240; pixel += 1) sum += this.data[pixel * 3 + channel] ?? 0;
    return sum / (1280 * 240);
  }
}

const WHITE = [255, 255, 255];
const secondsInto = (picture: string, { atMs }: Drawn) => atMs / 1_000 - startOf(picture);

describe('the moment of a thumbnail', () => {
  it.each([
    [1, 'red'],
    [2, 'green'],
    [3, 'blue'],
  ] as const)('%i is the good one of its part of the video, and not where something else comes or goes', async (candidate, picture) => {
    const drawn = await Drawn.make({ candidate });
    expect(secondsInto(picture, drawn)).toBeGreaterThan(0.3);
    expect(secondsInto(picture, drawn)).toBeLessThan(1.7);
    const strongest = [0, 1, 2].sort((one, other) => drawn.mean(other) - drawn.mean(one))[0];
    expect(strongest).toBe(['red', 'green', 'blue'].indexOf(picture));
  });

  it('is another one each time it is asked for again', async () => {
    const moments: number[] = [];
    for (const again of [0, 1, 2]) moments.push((await Drawn.make({ candidate: 2, again })).atMs);
    expect(new Set(moments).size).toBe(3);
    // What is most unlike the first, and good.
    const second = (moments[1] ?? 0) / 1_000 - startOf('violet');
    expect([second > 0, second < 2]).toEqual([true, true]);
  });

  it('is there in the shortest video', async () => {
    await ffmpeg(['-i', at('video.mp4'), '-t', '0.1', at('blink.mp4')]);
    for (const candidate of [1, 2, 3])
      expect((await thumbnail(at('blink.mp4'), at('blink.jpg'), { candidate, candidates: 3, again: 2 })).at_ms).toBeLessThan(100);
  });

  it('of a broken video is a failure that names it, and leaves nothing', async () => {
    await expect(thumbnail(at('broken.mp4'), at('no.jpg'), { candidate: 1, candidates: 3 })).rejects.toMatchObject({
      code: 'MEDIA_UNUSABLE',
      userMessage: expect.stringContaining('broken.mp4'),
    });
    const left = (await readdir(folder)).filter((name) => name.startsWith('.') || name === 'no.jpg');
    expect(left).toEqual([]);
  });
});

describe('the title of a thumbnail', () => {
  const titled = (title: string, style: Partial<ThumbnailOptions> = {}) => Drawn.make({ title, ...style }, 'red.mp4');

  it('is large, white with a black outline, and stands at the bottom left', async () => {
    const drawn = await titled('HERON');
    const { count, left, top, right, bottom } = drawn.where(WHITE);
    expect(count).toBeGreaterThan(10_000);
    expect([left > 50 && left < 80, top > 500, right < 1_070, bottom > 640 && bottom < 680]).toEqual([true, true, true, true]);
    expect(bottom - top).toBeGreaterThan(85);
    const black = drawn.where([0, 0, 0]);
    expect([black.left < left, black.right > right, black.top < top, black.bottom > bottom]).toEqual([true, true, true, true]);
  });

  it('is left out when there is none', async () => {
    for (const title of ['', '  ', '\u200b']) expect((await titled(title)).where(WHITE).count).toBe(0);
  });

  it('has the colours, the place and the font of its channel', async () => {
    const style = { color: '#ffe100', outline: '#00e0ff' } as const;
    const top = await titled('HERON', { position: 'top', ...style });
    const yellow = top.where([255, 225, 0]);
    expect(yellow.count).toBeGreaterThan(10_000);
    expect([yellow.top > 40, yellow.bottom < 200]).toEqual([true, true]);
    expect(top.where([0, 224, 255]).count).toBeGreaterThan(2_000);
    expect(top.where(WHITE).count).toBe(0);
    const center = (await titled('HERON', { position: 'center', ...style })).where([255, 225, 0]);
    expect(Math.abs((center.left + center.right) / 2 - 640)).toBeLessThan(4);
    expect(Math.abs((center.top + center.bottom) / 2 - 360)).toBeLessThan(4);
    const serif = (await titled('HERON', { position: 'center', font: 'DejaVu Serif', ...style })).where([255, 225, 0]);
    expect(serif.right - serif.left).not.toBe(center.right - center.left);
  });

  it.each([
    ['a long one', 'THE SECRET LIFE OF THE DEEPEST OCEAN TRENCHES, AND HOW ITS CREATURES SURVIVE THE CRUSHING DARK OF IT'],
    ['one endless word', 'DONAUDAMPFSCHIFFFAHRTSGESELLSCHAFTSKAPITÄNSMÜTZENABZEICHENVERORDNUNGSENTWURF'],
    ['one of wide letters', '深海的秘密地球上最后的未知世界那里住着谁深海的秘密地球上最后的未知世界'],
    ['one that is read from the right', 'أسرار أعماق البحار المظلمة التي لم يرها أحد من قبل في تاريخ العالم كله'],
    ['one with signs that mean something in markup', '<b>Tom</b> & "Jerry" &amp; 🐋 👩‍👩‍👧'],
    ['one with marks on marks', `Z${'\u0351'.repeat(60)}algo \u202e backwards`],
  ])('keeps clear of the edges and of the corner with the length, also %s', async (_what, title) => {
    const { count, left, top, right, bottom } = (await titled(title)).where(WHITE);
    expect(count).toBeGreaterThan(4_000);
    expect([left > 50, right < 1_080, top > 330, bottom < 680]).toEqual([true, true, true, true]);
  });
});
