import { CHANNELS } from './form.js';

/** Curves of gain, a value a step. What is made of one here is never above it, so that a limit that it keeps stays kept. */
type Curve = Float32Array;

/** The lowest value from so many steps before each to so many after it. */
export function lowestAround(curve: Curve, before: number, after: number): Curve {
  const lowest = new Float32Array(curve.length);
  // Indices whose values rise; the first is the lowest of the steps in sight.
  const rising: number[] = [];
  let head = 0;
  for (let index = 0; index < curve.length + after; index += 1) {
    if (index < curve.length) {
      while (rising.length > head && (curve[rising.at(-1) ?? 0] ?? 0) >= (curve[index] ?? 0)) rising.pop();
      rising.push(index);
    }
    const center = index - after;
    if (center < 0) continue;
    while ((rising[head] ?? 0) < center - before) head += 1;
    lowest[center] = curve[rising[head] ?? 0] ?? 0;
  }
  return lowest;
}

/**
 * The mean from so many steps before each to so many after it; beyond the ends a curve goes on as it ends. Of the lowest around as many steps it stays
 * below the first curve.
 */
export function meanAround(curve: Curve, around: number): Curve {
  const at = (index: number) => curve[Math.min(curve.length - 1, Math.max(0, index))] ?? 0;
  const mean = new Float32Array(curve.length);
  let sum = 0;
  for (let index = -around; index <= around; index += 1) sum += at(index);
  for (let index = 0; index < curve.length; index += 1) {
    mean[index] = sum / (2 * around + 1);
    sum += at(index + around + 1) - at(index - around);
  }
  return mean;
}

/**
 * Multiplies a stretch of sound by a factor and a curve: in each step in a straight line from what it has in common with the one before to what it has
 * with the one after.
 * @param step samples of a step
 * @param fromMoment where the stretch begins on the curve (samples)
 */
export function applyCurve(sound: Float32Array, curve: Curve, step: number, fromMoment: number, factor = 1): void {
  const value = (index: number) => curve[Math.min(curve.length - 1, Math.max(0, index))] ?? 1;
  const moments = sound.length / CHANNELS;
  for (let moment = 0; moment < moments;) {
    const index = Math.floor((fromMoment + moment) / step);
    const start = index * step - fromMoment;
    const end = Math.min(moments, start + step);
    const first = Math.min(value(index - 1), value(index));
    const last = Math.min(value(index), value(index + 1));
    const slope = (last - first) / step;
    for (; moment < end; moment += 1) {
      const gain = (first + slope * (moment - start)) * factor;
      for (let channel = 0; channel < CHANNELS; channel += 1) {
        const at = moment * CHANNELS + channel;
        sound[at] = (sound[at] ?? 0) * gain;
      }
    }
  }
}
