import { invalid } from '../errors.js';
import type { Field } from '../field.js';

/** Asks something of a date or a time in ISO 8601; null: there is none. */
export type DateTest = (date: string | null) => boolean;

const DAY_MS = 86_400_000;
/** Days and months from today. */
const RELATIVE = {
  today: [0, 0],
  tomorrow: [1, 0],
  yesterday: [-1, 0],
  one_week_ago: [-7, 0],
  one_week_from_now: [7, 0],
  one_month_ago: [0, -1],
  one_month_from_now: [0, 1],
} as const;
/** Days from today to the first and to the last day that is meant. */
const SPANS = {
  past_week: [-7, 0],
  past_month: [-30, 0],
  past_year: [-365, 0],
  next_week: [0, 7],
  next_month: [0, 30],
  next_year: [0, 365],
} as const;

const COMPARISONS = {
  equals: (one: number, other: number) => one === other,
  before: (one: number, other: number) => one < other,
  after: (one: number, other: number) => one > other,
  on_or_before: (one: number, other: number) => one <= other,
  on_or_after: (one: number, other: number) => one >= other,
};

/** What a filter's condition asks of a date. Days are compared by days (in UTC), times by milliseconds. */
export function datesOf(condition: Field): DateTest {
  const [name = ''] = condition.names();
  if (name === 'is_empty') return (date) => date === null;
  if (name === 'is_not_empty') return (date) => date !== null;
  if (Object.hasOwn(SPANS, name)) {
    const [first, last] = SPANS[name as keyof typeof SPANS];
    return within(startOfDay(Date.now()) + first * DAY_MS, startOfDay(Date.now()) + (last + 1) * DAY_MS);
  }
  if (name === 'this_week') {
    const sunday = startOfDay(Date.now()) - new Date().getUTCDay() * DAY_MS;
    return within(sunday, sunday + 7 * DAY_MS);
  }
  if (!Object.hasOwn(COMPARISONS, name))
    throw invalid(
      `body failed validation: ${condition.path} has no condition on a date, use one of ${Object.keys(COMPARISONS).join(', ')}.`,
    );
  const compare = COMPARISONS[name as keyof typeof COMPARISONS];
  const wanted = absolute(condition.at(name));
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(wanted);
  const limit = Date.parse(wanted);
  return (date) => date !== null && compare(isDay ? startOfDay(Date.parse(date)) : Date.parse(date), limit);
}

function absolute(field: Field): string {
  const given = field.text();
  if (Object.hasOwn(RELATIVE, given)) {
    const [days, months] = RELATIVE[given as keyof typeof RELATIVE];
    const date = new Date(startOfDay(Date.now()) + days * DAY_MS);
    date.setUTCMonth(date.getUTCMonth() + months);
    return date.toISOString().slice(0, 10);
  }
  if (Number.isNaN(Date.parse(given))) throw field.wrong('a valid ISO 8601 date string');
  return given;
}

function within(from: number, to: number): DateTest {
  return (date) => date !== null && Date.parse(date) >= from && Date.parse(date) < to;
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}
