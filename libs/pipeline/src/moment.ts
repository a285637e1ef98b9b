import { ValidateBy, isISO8601, type ValidationArguments } from 'class-validator';

/** A field that names a moment: a day, or a time with its offset. Without one, what it means would depend on where the program runs. */
export const IsMoment = () =>
  ValidateBy({
    name: 'isMoment',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' &&
        /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(value) &&
        isISO8601(value, { strict: true }) &&
        new Date(value).getTime() >= 0,
      defaultMessage: ({ property = '' }: Partial<ValidationArguments> = {}) =>
        `${property} must be a day or a time such as 2026-11-21 or 2026-11-21T08:00:00Z (in a query, write + as %2B)`,
    },
  });
