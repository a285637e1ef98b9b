import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { clipSheet, contactSheet, cutSheet, ffmpeg, narrationSheet } from '#media';
import { eventually } from '#testing';
import sharp from 'sharp';

const run = promisify(execFile);
jest.setTimeout(60_000);
let folder: string;
const at = (name: string) => join(folder, name);
const COLORS = { red: [200, 30, 30], green: [20, 160, 40], blue: [30, 60, 210] } as const;
type Color = keyof typeof COLORS;

/** A sheet's pixels; places are read as the sheet is laid out. */
class Sheet {
  private constructor(
    private readonly data: Buffer,
    readonly width: number,
    readonly height: number,
  ) {}

  static async read(file: string): Promise<Sheet> {
    const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return new Sheet(data, info.width, info.height);
  }

  pixel(x: number, y: number): number[] {
    const from = (Math.round(y) * this.width + Math.round(x)) * 3;
    return [...this.data.subarray(from, from + 3)];
  }

  is(x: number, y: number, color: readonly number[]): boolean {
    return this.pixel(x, y).every((value, channel) => Math.abs(value - (color[channel] ?? 0)) <= 24);
  }

  /** How much of an area (0 to 1) is of a colour. */
  share(area: Area, color: readonly number[]): number {
    let found = 0;
    for (let y = area.top; y < area.top + area.height; y += 1) {
      for (let x = area.left; x < area.left + area.width; x += 1) found += this.is(x, y, color) ? 1 : 0;
    }
    return found / (area.width * area.height);
  }

  /** Whether two areas of the same size look different. */
  differ(one: Area, other: Area): boolean {
    let unlike = 0;
    for (let y = 0; y < one.height; y += 1) {
      for (let x = 0; x < one.width; x += 1) {
        if (!this.is(one.left + x, one.top + y, this.pixel(other.left + x, other.top + y))) unlike += 1;
      }
    }
    return unlike / (one.width * one.height) > 0.03;
  }
}

interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

const GROUND = [23, 24, 26];
const BADGE = [255, 211, 77];
/** Where the first digit of a badge stands, from the corner of its picture. */
const digit = (left: number, top: number): Area => ({ left: left + 10, top: top + 6, width: 16, height: 28 });

