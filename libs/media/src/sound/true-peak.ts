import { CHANNELS } from './form.js';

/** Points between two samples at which the wave is looked at, too: a converter draws it through them (ITU-R BS.1770-5, annex 2). */
const PHASES = 4;
/** Samples that a point between is drawn from. */
const TAPS = 12;

/** A windowed sinc for each point between: at a quarter, a half and three quarters of the way from the sixth to the seventh sample. */
const BETWEEN = Array.from({ length: PHASES - 1 }, (_, phase) => {
  const taps = Float64Array.from({ length: TAPS }, (_unused, tap) => {
    const distance = tap - (TAPS / 2 - 1) - (phase + 1) / PHASES;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / (TAPS / 2 + 0.5));
    return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * window;
  });
  const sum = taps.reduce((all, tap) => all + tap, 0);
  return taps.map((tap) => tap / sum);
});

/** Finds how high sound rises, also between its samples, in steps of so many samples. */
export class TruePeak {
  /** The last samples of the block before, of both channels. */
  private readonly tail = new Float32Array(TAPS * CHANNELS);

  constructor(private readonly step: number) {}

  /** The highest of each step of a block, of both channels; a block is a whole number of steps. What lies between two blocks counts for the later one. */
  peaks(block: Float32Array): Float32Array {
    const joined = new Float32Array(this.tail.length + block.length);
    joined.set(this.tail);
    joined.set(block, this.tail.length);
    this.tail.set(joined.subarray(joined.length - this.tail.length));
    const moments = block.length / CHANNELS;
    const peaks = new Float32Array(Math.ceil(moments / this.step));
    for (let step = 0; step < peaks.length; step += 1) {
      const [from, to] = [step * this.step, Math.min(moments, (step + 1) * this.step)];
      for (let channel = 0; channel < CHANNELS; channel += 1) {
        peaks[step] = Math.max(peaks[step] ?? 0, highest(joined, channel, from + TAPS, to + TAPS));
      }
    }
    return peaks;
  }
}

/** The highest of the moments `from` to `to`, each with the points that the samples up to it draw. */
function highest(sound: Float32Array, channel: number, from: number, to: number): number {
  let peak = 0;
  for (let moment = from; moment < to; moment += 1) {
    peak = Math.max(peak, Math.abs(sound[moment * CHANNELS + channel] ?? 0));
    for (const taps of BETWEEN) {
      let value = 0;
      for (let tap = 0; tap < TAPS; tap += 1) value += (taps[tap] ?? 0) * (sound[(moment - TAPS + 1 + tap) * CHANNELS + channel] ?? 0);
      peak = Math.max(peak, Math.abs(value));
    }
  }
  return peak;
}
