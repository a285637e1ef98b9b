import { problemsOf, type Problem } from '#pipeline';
import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { invalidInput } from './api-error.js';

/** Checks bodies and queries against their classes; every wrong or unknown field is named, and every text that could not be stored. */
class Validation extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      exceptionFactory: (errors) => invalidInput(problemsOf(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (this.toValidate(metadata)) {
      const problems = unstorable(value, '');
      if (problems.length > 0) throw invalidInput(problems);
    }
    return super.transform(value, metadata);
  }
}

export const validation = new Validation();

/** Texts that Postgres does not take, by the path of their field. */
function unstorable(value: unknown, field: string): Problem[] {
  if (typeof value === 'string') {
    if (value.includes('\0')) return [{ field, message: `${field} must not hold a NUL character` }];
    return value.isWellFormed() ? [] : [{ field, message: `${field} must not hold half of a character (a lone surrogate)` }];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, content]) => unstorable(content, field ? `${field}.${key}` : key));
}