const picture = (color: Color, width: number, height: number) => {
  const [r, g, b] = COLORS[color];
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).png();
};
/** A clip that is red, then green from its middle on, with the last quarter of a second blue. */
async function makeClip(name: string, seconds: number, size = '640x360'): Promise<void> {
  const part = (color: string, length: number) => ['-f', 'lavfi', '-i', `color=${color}:size=${size}:rate=24:duration=${length}`];
  await ffmpeg([
    ...[...part('0xc81e1e', seconds / 2 - 0.1), ...part('0x14a028', seconds / 2 - 0.15), ...part('0x1e3cd2', 0.25)],
    ...['-filter_complex', 'concat=n=3', '-pix_fmt', 'yuv420p', '-g', '250', '-sc_threshold', '0', at(name)],
  ]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sheets-'));
  await writeFile(at('broken.png'), 'no picture');
  await writeFile(at('broken.mp4'), Buffer.alloc(5_000, 7));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a sheet of pictures', () => {
  const TITLE = 'The Whale · Images';
  const colorOf = (index: number): Color => (['red', 'green', 'blue'] as const)[index % 3] ?? 'red';
  const cellAt = (index: number) => ({ left: 24 + (index % 4) * 392, top: 92 + Math.floor(index / 4) * 272 });

  beforeAll(async () => {
    await picture('red', 1920, 1080).toFile(at('red.png'));
    await picture('green', 1920, 1080).toFile(at('green.png'));
    await picture('blue', 600, 1080).toFile(at('blue.png'));
  });

  it('shows each of 22 in its place, whole, with its number and label', async () => {
    const label = (index: number) => (index === 5 ? '' : `<${'whale & reef '.repeat(9)}>`);
    const cells = Array.from({ length: 22 }, (_, index) => ({ path: at(`${colorOf(index)}.png`), label: label(index) }));
    await contactSheet(cells, at('images.jpg'), { title: TITLE });
    const { format, width, height } = await sharp(at('images.jpg')).metadata();
    expect([format, width, height]).toEqual(['jpeg', 1600, 92 + 6 * 272 + 8]);
    expect((await stat(at('images.jpg'))).size).toBeLessThan(2_000_000);
    const sheet = await Sheet.read(at('images.jpg'));
    for (const [index] of cells.entries()) {
      const { left, top } = cellAt(index);
      expect(sheet.is(left + 188, top + 106, COLORS[colorOf(index)])).toBe(true);
      // The narrow one stands in the middle, with bars.
      expect(sheet.is(left + 12, top + 150, colorOf(index) === 'blue' ? [0, 0, 0] : COLORS[colorOf(index)])).toBe(true);
      expect(sheet.is(left + 4, top + 4, BADGE)).toBe(true);
      expect(sheet.share(digit(left, top), BADGE)).toBeLessThan(0.9);
      const caption = { left, top: top + 214, width: 376, height: 40 };
      expect(sheet.share(caption, GROUND) < 0.97).toBe(index !== 5);
      expect(sheet.share({ left: left + 377, top: top + 214, width: 14, height: 40 }, GROUND)).toBe(1);
    }
    expect(sheet.share({ left: 24, top: 20, width: 400, height: 50 }, [255, 255, 255])).toBeGreaterThan(0.03);
  });

  it('draws every number otherwise', async () => {
    const cells = Array.from({ length: 22 }, () => ({ path: at('red.png'), label: '' }));
    await contactSheet(cells, at('numbers.jpg'), { title: '' });
    const sheet = await Sheet.read(at('numbers.jpg'));
    // Without labels there is no room for them.
    const number = (index: number): Area => ({ ...digit(24 + (index % 4) * 392, 92 + Math.floor(index / 4) * 228), width: 34 });
    for (let one = 0; one < 22; one += 1) {
      for (let other = 0; other < one; other += 1) {
        expect([one, other, sheet.differ(number(one), number(other))]).toEqual([one, other, true]);
      }
    }
  });

  it('has its numbers also where there is no font', async () => {
    await writeFile(
      at('fonts.conf'),
      `<?xml version="1.0"?><fontconfig><dir>${at('no-fonts')}</dir><cachedir>${at('no-cache')}</cachedir></fontconfig>`,
    );
    const cells = [1, 2, 3].map((number) => ({ path: at('red.png'), label: `Label ${number}` }));
    const program = `import { contactSheet } from '#media';
      await contactSheet(${JSON.stringify(cells)}, ${JSON.stringify(at('fontless.jpg'))}, { title: 'Title' });`;
    // Fonts are looked for once in a process.
    await run(process.execPath, ['--input-type=module', '-e', program], { env: { ...process.env, FONTCONFIG_FILE: at('fonts.conf') } });
    const sheet = await Sheet.read(at('fontless.jpg'));
    const numbers = [digit(24, 92), digit(808, 92), digit(24, 92 + 435 + 44 + 16)];
    for (const [index, number] of numbers.slice(1).entries()) expect(sheet.differ(number, numbers[index] ?? number)).toBe(true);
  });

  it('stays small whatever it shows', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 90 } as const;
    await sharp({ create: { width: 376, height: 212, channels: 3, background: 'red', noise } })
      .png()
      .toFile(at('noise.png'));
    await contactSheet(Array(60).fill({ path: at('noise.png'), label: 'noise' }), at('noise.jpg'), { title: 'Noise' });
    expect((await stat(at('noise.jpg'))).size).toBeLessThan(2_000_000);
  });

  it('says which picture cannot be read, and leaves nothing behind', async () => {
    const made = contactSheet([{ path: at('red.png'), label: '' }, ...[{ path: at('broken.png'), label: '' }]], at('never/sheet.jpg'), {
      title: TITLE,
    });
    await expect(made).rejects.toMatchObject({
      code: 'MEDIA_UNUSABLE',
      kind: 'permanent',
      userMessage: expect.stringContaining('broken.png') as unknown,
    });
    await expect(readdir(at('never'))).rejects.toThrow('ENOENT');
  });

  it('is given up when it is told to stop', async () => {
    const cells = Array.from({ length: 22 }, () => ({ path: at('red.png'), label: '' }));
    const made = contactSheet(cells, at('stopped.jpg'), { title: TITLE, signal: AbortSignal.abort() });
    await expect(made).rejects.toMatchObject({ code: 'STOPPED', kind: 'transient' });
  });
});

