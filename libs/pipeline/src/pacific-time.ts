/** By whose midnight the daily quotas of Google's APIs begin anew. */
export const PACIFIC_TIME = 'America/Los_Angeles';

const CLOCK = new Intl.DateTimeFormat('en-US', {
  timeZone: PACIFIC_TIME,
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
});

/** How long it is from `now` to the next midnight Pacific time (ms), also on days with 23 or 25 hours. */
export function untilPacificMidnightMs(now: Date = new Date()): number {
  const today = pacificDay(now);
  // The offset changes at most once a day and by an hour, so midnight is the first hour's edge, looked for in steps of one, at which the day differs.
  const { minute, second } = pacific(now);
  let at = now.getTime() - (minute * 60 + second) * 1_000 - now.getMilliseconds();
  do at += 3_600_000;
  while (pacificDay(new Date(at)) === today);
  return at - now.getTime();
}

function pacificDay(date: Date): string {
  const { year, month, day } = pacific(date);
  return `${year}-${month}-${day}`;
}

function pacific(date: Date): Record<'year' | 'month' | 'day' | 'minute' | 'second', number> {
  const parts = Object.fromEntries(CLOCK.formatToParts(date).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, minute, second };
}
