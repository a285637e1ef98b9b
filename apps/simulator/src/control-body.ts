import { describeProblems, parse } from '#pipeline';
import { applyDecorators } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import { IsNumber, Max, Min, ValidateBy } from 'class-validator';
import { WireError } from './answer.js';

/** An untrusted body of a request that sets up the simulator, as what it should be. */
export function read<T extends object>(type: ClassConstructor<T>, body: unknown): T {
  const parsed = parse(type, body ?? {}, { forbidNonWhitelisted: true });
  if (!parsed.ok) throw new WireError(400, { message: describeProblems(parsed.problems) });
  return parsed.value;
}

/** A share, from 0 to 1. */
export function IsShare(): PropertyDecorator {
  return applyDecorators(IsNumber(), Min(0), Max(1));
}

/** An object of shares by names, together no more than 1. */
export function AreShares(names: readonly string[]): PropertyDecorator {
  return ValidateBy({
    name: 'areShares',
    validator: {
      validate: (value: unknown) => {
        const shares = Object.entries(value ?? {});
        const sum = shares.reduce((total, [, share]) => total + Number(share), 0);
        return shares.every(([name, share]) => names.includes(name) && typeof share === 'number' && share >= 0) && sum <= 1;
      },
      defaultMessage: () => `$property must hold shares, together no more than 1, of: ${names.join(', ')}`,
    },
  });
}
