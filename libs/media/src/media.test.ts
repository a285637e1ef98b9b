import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Failure } from '#pipeline';
import sharp from 'sharp';
import { checksum } from './checksum.js';
import { composite, splitScreen } from './composite.js';
import { ffmpeg } from './ffmpeg.js';
import { expectMedia, probe } from './probe.js';
import { Workspace } from './workspace.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'media-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the workspace', () => {
  const owner = { channelId: 'c1', taskId: 't1' };

  it('names every kind of file, and a later revision otherwise than an earlier one', () => {
    const workspace = new Workspace(folder);
    const name = (kind: Parameters<Workspace['artifactPath']>[1]['kind'], revision = 1) =>
      workspace.artifactPath(owner, { kind, position: 6, revision, name: 'whale', role: 'character' });
    expect(name('image')).toBe('c1/t1/assets/characters/whale.png');
    expect(name('composite')).toBe('c1/t1/composites/007.png');
    expect(name('clip', 3)).toBe('c1/t1/videos/007-r3.mp4');
    expect(name('narration')).toBe('c1/t1/audio/007.mp3');
    expect(name('sound_effect')).toBe('c1/t1/sfx/007.wav');
    expect(name('cut', 2)).toBe('c1/t1/final-r2.mp4');
    expect(name('caption')).toBe('c1/t1/captions.srt');
    expect(name('thumbnail', 2)).toBe('c1/t1/thumbnail_7-r2.jpg');
  });

  it.each(['../../etc', '..', '.hidden', 'a/b', 'a\0b', ''])('never lets the name %j lead elsewhere', (evil) => {
    const workspace = new Workspace(folder);
    expect(() => workspace.artifactPath(owner, { kind: 'image', position: 0, revision: 1, name: evil, role: 'prop' })).toThrow(RangeError);
    expect(() => workspace.artifactPath({ ...owner, taskId: evil }, { kind: 'cut', position: 0, revision: 1 })).toThrow(RangeError);
  });

  it('knows no path outside its root', () => {
    const workspace = new Workspace(at('root'));
    for (const evil of ['../other', '/etc/passwd', 'a/../../root-of-another']) expect(() => workspace.absolute(evil)).toThrow(RangeError);
  });

  it('gives a file its name only when it is whole, and leaves nothing of one that is not', async () => {
    const workspace = new Workspace(at('atomic'));
    const seen: string[] = [];
    await workspace.write('t/whole.txt', async (temporary) => {
      await writeFile(temporary, 'half');
      seen.push(...(await readdir(at('atomic/t'))));
      await writeFile(temporary, 'whole');
    });
    expect(seen).toEqual([expect.stringMatching(/^\.[0-9a-f-]{36}\.whole\.txt$/)]);
    await expect(
      workspace.write('t/broken.txt', async (temporary) => {
        await writeFile(temporary, 'half');
        throw new Error('disk full');
      }),
    ).rejects.toThrow('disk full');
    expect(await readdir(at('atomic/t'))).toEqual(['whole.txt']);
    expect(await checksum(at('atomic/t/whole.txt'))).toEqual({
      bytes: 5,
      checksum: '5d5766cf2d78701614200418ee1450690d9af12c84d52545e4802f001ad53099',
    });
  });
});

async function pixel(file: string, x: number, y: number): Promise<number[]> {
  const { data } = await sharp(file)
    .extract({ left: x, top: y, width: 1, height: 1 })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [...data];
}
const near = (color: number[], wanted: number[]) => color.every((value, channel) => Math.abs(value - (wanted[channel] ?? 0)) <= 6);

describe('composites', () => {
  const [blue, green, paper, red] = [
    [20, 60, 200],
    [10, 160, 40],
    [244, 242, 236],
    [200, 30, 30],
  ];
  const flat = (color: number[] | undefined, width: number, height: number) => {
    const [r = 0, g = 0, b = 0] = color ?? [];
    return sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).png();
  };

  beforeAll(async () => {
    await flat(blue, 1344, 768).toFile(at('blue.png'));
    await flat(green, 700, 900).toFile(at('green.png'));
    // A red figure with a window of the ground's own colour inside.
    const figure = await flat(red, 600, 400).toBuffer();
    const window = await flat(paper, 100, 100).toBuffer();
    await flat(paper, 1344, 768)
      .composite([
        { input: figure, left: 372, top: 184 },
        { input: window, left: 622, top: 334 },
      ])
      .toFile(at('figure.png'));
  });

  it('fill the frame with an environment', async () => {
    await composite({ environment: at('green.png'), out: at('full.png') });
    expect(await probe(at('full.png'))).toMatchObject({ kind: 'image', width: 1920, height: 1080 });
    expect(near(await pixel(at('full.png'), 5, 5), green)).toBe(true);
  });

  it('put a character before it, without its ground, but with what is inside it', async () => {
    await composite({ environment: at('blue.png'), character: at('figure.png'), out: at('both.png') });
    const { width, height } = await sharp(at('both.png')).metadata();
    expect([width, height]).toEqual([1920, 1080]);
    expect(near(await pixel(at('both.png'), 10, 10), blue)).toBe(true);
    expect(near(await pixel(at('both.png'), 340, 500), blue)).toBe(true);
    expect(near(await pixel(at('both.png'), 760, 600), red)).toBe(true);
    expect(near(await pixel(at('both.png'), 960, 668), paper)).toBe(true);
  });

  it('put two pictures side by side with a line between them', async () => {
    await splitScreen({ left: at('blue.png'), right: at('green.png'), out: at('split.png') });
    const { width, height } = await sharp(at('split.png')).metadata();
    expect([width, height]).toEqual([1920, 1080]);
    expect(near(await pixel(at('split.png'), 950, 540), blue)).toBe(true);
    expect(near(await pixel(at('split.png'), 960, 540), [255, 255, 255])).toBe(true);
    expect(near(await pixel(at('split.png'), 970, 540), green)).toBe(true);
  });
});

describe('probing', () => {
  beforeAll(async () => {
    await writeFile(at('empty.mp4'), '');
    await writeFile(at('text.png'), 'this is no picture');
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=2', at('tone.mp3')]);
    await ffmpeg(['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=24:duration=1', '-pix_fmt', 'yuv420p', at('clip.mp4')]);
  });

  it('knows pictures, clips and sound', async () => {
    expect(await probe(at('clip.mp4'))).toMatchObject({ kind: 'video', width: 640, height: 360, frameRate: '24/1', durationMs: 1000 });
    const { kind, durationMs } = await probe(at('tone.mp3'));
    expect(kind).toBe('audio');
    expect(Math.abs((durationMs ?? 0) - 2000)).toBeLessThan(100);
  });

  it.each([
    ['missing.mp4', { kind: 'video' }, /was not written/],
    ['empty.mp4', { kind: 'video' }, /is empty/],
    ['text.png', { kind: 'image' }, /holds no picture|cannot be/],
    ['tone.mp3', { kind: 'video' }, /is audio, not video/],
    ['clip.mp4', { kind: 'video', width: 1920 }, /640x360/],
    ['clip.mp4', { kind: 'video', minDurationMs: 5_000 }, /1000 ms/],
  ] as const)('refuses %s and says why', async (name, expected, why) => {
    const failure = await expectMedia(at(name), expected).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).code).toBe('MEDIA_UNUSABLE');
    expect((failure as Failure).message).toMatch(why);
  });
});
