import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Failure } from '#pipeline';
import sharp from 'sharp';
import { composite, splitScreen } from './composite.js';

const PAPER = '#f4f2ec';
let folder: string;
const at = (name: string) => join(folder, name);
const flat = (background: string, width: number, height: number) => sharp({ create: { width, height, channels: 3, background } }).png();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'composite-'));
  await flat('#143cc8', 1344, 768).toFile(at('sea.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The rectangle of red pixels in a picture. */
async function redIn(file: string): Promise<{ left: number; right: number; top: number; bottom: number }> {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const red = { left: info.width, right: -1, top: info.height, bottom: -1 };
  for (let y = 0; y < info.height; y += 1) {
    for (let x = 0; x < info.width; x += 1) {
      const at = (y * info.width + x) * 3;
      if ((data[at] ?? 0) < 150 || (data[at + 2] ?? 0) > 80) continue;
      red.left = Math.min(red.left, x);
      red.right = Math.max(red.right, x + 1);
      red.top = Math.min(red.top, y);
      red.bottom = y + 1;
    }
  }
  return red;
}

const near = (value: number, wanted: number) => Math.abs(value - wanted) <= 3;

describe('a character', () => {
  it.each([
    ['tall and far off in a corner of its picture', { width: 100, height: 200, left: 1_100, top: 40 }, { width: 378, height: 756 }],
    ['long', { width: 1_000, height: 100, left: 100, top: 300 }, { width: 1_536, height: 154 }],
  ])('that is %s is brought to size and stands in the middle of the lower frame', async (_what, figure, size) => {
    const body = await flat('#c81e1e', figure.width, figure.height).toBuffer();
    await flat(PAPER, 1344, 768)
      .composite([{ input: body, left: figure.left, top: figure.top }])
      .toFile(at('figure.png'));
    await composite({ environment: at('sea.png'), character: at('figure.png'), out: at('scene.png') });
    const { left, right, top, bottom } = await redIn(at('scene.png'));
    expect([near(right - left, size.width), near(bottom - top, size.height)]).toEqual([true, true]);
    expect([near((left + right) / 2, 960), near(bottom, 1_048)]).toEqual([true, true]);
  });

  it('that was not drawn is missed', async () => {
    await flat(PAPER, 640, 360).toFile(at('nobody.png'));
    const made = composite({ environment: at('sea.png'), character: at('nobody.png'), out: at('never.png') });
    await expect(made).rejects.toMatchObject({ code: 'MEDIA_UNUSABLE', userMessage: expect.stringContaining('shows nobody') as unknown });
  });
});

describe('a picture that cannot be read', () => {
  beforeAll(async () => {
    const noise = sharp({
      create: { width: 640, height: 360, channels: 3, background: 'red', noise: { type: 'gaussian', mean: 128, sigma: 30 } },
    });
    await noise.png().toFile(at('whole.png'));
    await writeFile(at('half.png'), (await readFile(at('whole.png'))).subarray(0, 100_000));
    await writeFile(at('text.png'), 'no picture');
  });

  it.each(['half.png', 'text.png', 'missing.png'])('is named: %s', async (name) => {
    const attempts = [
      composite({ environment: at(name), out: at('never.png') }),
      composite({ environment: at('sea.png'), character: at(name), out: at('never.png') }),
      splitScreen({ left: at('sea.png'), right: at(name), out: at('never.png') }),
    ];
    for (const attempt of attempts) {
      const failure = await attempt.catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Failure);
      expect(failure).toMatchObject({ code: 'MEDIA_UNUSABLE', kind: 'permanent' });
      expect((failure as Failure).userMessage).toContain(name);
    }
    await expect(readFile(at('never.png'))).rejects.toThrow('ENOENT');
  });
});
