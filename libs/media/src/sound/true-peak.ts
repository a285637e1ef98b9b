import { CHANNELS } from './form.js';

/** Points between two samples at which the wave is looked at, too: a converter draws it through them (ITU-R BS.1770-5, annex 2). */
const PHASES = 4;
/** Samples that a point between is drawn from. */
const TAPS = 12;

/** A windowed sinc for each point between: at a quarter, a half and three quarters of the way from the sixth to the seventh sample. */
const [QUARTER = [], HALF = [], THREE_QUARTERS = []] = Array.from({ length: PHASES - 1 }, (_, phase) => {
  const taps = Array.from({ length: TAPS }, (_unused, tap) => {
    const distance = tap - (TAPS / 2 - 1) - (phase + 1) / PHASES;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / (TAPS / 2 + 0.5));
    return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * window;
  });
  const sum = taps.reduce((all, tap) => all + tap, 0);
  return Float64Array.from(taps, (tap) => tap / sum);
});

/** Finds how high sound rises, also between its samples, in steps of so many samples. */
export class TruePeak {
  /** The last samples of the block before, and a block. */
  private joined = new Float32Array(TAPS * CHANNELS);

  constructor(private readonly step: number) {}

  /** The highest of each step of a block, of both channels; a block is a whole number of steps. What lies between two blocks counts for the later one. */
  peaks(block: Float32Array): Float32Array {
    const before = TAPS * CHANNELS;
    const tail = this.joined.slice(-before);
    if (this.joined.length !== before + block.length) this.joined = new Float32Array(before + block.length);
    const { joined } = this;
    joined.set(tail);
    joined.set(block, before);
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
    let at = (moment - TAPS + 1) * CHANNELS + channel;
    let [quarter, half, threeQuarters] = [0, 0, 0];
    for (let tap = 0; tap < TAPS; tap += 1, at += CHANNELS) {
      const sample = sound[at] ?? 0;
      quarter += (QUARTER[tap] ?? 0) * sample;
      half += (HALF[tap] ?? 0) * sample;
      threeQuarters += (THREE_QUARTERS[tap] ?? 0) * sample;
    }
    peak = Math.max(peak, Math.abs(sound[at - CHANNELS] ?? 0), Math.abs(quarter), Math.abs(half), Math.abs(threeQuarters));
  }
  return peak;
}
