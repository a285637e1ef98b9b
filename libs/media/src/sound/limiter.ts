import { BLOCK, SAMPLE_RATE, fromDecibels } from './form.js';
import { integrated } from './loudness.js';
import { lowestAround, meanAround } from './curves.js';

/** Samples of the steps in which a limiter looks and turns: 1 ms. */
export const STEP = SAMPLE_RATE / 1_000;
/** Steps of a block of loudness. */
const STEPS = BLOCK / STEP;
/** Steps on either side of a peak in which the limiter turns down: slow enough not to be heard as a click. */
const ATTACK = 5;
/** It lets go again over about this time (steps): fast enough that nobody hears a hole, slow enough that a low note stays whole. */
const RELEASE = 120;

/** More than so much (dB) is noise, not loudness: a mix that is so uneven stays quieter. */
const MOST_LIMITING = 30;

/** What a limiter does to a mix: everything is turned up by `gain`, and in step i down by `turns[i]`. */
export interface Limiting {
  gain: number;
  turns: Float32Array;
}

/**
 * How to bring a mix to a loudness (LUFS) without a peak above the ceiling (a factor of full scale). The louder it has to become the more is turned down,
 * which costs loudness again: the gain that comes out right is searched for.
 * @param energies of the mix, a step each
 * @param peaks of the mix, a step each
 */
export function limitedTo(loudness: number, ceiling: number, energies: Float32Array, peaks: Float32Array): Limiting {
  const reached = (gain: number): { limiting: Limiting; loudness: number } => {
    const limiting = { gain, turns: turnsFor(gain, ceiling, peaks) };
    return { limiting, loudness: integrated(powersOf(limiting, energies)) };
  };
  const plain = integrated(powersOf({ gain: 1, turns: new Float32Array(peaks.length).fill(1) }, energies));
  if (plain === -Infinity) return reached(1).limiting;
  // The least gain that does it: with much more, what was a pause becomes loud enough to count, and the whole seems quieter again.
  let [low, high] = [loudness - plain, loudness - plain];
  const most = high + MOST_LIMITING;
  while (high < most && reached(fromDecibels(high)).loudness < loudness) [low, high] = [high, high + 1];
  for (let round = 0; round < 10; round += 1) {
    const middle = (low + high) / 2;
    if (reached(fromDecibels(middle)).loudness < loudness) low = middle;
    else high = middle;
  }
  return reached(fromDecibels(high)).limiting;
}

/** How far each step is turned down, so that none is above the ceiling. Between two steps the lower one counts. */
function turnsFor(gain: number, ceiling: number, peaks: Float32Array): Float32Array {
  const needed = peaks.map((peak) => Math.min(1, ceiling / (gain * peak)));
  const turns = meanAround(lowestAround(needed, ATTACK + 1, ATTACK + 1), ATTACK);
  const back = 1 - Math.exp(-1 / RELEASE);
  for (let step = 1; step < turns.length; step += 1) {
    const before = turns[step - 1] ?? 1;
    turns[step] = Math.min(turns[step] ?? 1, before + (1 - before) * back);
  }
  return turns;
}

/** The power of each block of 100 ms that is left. */
function powersOf({ gain, turns }: Limiting, energies: Float32Array): Float64Array {
  const powers = new Float64Array(Math.ceil(energies.length / STEPS));
  for (let step = 0; step < energies.length; step += 1) {
    const block = Math.floor(step / STEPS);
    powers[block] = (powers[block] ?? 0) + ((energies[step] ?? 0) * ((turns[step] ?? 1) * gain) ** 2) / BLOCK;
  }
  return powers;
}
