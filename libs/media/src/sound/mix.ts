import { join } from 'node:path';
import { ffmpeg, throwIfStopped } from '../ffmpeg.js';
import { inParallel } from '../parallel.js';
import { applyCurve } from './curves.js';
import { BLOCK, CHANNELS, SAMPLE_RATE, fromDecibels } from './form.js';
import { PARTS, levelled, type Level, type Levels, type Parts } from './levels.js';
import { STEP, limitedTo, type Limiting } from './limiter.js';
import { Loudness } from './loudness.js';
import { measure, type Measured } from './measure.js';
import { blocksOfStem, writeStem, type Placed } from './stem.js';
import { TruePeak } from './true-peak.js';

/** What YouTube plays everything at (LUFS); what is louder it turns down. */
export const LOUDNESS = -14;
/** How far from it a mix may be (LU). */
export const LOUDNESS_TOLERANCE = 0.5;
/** The highest peak that survives every player and every other encoding (dBTP). */
export const TRUE_PEAK = -1;
/** How much higher AAC draws a peak than it was (dB); where it is more, the mix is made again with more room. */
const AAC_OVERSHOOT = 0.8;
/** Times a mix is encoded at most, until what was measured is as it should be. */
const ROUNDS = 3;
/** Of the sound (bit/s): above what YouTube keeps. */
const BIT_RATE = '192k';

/** The sounds of a mix, each part in order of time. */
export type Score = Parts<readonly Placed[]>;

/**
 * Mixes a score and writes it as AAC in an MP4, exactly so long, at -14 LUFS and with no peak above -1 dBTP, both measured in what was written (a mix that
 * is too uneven for that stays quieter): all voices equally loud, and 10 dB and more above effects and music while they speak. What memory it takes does
 * not grow with its length, but for a few bytes a millisecond.
 * @param moments how long it is (samples of a channel)
 * @param folder for the raw samples, about 23 MB a minute and part; they stay there
 * @throws Failure MEDIA_UNUSABLE naming a sound that cannot be decoded; STOPPED
 */
export async function mixSound(score: Score, moments: number, folder: string, out: string, signal?: AbortSignal): Promise<Measured> {
  const sounding = PARTS.filter((part) => score[part].length > 0);
  const stems = new Map(sounding.map((part) => [part, join(folder, `${part}.f32`)]));
  await inParallel([...stems], 2, ([part, path], stop) => writeStem(score[part], moments, path, stop), signal);

  const blocks = Math.ceil(moments / BLOCK);
  const powers: Parts<Float64Array> = {
    voice: new Float64Array(blocks),
    effects: new Float64Array(blocks),
    music: new Float64Array(blocks),
  };
  for (const [part, path] of stems) {
    const loudness = new Loudness();
    let block = 0;
    for await (const sound of blocksOfStem(path)) powers[part][block++] = loudness.power(sound);
    throwIfStopped(signal);
  }
  const levels = levelled(powers, score);
  const mixed = await survey(mix(stems, levels, moments), moments);
  throwIfStopped(signal);

  let [loudness, peak] = [LOUDNESS, TRUE_PEAK - AAC_OVERSHOOT];
  let measured: Measured = { loudness: -Infinity, peak: -Infinity, silences: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const limiting = limitedTo(loudness, fromDecibels(peak), mixed.energies, mixed.peaks);
    await encode(limited(mix(stems, levels, moments), limiting), out, signal);
    measured = await measure(out, signal);
    if (isSilent(measured) || isRight(measured)) return measured;
    loudness += LOUDNESS - measured.loudness;
    peak -= Math.max(0, measured.peak - TRUE_PEAK + 0.1);
  }
  return measured;
}

const isSilent = ({ peak }: Measured) => peak === -Infinity;
const isRight = ({ loudness, peak }: Measured) => Math.abs(loudness - LOUDNESS) <= LOUDNESS_TOLERANCE / 2 && peak <= TRUE_PEAK;

/** The sum of all parts at their levels, block by block. A block is only good until the next one is asked for. */
async function* mix(
  stems: ReadonlyMap<keyof Parts<unknown>, string>,
  { sources, ducking }: Levels,
  moments: number,
): AsyncGenerator<Float32Array> {
  const parts = [...stems].map(([part, path]) => ({ part, sounds: blocksOfStem(path) }));
  const block = new Float32Array(BLOCK * CHANNELS);
  try {
    for (let from = 0; from < moments; from += BLOCK) {
      const sum = block.subarray(0, Math.min(BLOCK, moments - from) * CHANNELS).fill(0);
      for (const { part, sounds } of parts) {
        const next: IteratorResult<Float32Array, unknown> = await sounds.next();
        if (next.done) continue;
        const sound = next.value;
        applyLevels(sound, sources[part], from);
        if (part !== 'voice') applyCurve(sound, ducking[part], BLOCK, from);
        for (let index = 0; index < sum.length; index += 1) sum[index] = (sum[index] ?? 0) + (sound[index] ?? 0);
      }
      yield sum;
    }
  } finally {
    await Promise.all(parts.map(({ sounds }) => sounds.return(undefined)));
  }
}

function applyLevels(sound: Float32Array, levels: readonly Level[], fromMoment: number): void {
  for (const { from, to, gain } of levels) {
    const first = Math.max(0, from - fromMoment) * CHANNELS;
    const end = Math.min(sound.length, (to - fromMoment) * CHANNELS);
    for (let index = first; index < end; index += 1) sound[index] = (sound[index] ?? 0) * gain;
  }
}

/** How loud each step of a mix is, and how high it rises. */
async function survey(blocks: AsyncIterable<Float32Array>, moments: number): Promise<{ energies: Float32Array; peaks: Float32Array }> {
  const [loudness, truePeak] = [new Loudness(), new TruePeak(STEP)];
  const steps = Math.ceil(moments / STEP);
  const [energies, peaks] = [new Float32Array(steps), new Float32Array(steps)];
  let at = 0;
  for await (const block of blocks) {
    energies.set(loudness.energies(block, STEP), at);
    peaks.set(truePeak.peaks(block), at);
    at += Math.ceil(block.length / CHANNELS / STEP);
  }
  return { energies, peaks };
}

async function* limited(blocks: AsyncIterable<Float32Array>, { gain, turns }: Limiting): AsyncGenerator<Uint8Array> {
  let from = 0;
  for await (const block of blocks) {
    applyCurve(block, turns, STEP, from, gain);
    from += block.length / CHANNELS;
    // Whoever reads them may be slower than the next block.
    yield new Uint8Array(block.buffer, block.byteOffset, block.byteLength).slice();
  }
}

async function encode(bytes: AsyncIterable<Uint8Array>, out: string, signal?: AbortSignal): Promise<void> {
  const raw = ['-f', 'f32le', '-ar', String(SAMPLE_RATE), '-ac', String(CHANNELS), '-i', 'pipe:0'];
  await ffmpeg([...raw, '-c:a', 'aac', '-b:a', BIT_RATE, '-f', 'mp4', out], { input: bytes, ...(signal && { signal }) });
}
