import { describe, expect, it } from '@jest/globals';
import { progressInWords, progressOf, withReading, type ProgressReading } from './progress.js';

/** Readings as they come, each given as seconds and what is done by then of 1000. */
const heard = (...told: [number, number][]) =>
  told.reduce<readonly ProgressReading[]>(
    (before, [seconds, done]) => withReading(before, { done, total: 1_000, atMs: 1_000 * seconds }),
    [],
  );

describe('progress', () => {
  it('has no speed before its second reading', () => {
    expect(progressOf(heard([7, 40]))).toEqual({ done: 40, total: 1_000, per_second: null, seconds_left: null });
  });

  it('tells the speed of the last while, not of the whole way', () => {
    expect(progressOf(heard([0, 0], [10, 100]))).toEqual({ done: 100, total: 1_000, per_second: 10, seconds_left: 90 });
    // Four times as fast from then on.
    const faster = heard([0, 0], [10, 100], [15, 300], [20, 500], [25, 700]);
    expect(progressOf(faster)).toEqual({ done: 700, total: 1_000, per_second: 40, seconds_left: 8 });
  });

  it('keeps no more than it needs, and two readings however far they are apart', () => {
    const often = heard(...Array.from({ length: 500 }, (_, second): [number, number] => [second, second]));
    expect(often.length).toBeLessThan(20);
    expect(progressOf(heard([0, 0], [60, 30], [120, 90]))).toMatchObject({ per_second: 1, seconds_left: 910 });
  });

  it('says of nothing that gets on when it will be done', () => {
    expect(progressOf(heard([0, 500], [10, 500], [30, 500]))).toMatchObject({ per_second: 0, seconds_left: null });
  });

  it('begins anew with what is counted anew', () => {
    const again = withReading(heard([0, 0], [10, 900]), { done: 3, total: 1_000, atMs: 12_000 });
    expect(progressOf(again)).toMatchObject({ done: 3, per_second: null });
    const other = withReading(heard([0, 0], [10, 900]), { done: 901, total: 2_000, atMs: 12_000 });
    expect(progressOf(other)).toMatchObject({ total: 2_000, per_second: null });
  });

  it('is over when all is done', () => {
    expect(progressOf(heard([0, 0], [10, 1_000]))).toMatchObject({ seconds_left: 0 });
    expect(progressOf(heard([0, 1_000]))).toMatchObject({ per_second: null, seconds_left: 0 });
  });

  it.each([
    [{ done: 0, seconds_left: null }, '0 %'],
    [{ done: 638, seconds_left: 12 }, '63 %, 12 s left'],
    [{ done: 638, seconds_left: 100 }, '63 %, 100 s left'],
    [{ done: 10, seconds_left: 101 }, '1 %, 2 min left'],
    [{ done: 999, seconds_left: 1 }, '99 %, 1 s left'],
    [{ done: 1_000, seconds_left: 0 }, '100 %'],
  ])('%j is for people %j', (progress, words) => {
    expect(progressInWords({ total: 1_000, per_second: null, ...progress })).toBe(words);
  });
});
