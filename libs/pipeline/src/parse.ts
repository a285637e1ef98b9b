import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError, type ValidatorOptions } from 'class-validator';

/** A field that is wrong, by its path, and why: `scenes.3.narration` `should not be empty`. */
export interface Problem {
  field: string;
  message: string;
}

/** A parsed value, or everything that is wrong with it. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/** Outside data as an instance of a validated class. Unknown keys are dropped unless the options say otherwise. */
export function parse<T extends object>(type: ClassConstructor<T>, data: unknown, options: ValidatorOptions = {}): Parsed<T> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return { ok: false, problems: [{ field: '', message: 'must be an object' }] };
  }
  const value = plainToInstance(type, data);
  const problems = problemsOf(validateSync(value, { whitelist: true, forbidUnknownValues: true, ...options }));
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
}

/** Data in which what is null is left out, as where nothing stands behind a key. */
export function withoutNulls(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withoutNulls);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).flatMap(([key, value]) => (value === null ? [] : [[key, withoutNulls(value)]])));
}

/** class-validator's tree of errors as a flat list of fields. */
export function problemsOf(errors: readonly ValidationError[], prefix = ''): Problem[] {
  return errors.flatMap((error) => {
    const field = prefix ? `${prefix}.${error.property}` : error.property;
    return [...Object.values(error.constraints ?? {}).map((message) => ({ field, message })), ...problemsOf(error.children ?? [], field)];
  });
}

/** Problems in one line for logs and error texts. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
}
