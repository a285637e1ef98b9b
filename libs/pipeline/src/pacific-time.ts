/** By whose midnight the daily quotas of Google's APIs begin anew. */
export const PACIFIC_TIME = 'America/Los_Angeles';

const CLOCK = new Intl.DateTimeFormat('en-US', {
  timeZone: PACIFIC_TIME,
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
});

/** How long it is from `now` to the next midnight Pacific time (ms), also on days with 23 or 25 hours. */
export function untilPacificMidnightMs(now: Date = new Date()): number {
  const today = pacificDay(now);
  // The offset changes at most once a day and by an hour, so midnight is the first hour's edge, looked for in steps of one, at which the day differs.
  const { minute = '0', second = '0' } = pacific(now);
  let at = now.getTime() - (Number(minute) * 60 + Number(second)) * 1_000 - now.getMilliseconds();
  do at += 3_600_000;
  while (pacificDay(new Date(at)) === today);
  return at - now.getTime();
}

/** The day in Pacific time that a moment belongs to: `2026-11-25`. */
export function pacificDay(moment: Date): string {
  const { year, month, day } = pacific(moment);
  return `${year ?? ''}-${month ?? ''}-${day ?? ''}`;
}

/** How long a moment is after the midnight before it, Pacific time (ms), to the second; on a day with another number of hours, by the clock on the wall. */
export function sincePacificMidnightMs(moment: Date): number {
  const { hour, minute, second } = pacific(moment);
  return ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000;
}

function pacific(moment: Date): Partial<Record<Intl.DateTimeFormatPartTypes, string>> {
  return Object.fromEntries(CLOCK.formatToParts(moment).map(({ type, value }) => [type, value]));
}
