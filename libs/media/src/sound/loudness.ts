import { BLOCK, CHANNELS } from './form.js';

/** Blocks of a momentary loudness (400 ms); the next one begins one block later, so that they overlap by three quarters (ITU-R BS.1770-5). */
const WINDOW = 4;
/** What is quieter than this (LUFS), or by so much than the rest (LU), is a pause and does not count. */
const ABSOLUTE_GATE = -70;
export const RELATIVE_GATE = -10;
/** What BS.1770 adds to the level of its filtered signal (dB). */
const OFFSET = -0.691;

/** Coefficients of BS.1770's two filters at 48 kHz: how the head changes what the ear gets, and that low notes are heard less. */
const HEAD = { b0: 1.53512485958697, b1: -2.69169618940638, b2: 1.19839281085285, a1: -1.69065929318241, a2: 0.73248077421585 };
const LOWS = { a1: -1.99004745483398, a2: 0.99007225036621 };

/** The loudness of a power (LUFS), the sum of both channels' mean squares after the filters. */
export const loudnessOf = (power: number) => OFFSET + 10 * Math.log10(power);
const powerOf = (loudness: number) => 10 ** ((loudness - OFFSET) / 10);

/** Turns sound, block by block, into the energy that the ear gets (ITU-R BS.1770-5). */
export class Loudness {
  /** The filters' memory, four values a channel. */
  private readonly memory = new Float64Array(4 * CHANNELS);

  /** The power of the next block: both channels in turn, at most 100 ms. A shorter one counts as if silence followed. */
  power(block: Float32Array): number {
    return this.energies(block, BLOCK).reduce((sum, energy) => sum + energy, 0) / BLOCK;
  }

  /** The energy of each step of the next block, `step` samples long, of both channels. */
  energies(block: Float32Array, step: number): Float64Array {
    const energies = new Float64Array(Math.ceil(block.length / CHANNELS / step));
    for (let channel = 0; channel < CHANNELS; channel += 1) this.add(energies, block, channel, step);
    return energies;
  }

  private add(energies: Float64Array, block: Float32Array, channel: number, step: number): void {
    const { b0, b1, b2, a1, a2 } = HEAD;
    const { a1: c1, a2: c2 } = LOWS;
    const at = 4 * channel;
    let [h1, h2, l1, l2] = [this.memory[at] ?? 0, this.memory[at + 1] ?? 0, this.memory[at + 2] ?? 0, this.memory[at + 3] ?? 0];
    for (let index = 0; index < energies.length; index += 1) {
      const end = Math.min(block.length, (index + 1) * step * CHANNELS);
      let energy = 0;
      for (let moment = index * step * CHANNELS + channel; moment < end; moment += CHANNELS) {
        const sample = block[moment] ?? 0;
        const head = b0 * sample + h1;
        h1 = b1 * sample - a1 * head + h2;
        h2 = b2 * sample - a2 * head;
        const ear = head + l1;
        l1 = -2 * head - c1 * ear + l2;
        l2 = head - c2 * ear;
        energy += ear * ear;
      }
      energies[index] = (energies[index] ?? 0) + energy;
    }
    this.memory.set([h1, h2, l1, l2], at);
  }
}

/** The power of each window of four blocks; the first is that of the blocks 0 to 3. What is shorter than one window is one. */
export function momentary(powers: Float64Array): Float64Array {
  const windows = new Float64Array(Math.max(1, powers.length - WINDOW + 1));
  let sum = 0;
  for (let block = 0; block < powers.length; block += 1) {
    sum += powers[block] ?? 0;
    if (block >= WINDOW) sum -= powers[block - WINDOW] ?? 0;
    if (block >= WINDOW - 1) windows[block - WINDOW + 1] = Math.max(0, sum) / WINDOW;
  }
  if (powers.length < WINDOW) windows[0] = sum / Math.max(1, powers.length);
  return windows;
}

/** The blocks of a window. */
export const blocksOf = (window: number) => Array.from({ length: WINDOW }, (_, index) => window + index);

/** The loudness of a whole (LUFS): the mean of what is no pause; -Infinity when everything is. */
export function integrated(powers: Float64Array): number {
  const windows = momentary(powers);
  const first = meanAbove(windows, powerOf(ABSOLUTE_GATE));
  if (first === 0) return -Infinity;
  return loudnessOf(meanAbove(windows, Math.max(powerOf(ABSOLUTE_GATE), first * 10 ** (RELATIVE_GATE / 10))));
}

/** The loudest 400 ms (LUFS); -Infinity of silence. */
export function loudest(powers: Float64Array): number {
  return loudnessOf(momentary(powers).reduce((most, power) => Math.max(most, power), 0));
}

function meanAbove(windows: Float64Array, gate: number): number {
  let [sum, count] = [0, 0];
  for (const power of windows) {
    if (power < gate) continue;
    sum += power;
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}
