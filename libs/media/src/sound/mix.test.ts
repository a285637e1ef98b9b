import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ffmpeg } from '../ffmpeg.js';
import { applyCurve, lowestAround, meanAround } from './curves.js';
import { BLOCK, CHANNELS, SAMPLE_RATE, fromDecibels, toDecibels } from './form.js';
import { limitedTo, STEP } from './limiter.js';
import { Loudness, integrated, loudnessOf, momentary } from './loudness.js';
import { measure } from './measure.js';
import { mixSound } from './mix.js';
import { blocksOfStem, writeStem } from './stem.js';
import { TruePeak } from './true-peak.js';

const run = promisify(execFile);
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mix-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const source = (graph: string, out: string, ...form: string[]) => ffmpeg(['-f', 'lavfi', '-i', graph, ...form, out]);

describe('our meters', () => {
  it.each([
    ['speech-like', "aevalsrc='0.3*sin(2*PI*300*t)*(0.5+0.5*sin(9*t))|0.2*sin(2*PI*500*t)*(0.5+0.5*sin(7*t))':d=12:s=48000"],
    ['noise with pauses', 'anoisesrc=d=12:r=48000:c=pink:a=0.8,volume=volume=between(mod(t\\,4)\\,0\\,2):eval=frame'],
    ['peaks between samples', "aevalsrc='0.9*sin(2*PI*12000*t+PI/4)':d=5:s=48000,afade=d=1,afade=t=out:st=4:d=1"],
  ])('agree with FFmpeg about %s', async (_name, graph) => {
    await source(graph, at('sound.wav'), '-c:a', 'pcm_f32le', '-ac', '2');
    await writeStem([{ file: at('sound.wav'), from: 0, to: 12 * SAMPLE_RATE }], 12 * SAMPLE_RATE, at('sound.f32'));
    const [loudness, truePeak] = [new Loudness(), new TruePeak(STEP)];
    const powers: number[] = [];
    let peak = 0;
    for await (const block of blocksOfStem(at('sound.f32'))) {
      powers.push(loudness.power(block));
      peak = truePeak.peaks(block).reduce((most, one) => Math.max(most, one), peak);
    }
    const theirs = await measure(at('sound.wav'));
    expect(Math.abs(integrated(Float64Array.from(powers)) - theirs.loudness)).toBeLessThan(0.11);
    expect(Math.abs(toDecibels(peak) - theirs.peak)).toBeLessThan(0.25);
  });

  it('call silence silence', () => {
    expect(integrated(new Float64Array(50))).toBe(-Infinity);
    expect(integrated(new Float64Array(0))).toBe(-Infinity);
  });
});

describe('curves', () => {
  const curve = fc
    .array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 })
    .map((values) => Float32Array.from(values));
  const around = fc.integer({ min: 0, max: 8 });

  it('have the lowest of their surroundings', () => {
    fc.assert(
      fc.property(curve, around, around, (values, before, after) => {
        const expected = values.map((_, index) => Math.min(...values.subarray(Math.max(0, index - before), index + after + 1)));
        expect(lowestAround(values, before, after)).toEqual(expected);
      }),
    );
  });

  it('stay below what they are made of, also while they move from step to step', () => {
    fc.assert(
      fc.property(curve, around, fc.integer({ min: 0, max: 40 }), (values, width, from) => {
        const smooth = meanAround(lowestAround(values, width, width), width);
        smooth.forEach((value, index) => {
          expect(value).toBeLessThanOrEqual((values[index] ?? 0) + 1e-6);
        });
        const step = 7;
        const sound = new Float32Array(CHANNELS * Math.max(1, values.length * step - from)).fill(1);
        applyCurve(sound, smooth, step, from);
        sound.forEach((value, index) => {
          const own = values[Math.min(values.length - 1, Math.floor((from + Math.floor(index / CHANNELS)) / step))] ?? 0;
          expect(value).toBeLessThanOrEqual(own + 1e-6);
        });
      }),
    );
  });
});

