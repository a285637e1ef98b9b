import { describe, expect, it } from '@jest/globals';
import { pacificDay, sincePacificMidnightMs, untilPacificMidnightMs } from '#pipeline';

const HOUR = 3_600_000;

describe('untilPacificMidnightMs', () => {
  it.each([
    ['in winter (UTC-8)', '2026-01-15T07:59:59.500Z', 500],
    ['in summer (UTC-7)', '2026-07-15T06:30:00.000Z', HOUR / 2],
    ['at midnight itself', '2026-01-15T08:00:00.000Z', 24 * HOUR],
    ['on the day of 23 hours', '2026-03-08T08:00:00.000Z', 23 * HOUR],
    ['on the day of 25 hours', '2026-11-01T07:00:00.000Z', 25 * HOUR],
  ])('%s', (_, now, expected) => {
    expect(untilPacificMidnightMs(new Date(now))).toBe(expected);
  });
});

it.each([
  ['2026-11-01T06:59:59.999Z', '2026-10-31', 24 * HOUR - 1_000],
  ['2026-11-01T07:00:00.000Z', '2026-11-01', 0],
  ['2026-11-02T07:59:59.000Z', '2026-11-01', 24 * HOUR - 1_000],
  ['2026-03-08T11:00:00.000Z', '2026-03-08', 4 * HOUR],
])('%s belongs to %s', (moment, day, since) => {
  expect(pacificDay(new Date(moment))).toBe(day);
  expect(sincePacificMidnightMs(new Date(moment))).toBe(since);
});