describe('a sheet of clips', () => {
  it('shows the first, the middle and the last frame of each, whatever its shape', async () => {
    await makeClip('wide.mp4', 3);
    await makeClip('tall.mp4', 1.5, '360x640');
    const clips = [at('wide.mp4'), at('tall.mp4')].map((path) => ({ path, label: 'A whale breaches' }));
    await clipSheet(clips, at('clips.jpg'), { title: 'Clips' });
    const sheet = await Sheet.read(at('clips.jpg'));
    const [frame, height] = [514, 289];
    expect([sheet.width, sheet.height]).toEqual([1600, 92 + 2 * (height + 44 + 16) + 8]);
    for (const row of [0, 1]) {
      const top = 92 + row * (height + 60);
      const middles = [0, 1, 2].map((index) => sheet.pixel(24 + index * (frame + 4) + frame / 2, top + height / 2));
      expect(middles.map((pixel) => pixel.indexOf(Math.max(...pixel)))).toEqual([0, 1, 2]);
      const side = 24 + (frame + 4) + 20;
      expect(sheet.is(side, top + height / 2, row === 0 ? COLORS.green : [0, 0, 0])).toBe(true);
      expect(sheet.is(24 + frame + 2, top + height / 2, GROUND)).toBe(true);
      expect(sheet.share(digit(24, top), BADGE)).toBeLessThan(0.9);
    }
    expect(sheet.differ(digit(24, 92), digit(24, 92 + height + 60))).toBe(true);
  });

  it('says which clip cannot be read, stops the others, and leaves nothing behind', async () => {
    const clips = ['wide.mp4', 'broken.mp4', 'wide.mp4', 'wide.mp4'].map((name) => ({ path: at(name), label: '' }));
    await expect(clipSheet(clips, at('never/clips.jpg'), { title: '' })).rejects.toMatchObject({
      code: 'MEDIA_UNUSABLE',
      userMessage: expect.stringContaining('broken.mp4') as unknown,
    });
    expect(await readdir(at('never'))).toEqual([]);
  });

  it('is given up in the middle when it is told to stop, and nothing is left behind', async () => {
    const stop = new AbortController();
    const clips = Array.from({ length: 18 }, () => ({ path: at('wide.mp4'), label: '' }));
    const made = clipSheet(clips, at('stopped/clips.jpg'), { title: '', signal: stop.signal });
    made.catch(() => undefined);
    await eventually(async () => (await readdir(at('stopped'))).length > 0, { what: 'the sheet to be begun', timeoutMs: 30_000 });
    stop.abort();
    await expect(made).rejects.toMatchObject({ code: 'STOPPED' });
    expect(await readdir(at('stopped'))).toEqual([]);
  });
});

describe('a sheet of the cut', () => {
  it('shows frames from all of it, with their times', async () => {
    await makeClip('cut.mp4', 32);
    await cutSheet(at('cut.mp4'), at('cut.jpg'), { title: 'Final cut' });
    const sheet = await Sheet.read(at('cut.jpg'));
    // One for about every five seconds: six, in three columns.
    const [width, height] = [506, 285];
    const cells = Array.from({ length: 6 }, (_, index) => ({
      left: 24 + (index % 3) * (width + 16),
      top: 92 + Math.floor(index / 3) * (height + 16),
    }));
    expect(sheet.height).toBe(92 + 2 * (height + 16) + 8);
    const colors = cells
      .map(({ left, top }) => sheet.pixel(left + width / 2, top + height / 2))
      .map((one) => one.indexOf(Math.max(...one)));
    expect(colors).toEqual([0, 0, 0, 1, 1, 1]);
    const stamps = cells.map(({ left, top }) => ({ left: left + 10, top: top + 6, width: 66, height: 28 }));
    for (const [index, stamp] of stamps.slice(1).entries()) expect(sheet.differ(stamp, stamps[index] ?? stamp)).toBe(true);
    // How long it is stands beside the title.
    expect(sheet.share({ left: 1_480, top: 20, width: 96, height: 50 }, GROUND)).toBeLessThan(0.98);
  });

  it('says so when there is nothing to show', async () => {
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=2', at('tone.mp3')]);
    await expect(cutSheet(at('tone.mp3'), at('never.jpg'), { title: '' })).rejects.toMatchObject({
      code: 'MEDIA_UNUSABLE',
      userMessage: expect.stringContaining('tone.mp3') as unknown,
    });
  });
});

describe('a sheet of narrations', () => {
  it('shows each wave as long as it lasts, and silence as nothing', async () => {
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=frequency=300:duration=4', '-af', 'volume=12dB', at('long.mp3')]);
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=frequency=300:duration=2', '-af', 'volume=12dB', at('short.mp3')]);
    await ffmpeg(['-f', 'lavfi', '-i', 'anullsrc=duration=2', '-t', '2', at('silent.mp3')]);
    const narrations = ['long.mp3', 'short.mp3', 'silent.mp3'].map((name) => ({ path: at(name), label: 'The whale sings, alone' }));
    await narrationSheet(narrations, at('narrations.jpg'), { title: 'Narrations' });
    const sheet = await Sheet.read(at('narrations.jpg'));
    const width = 768;
    /** Where there is a wave, along the middle of a cell, as parts of what the longest takes up. */
    const loud = (left: number, top: number) =>
      [0.05, 0.25, 0.45, 0.6, 0.95].map((part) => sheet.is(left + 64 + part * (width - 64), top + 40, BADGE));
    expect(loud(24, 92)).toEqual([true, true, true, true, true]);
    expect(loud(24 + width + 16, 92)).toEqual([true, true, true, false, false]);
    expect(loud(24, 92 + 96 + 44 + 16)).toEqual([false, false, false, false, false]);
    expect(sheet.differ(digit(24, 92), digit(24 + width + 16, 92))).toBe(true);
  });
});
