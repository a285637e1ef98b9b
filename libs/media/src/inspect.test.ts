import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Finding } from '#pipeline';
import sharp from 'sharp';
import { ffmpeg } from './ffmpeg.js';
import { inspectClip, inspectImage, inspectNarration, inspectSoundEffect } from './inspect.js';
import { probe } from './probe.js';

jest.setTimeout(60_000);

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inspect-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Tenths of a second are as exact as it gets with sound; of pictures, frames that nothing depends on are passed over. */
const TOLERANCE_MS = 110;

/** What was found, and where; times that are as expected within the tolerance are written as expected. */
function inShort(findings: readonly Finding[], expected: readonly [code: string, from: number, to: number, grave: boolean][]) {
  const near = (ms = -1, wanted = -1) => (Math.abs(ms - wanted) <= TOLERANCE_MS ? wanted : ms);
  return findings.map(({ code, from_ms, to_ms, grave }, index) => {
    const [, from, to] = expected[index] ?? [];
    return [code, near(from_ms, from), near(to_ms, to), grave];
  });
}

describe('a clip', () => {
  /** A clip of that picture, encoded as a model's are: in groups of pictures, with frames that others depend on and such that none does. */
  async function clip(name: string, filters: string): Promise<string> {
    const graph = ['-f', 'lavfi', '-i', filters, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-g', '24'];
    await ffmpeg([...graph, at(name)]);
    return at(name);
  }
  const found = async (path: string, orderedMs = 5_000) => inspectClip(path, await probe(path), orderedMs);

  const size = 's=1920x1080:r=24:d=5';
  /** Fine noise that stands still, and a window that moves over a larger one of it. */
  const still = (width = 1920, height = 1080) =>
    `nullsrc=s=${width}x${height}:r=24:d=5,geq=lum='64+128*mod(floor(X/8)*37+floor(Y/8)*91,17)/17':cb=110:cr=140,trim=end_frame=1,loop=loop=119:size=1,setpts=N/24/TB`;
  const CLIPS: [what: string, filters: string, expected: [string, number, number, boolean][]][] = [
    ['is black', `color=black:${size}`, [['black', 0, 5_000, true]]],
    ['stands still', still(), [['frozen', 0, 5_000, true]]],
    ['begins in the dark', `testsrc2=${size},drawbox=c=black:t=fill:enable='lt(t,1)'`, [['black', 0, 1_000, false]]],
    [
      'is dark twice, for most of it in all',
      `testsrc2=${size},drawbox=c=black:t=fill:enable='lt(t,1.5)+gt(t,3.49)'`,
      [
        ['black', 0, 1_500, true],
        ['black', 3_500, 5_000, true],
      ],
    ],
    ['stops moving', `testsrc2=s=1920x1080:r=24:d=2.75,tpad=stop_mode=clone:stop_duration=2.25`, [['frozen', 2_708, 5_000, false]]],
    ['stops for most of it', `testsrc2=s=1920x1080:r=24:d=1.5,tpad=stop_mode=clone:stop_duration=3.5`, [['frozen', 1_458, 5_000, true]]],
    ['moves', `testsrc2=${size}`, []],
    ['moves as slowly as a camera does', `${still(1980, 1080)},crop=1920:1080:x='n/4':y=0`, []],
    [
      'is a night with one bird in it',
      `color=0x0a1420:${size}[night];color=white:s=60x60:r=24:d=5[bird];[night][bird]overlay=x='500+40*t':y=600`,
      [],
    ],
    [
      'is a night with one light in it',
      `color=black:${size}[dark];color=yellow:s=160x160:r=24:d=5[light];[dark][light]overlay=x='100+60*t':y=500`,
      [],
    ],
    ['blinks', `testsrc2=${size},drawbox=c=black:t=fill:enable='between(t,2,2.1)'`, []],
  ];

  it.each(CLIPS)('that %s', async (what, filters, expected) => {
    const findings = await found(await clip(`${what.replaceAll(' ', '-').replaceAll(',', '')}.mp4`, filters));
    expect(inShort(findings, expected)).toEqual(expected);
  });

  it('says what is wrong in words', async () => {
    const [black] = await found(await clip('words.mp4', `color=black:${size}`));
    expect(black?.message).toBe('Black from 0.0 to 5.0 s');
  });

  it('is told of when it is shorter than ordered, and when it is not of the shape or the size that it is shown in', async () => {
    const brief = await clip('brief.mp4', 'testsrc2=s=1284x716:r=24:d=2');
    expect(await found(brief, 2_300)).toEqual([]);
    expect(await found(brief, 3_000)).toEqual([{ code: 'length', message: 'Lasts 2.0 s, ordered were 3.0 s', grave: false }]);
    expect(await found(brief)).toEqual([{ code: 'length', message: 'Lasts 2.0 s, ordered were 5.0 s', grave: true }]);
    const [square, small] = [
      await clip('square.mp4', 'testsrc2=s=960x960:r=24:d=2'),
      await clip('small.mp4', 'testsrc2=s=640x360:r=24:d=2'),
    ];
    expect(await found(square, 2_000)).toEqual([{ code: 'size', message: '960x960: loses its edges', grave: false }]);
    expect(await found(small, 2_000)).toEqual([{ code: 'size', message: '640x360: is shown larger than it is', grave: false }]);
  });
});

describe('sound', () => {
  async function sound(name: string, filters: string): Promise<string> {
    await ffmpeg(['-f', 'lavfi', '-i', filters, '-b:a', '128k', at(name)]);
    return at(name);
  }
  /** Louder and quieter five times a second, as syllables are; of that peak (dB). */
  const speech = (seconds: number, db = -3) =>
    `aevalsrc='sin(2*PI*170*t)*pow(0.5+0.5*sin(2*PI*5*t),4)':s=44100:d=${seconds},volume=${db}dB`;
  const narration = async (path: string, expectedMs = 5_000) => inspectNarration(path, await probe(path), expectedMs);
  const effect = async (path: string) => inspectSoundEffect(path, await probe(path));

  const NARRATIONS: [what: string, filters: string, expected: [string, number, number, boolean][]][] = [
    ['is as it should be', speech(5), []],
    ['is silent', 'anullsrc=r=44100:d=5', [['silent', 0, 5_000, true]]],
    ['breaks off', `${speech(5)},volume=0:enable='gt(t,2.8)'`, [['silent', 2_800, 5_000, false]]],
    ['hardly begins', `${speech(5)},volume=0:enable='gt(t,1)'`, [['silent', 1_000, 5_000, true]]],
    ['pauses', `${speech(5)},volume=0:enable='between(t,2,3.5)'`, []],
    ['is distorted to the end', `${speech(5, -6)},volume=15dB:enable='gt(t,3.5)'`, [['clipped', 3_500, 5_000, false]]],
  ];
  it.each(NARRATIONS)('a narration that %s', async (what, filters, expected) => {
    const findings = await narration(await sound(`${what.replaceAll(' ', '-')}.mp3`, filters));
    expect(inShort(findings, expected)).toEqual(expected);
  });

  it('a narration that is distorted all the way is too bad, one that only touches full scale is not distorted', async () => {
    const [distorted, loudness] = await narration(await sound('distorted.mp3', speech(5, 16)));
    expect([distorted, loudness]).toMatchObject([
      { code: 'clipped', grave: true },
      { code: 'loudness', message: expect.stringMatching(/^Very loud \(-\d LUFS\)$/), grave: false },
    ]);
    expect(await narration(await sound('full-scale.wav', speech(5, 0)))).toEqual([]);
  });

  it('a narration that can hardly be heard, although it is not silent', async () => {
    const [quiet] = await narration(await sound('quiet.mp3', speech(5, -36)));
    expect(quiet).toMatchObject({ code: 'loudness', message: expect.stringMatching(/^Very quiet \(-\d\d LUFS\)$/) });
  });

  it('a narration that takes much longer, or shorter, than its text takes to say', async () => {
    const path = await sound('long.mp3', speech(8));
    expect(await narration(path, 4_000)).toEqual([]);
    expect(await narration(path, 2_900)).toMatchObject([{ code: 'length', grave: false }]);
    expect(await narration(path, 1_000)).toMatchObject([
      { code: 'length', message: 'Lasts 8.0 s, its text takes about 1.0 s to say', grave: true },
    ]);
    expect(await narration(path, 19_000)).toMatchObject([{ code: 'length', grave: false }]);
    expect(await narration(path, 40_000)).toMatchObject([{ code: 'length', grave: true }]);
  });

  it('a word with silence around it is a narration, too; half a second of nothing is none', async () => {
    expect(await narration(await sound('word.mp3', `${speech(0.9)},volume=0:enable='gt(t,0.4)'`), 400)).toEqual([]);
    expect(await narration(await sound('nothing.mp3', 'anullsrc=r=44100:d=0.5'), 400)).toMatchObject([{ code: 'silent', grave: true }]);
  });

  it('a sound effect may end in silence, but something has to be heard', async () => {
    expect(await effect(await sound('knock.wav', `${speech(6)},volume=0:enable='gt(t,0.3)'`))).toEqual([]);
    expect(await effect(await sound('far-away.wav', speech(3, -40)))).toEqual([]);
    expect(await effect(await sound('never.wav', speech(3, -70)))).toMatchObject([
      { code: 'silent', message: 'Silent from 0.0 to 3.0 s', grave: true },
    ]);
    expect(await effect(await sound('crash.wav', speech(3, 20)))).toMatchObject([{ code: 'clipped', grave: true }]);
  });
});

describe('a picture', () => {
  const flat = { width: 640, height: 360, channels: 3, background: '#123' } as const;

  it('that is one colour shows nothing', async () => {
    await sharp({ create: flat }).jpeg().toFile(at('blank.jpg'));
    expect(await inspectImage(at('blank.jpg'))).toEqual([{ code: 'blank', message: 'Nothing but one colour', grave: true }]);
  });

  it('with a small thing on it shows something', async () => {
    const thing = await sharp({ create: { ...flat, width: 40, height: 40, background: '#789' } })
      .png()
      .toBuffer();
    await sharp({ create: flat })
      .composite([{ input: thing }])
      .png()
      .toFile(at('thing.png'));
    expect(await inspectImage(at('thing.png'))).toEqual([]);
  });
});

it('a file that is none of this is named', async () => {
  await ffmpeg(['-f', 'lavfi', '-i', 'sine=d=1', at('tone.mp3')]);
  await expect(inspectClip(at('tone.mp3'), await probe(at('tone.mp3')), 1_000)).rejects.toMatchObject({ code: 'MEDIA_UNUSABLE' });
});
