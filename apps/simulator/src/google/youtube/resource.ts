import { GLOBAL, refused, unreadable } from '../errors.js';

/** A resource of an untrusted body. Null counts as left out, as in all of Google's JSON. */
export class Resource {
  private constructor(
    private readonly fields: Readonly<Record<string, unknown>>,
    private readonly path: string,
  ) {}

  static of(body: unknown, path = ''): Resource {
    const value = body ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw unreadable(path || 'body', 'an object', value);
    return new Resource({ ...value }, path);
  }

  /** A part of this resource; empty when it was left out. */
  at(name: string): Resource {
    return Resource.of(this.fields[name], this.pathOf(name));
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  object(name: string): object | undefined {
    return this.has(name) ? this.at(name).fields : undefined;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'string') throw unreadable(this.pathOf(name), 'TYPE_STRING', value);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'boolean') throw unreadable(this.pathOf(name), 'TYPE_BOOL', value);
    return value;
  }

  /** A whole number. */
  number(name: string): number | undefined {
    const value = this.value(name);
    if (value !== undefined && (typeof value !== 'number' || !Number.isInteger(value)))
      throw unreadable(this.pathOf(name), 'TYPE_UINT32', value);
    return value;
  }

  texts(name: string): string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((one): one is string => typeof one === 'string'))
      throw unreadable(this.pathOf(name), 'a list of TYPE_STRING', value);
    return value;
  }

  oneOf<T extends string>(name: string, known: readonly T[]): T | undefined {
    const text = this.text(name);
    const found = known.find((one) => one === text);
    if (text !== undefined && found === undefined) throw unreadable(this.pathOf(name), `one of ${known.join(', ')}`, text);
    return found;
  }

  /** @throws WireError for a field that there is not: what is spelled wrong is not passed over */
  checkNames(known: readonly string[]): void {
    const unknown = Object.keys(this.fields).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const where = this.path ? ` at 'resource.${this.path}'` : '';
    throw refused(400, 'badRequest', `Invalid JSON payload received. Unknown name "${unknown}"${where}: Cannot find field.`, {
      domain: GLOBAL,
      status: 'INVALID_ARGUMENT',
    });
  }

  private value(name: string): unknown {
    return this.fields[name] ?? undefined;
  }

  private pathOf(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }
}
