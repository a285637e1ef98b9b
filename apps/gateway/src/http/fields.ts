import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';

/** Rules for fields that class-validator does not have. */

/** A field that makes sense only together with some values of another. */
export const GoesWith = (other: string, ...values: readonly string[]) =>
  ValidateBy({
    name: 'goesWith',
    validator: {
      validate: (_value: unknown, args?: ValidationArguments) =>
        values.some((value) => value === (args?.object as Record<string, unknown>)[other]),
      defaultMessage: ({ property = '' }: Partial<ValidationArguments> = {}) =>
        `${property} goes with ${other} ${values.join(' or ')} only`,
    },
  });

/** A parameter of a query that is true or false; anything else is left for the check to name. */
export const Flag = () => Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

/** A parameter of a query with several values, joined by commas or repeated. */
export const Several = () =>
  Transform(({ value }: { value: unknown }) =>
    [value].flat().flatMap((one: unknown) => (typeof one === 'string' ? one.split(',').map((part) => part.trim()) : [one])),
  );
