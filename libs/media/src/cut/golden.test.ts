import { execFile } from 'node:child_process';
import { access, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { splitScreen } from '../composite.js';
import { ffmpeg } from '../ffmpeg.js';
import { SAMPLE_RATE } from '../sound/form.js';
import { Loudness } from '../sound/loudness.js';
import { blocksOfStem, writeStem } from '../sound/stem.js';
import { CAPTION_FONT } from './fonts.js';
import { planFromFiles, type CutStyle } from './plan.js';
import { renderCut } from './render.js';

/** Pictures that a person has looked at. `UPDATE_GOLDEN=1` makes them anew; then somebody has to look again. */
const golden = join(dirname(fileURLToPath(import.meta.url)), 'golden');
const update = process.env.UPDATE_GOLDEN === '1';
/** Other versions of FFmpeg, x264 and FreeType draw a little differently; a word that is missing, or another colour, is far below. */
const ALIKE = 0.97;

const run = promisify(execFile);
let folder: string;
const at = (name: string) => join(folder, name);
const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'golden-'));
  const encoded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-crf', '12'];
  await ffmpeg([
    ...lavfi('gradients=s=640x360:r=24:d=4:c0=0x0b3954:c1=0x087e8b:nb_colors=2:seed=7:speed=0.002'),
    ...encoded,
    at('sea.mp4'),
  ]);
  await ffmpeg([...lavfi('testsrc2=s=640x360:r=24:d=4'), ...encoded, at('chart.mp4')]);
  await ffmpeg([...lavfi("aevalsrc='0.4*sin(2*PI*220*t)*(0.5+0.5*sin(8*t))':d=3:s=44100"), '-b:a', '128k', at('voice.mp3')]);
  await ffmpeg([...lavfi("aevalsrc='0.5*sin(2*PI*3000*t)*sin(2*PI*3*t)':d=4:s=48000"), at('effect.wav')]);
  await ffmpeg([...lavfi("aevalsrc='0.3*sin(2*PI*6000*t)':d=3:s=48000"), at('music.wav')]);
  const mark = `<svg width="200" height="100"><rect width="200" height="100" rx="20" fill="#ff6b35"/><circle cx="50" cy="50" r="30" fill="#ffffff"/></svg>`;
  await sharp(Buffer.from(mark)).png().toFile(at('mark.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** @param part what is compared, as FFmpeg's crop takes it: in a whole picture a word is next to nothing */
async function expectGolden(picture: string, name: string, part = 'iw:ih:0:0'): Promise<void> {
  const expected = join(golden, name);
  if (update) {
    await mkdir(golden, { recursive: true });
    await copyFile(picture, expected);
  }
  await access(expected);
  expect(await likeness(picture, expected, part)).toBeGreaterThan(ALIKE);
}

/** SSIM of a part of two pictures; 1 is the same. */
async function likeness(one: string, other: string, part: string): Promise<number> {
  const graph = `[0]format=yuv444p,crop=${part}[a];[1]format=yuv444p,crop=${part}[b];[a][b]ssim`;
  const { stderr } = await run('ffmpeg', ['-v', 'info', '-i', one, '-i', other, '-lavfi', graph, '-f', 'null', '-']);
  return Number(/All:(\d\.\d+)/.exec(stderr)?.[1]);
}

async function frame(video: string, number: number, out: string): Promise<string> {
  await run('ffmpeg', ['-v', 'error', '-y', '-i', video, '-vf', `select='eq(n,${number})'`, '-frames:v', '1', out]);
  return out;
}

const words = ['Where', 'no', 'light', 'has', 'ever', 'come,', '{something}', 'waits.'].map((word, index) => ({
  ...{ word, start_ms: index * 350, end_ms: index * 350 + 300 },
}));
const captions = {
  font: CAPTION_FONT,
  size: 0.075,
  color: '#ffffff',
  highlight: '#ffe14d',
  outline: '#101010',
  position: 'bottom',
} as const;
/** Where they stand. */
const LINE = 'iw:40:0:295';
const landscape = { width: 640, height: 360, fit: 'fill' } as const;

async function cut(name: string, style: CutStyle, clips = ['sea.mp4']): Promise<string> {
  const scenes = clips.map((clip) => ({
    clip: at(clip),
    narration: at('voice.mp3'),
    narrationMs: 3_000,
    soundEffect: at('effect.wav'),
    words,
  }));
  await renderCut(await planFromFiles(scenes, style), at(name));
  return at(name);
}

describe('the picture', () => {
  it('has captions in which the word that is said stands out', async () => {
    const video = await cut('captions.mp4', { ...landscape, captions });
    // "light" is said from 0.7 to 1.0 s, "{something}" from 2.1 to 2.4 s.
    await expectGolden(await frame(video, 19, at('light.png')), 'captions-light.png', LINE);
    await expectGolden(await frame(video, 53, at('something.png')), 'captions-something.png', LINE);
    // Other words are not alike: else the test could not fail.
    expect(await likeness(at('light.png'), at('something.png'), LINE)).toBeLessThan(ALIKE);
  }, 60_000);

  it('has captions upright, too, where no button hides them', async () => {
    const video = await cut('upright.mp4', { width: 360, height: 640, fit: 'fill', captions: { ...captions, highlight: '#00e5ff' } });
    await expectGolden(await frame(video, 19, at('upright.png')), 'upright-fill.png', 'iw:40:0:455');
  }, 60_000);

  it.each(['bars', 'blur'] as const)(
    'is brought into an upright frame with %s',
    async (fit) => {
      const video = await cut(`${fit}.mp4`, { width: 360, height: 640, fit }, ['chart.mp4']);
      await expectGolden(await frame(video, 10, at(`${fit}.png`)), `upright-${fit}.png`);
    },
    60_000,
  );

  it.each([
    ['top_left', 0.15, 1],
    ['bottom_right', 0.25, 0.5],
  ] as const)(
    'has a watermark at the %s',
    async (corner, width, opacity) => {
      const video = await cut('marked.mp4', { ...landscape, watermark: { file: at('mark.png'), corner, width, opacity } });
      await expectGolden(
        await frame(video, 40, at('marked.png')),
        `watermark-${corner}.png`,
        corner === 'top_left' ? 'iw/4:ih/4:0:0' : 'iw/3:ih/3:iw*2/3:ih*2/3',
      );
    },
    60_000,
  );

  it('fades from one scene into the next', async () => {
    const video = await cut('faded.mp4', { ...landscape, crossfadeMs: 1_000 }, ['sea.mp4', 'chart.mp4']);
    // 3 s of narration and a breath.
    const second = Math.ceil(3.4 * 24);
    for (const [name, offset] of [
      ['before', -1],
      ['early', 5],
      ['late', 18],
      ['after', 24],
    ] as const)
      await expectGolden(await frame(video, second + offset, at('faded.png')), `crossfade-${name}.png`);
  }, 60_000);

  it('of two halves is what it was', async () => {
    for (const [name, clip] of [
      ['left', 'sea.mp4'],
      ['right', 'chart.mp4'],
    ] as const)
      await frame(at(clip), 30, at(`${name}.png`));
    await splitScreen({ left: at('left.png'), right: at('right.png'), out: at('split.png') });
    await sharp(at('split.png')).resize(640, 360).toFile(at('split-small.png'));
    await expectGolden(at('split-small.png'), 'split-screen.png');
  });
});

describe('the sound', () => {
  it('goes up and down as it did', async () => {
    const video = await cut('sound.mp4', { ...landscape, music: at('music.wav') }, ['sea.mp4', 'chart.mp4']);
    const moments = 8 * SAMPLE_RATE;
    /** Loudness of every 200 ms (dB) of the voice, the effect and the music, which lie far apart. */
    const parts = {
      voice: 'lowpass=f=800:p=2,lowpass=f=800:p=2',
      effect: 'bandpass=f=3000:width_type=h:w=1500',
      music: 'highpass=f=5200:p=2,highpass=f=5200:p=2',
    };
    const heard: Record<string, number[]> = {};
    for (const [part, filter] of Object.entries(parts)) {
      await run('ffmpeg', ['-v', 'error', '-y', '-i', video, '-map', '0:a', '-af', filter, '-c:a', 'pcm_f32le', at('part.wav')]);
      await writeStem([{ file: at('part.wav'), from: 0, to: moments }], moments, at('part.f32'));
      const loudness = new Loudness();
      const powers: number[] = [];
      for await (const block of blocksOfStem(at('part.f32'))) powers.push(loudness.power(block));
      const pairs = Array.from({ length: powers.length / 2 }, (_, index) => (powers[2 * index] ?? 0) + (powers[2 * index + 1] ?? 0));
      heard[part] = pairs.map((power) => Math.round(10 * Math.max(-70, 10 * Math.log10(power / 2))) / 10);
    }
    const file = join(golden, 'sound.json');
    if (update) await writeFile(file, `${JSON.stringify(heard)}\n`);
    const expected = JSON.parse(await readFile(file, 'utf8')) as typeof heard;
    for (const part of Object.keys(parts)) {
      const differences = (expected[part] ?? []).map((level, index) => (level < -50 ? 0 : Math.abs(level - (heard[part]?.[index] ?? 0))));
      expect(differences.length).toBe(40);
      expect(Math.max(...differences)).toBeLessThan(1.5);
    }
    // What the picture of the sound is about: the rest steps back while somebody speaks, and comes up again in between.
    const mean = (part: string, from: number, to: number) =>
      (heard[part] ?? []).slice(from, to).reduce((sum, level) => sum + level, 0) / (to - from);
    expect(mean('voice', 2, 14) - mean('effect', 2, 14)).toBeGreaterThan(10);
    expect(mean('voice', 2, 14) - mean('music', 2, 14)).toBeGreaterThan(10);
  }, 60_000);
});
