import { And, LessThan, MoreThanOrEqual, type FindOperator } from 'typeorm';

/** The condition that a time lies in a range, its end left out; both ends may be open. */
export function during<C extends string>(
  column: C,
  from: Date | undefined,
  until: Date | undefined,
): Partial<Record<C, FindOperator<Date>>> {
  const bounds = [...(from ? [MoreThanOrEqual(from)] : []), ...(until ? [LessThan(until)] : [])];
  return (bounds.length > 0 ? { [column]: And(...bounds) } : {}) as Partial<Record<C, FindOperator<Date>>>;
}