describe('the limiter', () => {
  it('lets no peak through, and comes out as loud as was asked for where that can be', () => {
    const steps = fc.array(fc.float({ min: Math.fround(0.001), max: 1, noNaN: true }), { minLength: 600, maxLength: 1_200 });
    fc.assert(
      fc.property(steps, (values) => {
        const peaks = Float32Array.from(values);
        // Each step as if it were a sine of that height.
        const energies = peaks.map((peak) => (peak ** 2 / 2) * STEP * CHANNELS);
        const ceiling = fromDecibels(-1.8);
        const { gain, turns } = limitedTo(-14, ceiling, energies, peaks);
        peaks.forEach((peak, step) => {
          expect(peak * gain * (turns[step] ?? 1)).toBeLessThanOrEqual(ceiling * 1.0001);
        });
        const powers = new Float64Array(Math.ceil(peaks.length / (BLOCK / STEP)));
        energies.forEach((energy, step) => {
          const block = Math.floor((step * STEP) / BLOCK);
          powers[block] = (powers[block] ?? 0) + (energy * (gain * (turns[step] ?? 1)) ** 2) / BLOCK;
        });
        expect(Math.abs(integrated(powers) + 14)).toBeLessThan(0.05);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a mix', () => {
  /** Voices lie below 1.2 kHz here, everything else above 3 kHz: so they can be told apart in what came out. */
  const VOICE = 'lowpass=f=1600:p=2,lowpass=f=1600:p=2,lowpass=f=1600:p=2,lowpass=f=1600:p=2';
  const REST = 'highpass=f=2600:p=2,highpass=f=2600:p=2,highpass=f=2600:p=2,highpass=f=2600:p=2';

  /** A deterministic row of numbers from 0 to 1. */
  function* numbers(seed: number): Generator<number, never> {
    let state = seed + 1;
    for (;;) {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      yield state / 2 ** 31;
    }
  }

  /** A score of some scenes, with voices and effects as uneven as they come. */
  async function score(seed: number) {
    const random = numbers(seed);
    const next = (low: number, high: number) => low + (high - low) * random.next().value;
    const scenes = 3 + (seed % 3);
    const [voice, effects] = [[], []] as { file: string; from: number; to: number }[][];
    let from = 0;
    for (let scene = 0; scene < scenes; scene += 1) {
      const seconds = next(2.5, 5);
      const to = from + Math.round(seconds * 24) * (SAMPLE_RATE / 24);
      const name = at(`${seed}-${scene}`);
      const [loud, pitch, syllables] = [next(0.02, 0.9), next(150, 400), next(3, 6)];
      const speech = `${loud}*(sin(2*PI*${pitch}*t)+0.5*sin(2*PI*${(pitch * 2.3).toFixed(1)}*t))/1.5*pow(abs(sin(PI*${syllables}*t))\\,${next(0.5, 3)})`;
      await source(`aevalsrc='${speech}':d=${(seconds - 0.4).toFixed(2)}:s=44100`, `${name}.mp3`, '-b:a', '128k');
      const hit = seed % 2 ? `*(0.1+pow(abs(sin(PI*${next(0.3, 2)}*t))\\,20))` : '';
      const noise = `(random(0)-0.5)*${next(0.05, 2)}${hit}`;
      await source(`aevalsrc='${noise}':d=${(seconds + 0.5).toFixed(2)}:s=48000,${REST}`, `${name}.wav`);
      voice?.push({ file: `${name}.mp3`, from, to });
      effects?.push({ file: `${name}.wav`, from, to });
      from = to;
    }
    await source(
      `aevalsrc='${next(0.05, 0.8)}*(sin(2*PI*3300*t)+sin(2*PI*4400*t))/2*(0.6+0.4*sin(t))':d=7:s=44100`,
      at(`${seed}.mp3`),
      '-b:a',
      '192k',
    );
    const music = seed % 4 === 3 ? [] : [{ file: at(`${seed}.mp3`), from: 0, to: from, loop: true, fade: { in: 1, out: 2 } }];
    return { score: { voice: voice ?? [], effects: effects ?? [], music }, moments: from };
  }

  /** The power of each 100 ms of a part of what came out. */
  async function heard(file: string, filter: string, moments: number): Promise<Float64Array> {
    await run('ffmpeg', ['-v', 'error', '-y', '-i', file, '-af', filter, '-c:a', 'pcm_f32le', at('part.wav')]);
    await writeStem([{ file: at('part.wav'), from: 0, to: moments }], moments, at('part.f32'));
    const loudness = new Loudness();
    const powers: number[] = [];
    for await (const block of blocksOfStem(at('part.f32'))) powers.push(loudness.power(block));
    return Float64Array.from(powers);
  }

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'number %i is at -14 LUFS without a peak above -1 dBTP, and whoever speaks in it is 10 dB above the rest',
    async (seed) => {
      const { score: parts, moments } = await score(seed);
      const returned = await mixSound(parts, moments, folder, at('mix.m4a'));
      // FFmpeg's meter, on what was encoded.
      const { stderr } = await run('ffmpeg', ['-nostats', '-i', at('mix.m4a'), '-af', 'ebur128=peak=true', '-f', 'null', '-']);
      const summary = stderr.slice(stderr.indexOf('Summary:'));
      const loudness = Number(/I:\s+(\S+) LUFS/.exec(summary)?.[1]);
      const peak = Number(/Peak:\s+(\S+) dBFS/.exec(summary)?.[1]);
      expect(returned).toMatchObject({ loudness, peak });
      expect(Math.abs(loudness + 14)).toBeLessThanOrEqual(0.5);
      expect(peak).toBeLessThanOrEqual(-1);

      const [voice, rest] = [await heard(at('mix.m4a'), VOICE, moments), await heard(at('mix.m4a'), REST, moments)];
      // Speech is what BS.1770 does not take for a pause.
      const pause = integrated(voice) - 10;
      const around = momentary(rest);
      const above = [...momentary(voice)].flatMap((power, window) =>
        loudnessOf(power) < pause ? [] : [loudnessOf(power) - loudnessOf(Math.max(1e-12, around[window] ?? 0))],
      );
      expect(above.length).toBeGreaterThan(20);
      expect(Math.min(...above)).toBeGreaterThanOrEqual(10);
      const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=duration', '-of', 'csv=p=0', at('mix.m4a')]);
      expect(Math.abs(Number(stdout) - moments / SAMPLE_RATE)).toBeLessThan(0.001);
    },
    60_000,
  );

  it('of silence is silence, and of nothing, too', async () => {
    await source('anullsrc=d=2', at('silence.wav'));
    const silent = [{ file: at('silence.wav'), from: 0, to: 2 * SAMPLE_RATE }];
    expect(await mixSound({ voice: silent, effects: [], music: [] }, 2 * SAMPLE_RATE, folder, at('silence.m4a'))).toMatchObject({
      loudness: -Infinity,
      peak: -Infinity,
    });
    expect(await mixSound({ voice: [], effects: [], music: [] }, 2 * SAMPLE_RATE, folder, at('nothing.m4a'))).toMatchObject({
      loudness: -Infinity,
      peak: -Infinity,
    });
  });

  it('keeps a sound to its place, to the sample', async () => {
    await source("aevalsrc='0.5':d=0.5:s=48000", at('step.wav'), '-c:a', 'pcm_f32le');
    const places = [
      { file: at('step.wav'), from: 12_345, to: 20_000 },
      { file: at('step.wav'), from: 30_000, to: 80_000 },
    ];
    await writeStem(places, 96_000, at('step.f32'));
    const all: number[] = [];
    for await (const block of blocksOfStem(at('step.f32')))
      for (let index = 0; index < block.length; index += CHANNELS) all.push(block[index] ?? 0);
    expect(all).toHaveLength(96_000);
    const edges = all.flatMap((value, index) => (Math.abs(value - (all[index - 1] ?? 0)) > 0.2 ? [index] : []));
    expect(edges).toEqual([12_345, 20_000, 30_000, 54_000]);
  });

  it('names the sound that cannot be decoded', async () => {
    await source('sine=d=1', at('good.mp3'));
    await writeFile(at('bad.mp3'), Buffer.alloc(4_000, 1));
    const [good, bad] = [at('good.mp3'), at('bad.mp3')];
    const voice = [good, bad, good].map((file, index) => ({ file, from: index * 48_000, to: (index + 1) * 48_000 }));
    await expect(mixSound({ voice, effects: [], music: [] }, 144_000, folder, at('never.m4a'))).rejects.toMatchObject({
      code: 'MEDIA_UNUSABLE',
      message: expect.stringContaining('bad.mp3') as unknown,
    });
  });
});
