import { createHash } from 'node:crypto';
import { invalid, type NotionError } from './errors.js';

/** Notion's limit for a list in one request (elements). */
const LONGEST_LIST = 100;

/** What reading a request leads to, once all of it has turned out to be right. */
export type Effects = (() => void)[];

/** A part of an untrusted body that knows where it stands, so that what is wrong with it is said as Notion says it. */
export class Field {
  constructor(
    readonly value: unknown,
    readonly path = 'body',
  ) {}

  /** Whether it was left out. Null is something. */
  get isMissing(): boolean {
    return this.value === undefined;
  }

  get isNull(): boolean {
    return this.value === null;
  }

  /** A field of this object; may be missing. */
  at(name: string): Field {
    return new Field(this.object()[name], `${this.path}.${name}`);
  }

  /** The names of this object's fields. */
  names(): string[] {
    return Object.keys(this.object());
  }

  object(): Record<string, unknown> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) throw this.wrong('an object');
    return this.value as Record<string, unknown>;
  }

  items(most = LONGEST_LIST): Field[] {
    if (!Array.isArray(this.value)) throw this.wrong('an array');
    this.checkLength(this.value, most);
    return this.value.map((value, index) => new Field(value, `${this.path}[${index}]`));
  }

  /** @param most characters */
  text(most?: number): string {
    if (typeof this.value !== 'string') throw this.wrong('a string');
    if (most !== undefined) this.checkLength(this.value, most);
    return this.value;
  }

  number(): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) throw this.wrong('a number');
    return this.value;
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.wrong('a boolean');
    return this.value;
  }

  oneOf<T extends string>(known: readonly T[]): T {
    const found = known.find((one) => one === this.value);
    if (found === undefined) throw this.wrong(known.map((one) => `\`"${one}"\``).join(' or '));
    return found;
  }

  /** An id as the API writes it; people copy it from addresses without the dashes. */
  id(): string {
    const id = dashed(this.text());
    if (!id) throw this.wrong('a valid uuid');
    return id;
  }

  /** What this says unless it is missing. */
  optional<T>(read: (field: this) => T): T | undefined {
    return this.isMissing ? undefined : read(this);
  }

  /** What this says unless it is missing or null. */
  orNull<T>(read: (field: this) => T): T | null {
    return this.isMissing || this.isNull ? null : read(this);
  }

  /** @param should what the field ought to be: `a string` */
  wrong(should: string): NotionError {
    const shown = this.value === undefined ? 'undefined' : JSON.stringify(this.value);
    const head = this.path.split(/[.[]/, 1)[0] ?? 'body';
    return invalid(`${head} failed validation: ${this.path} should be ${this.isMissing ? 'defined' : should}, instead was \`${shown}\`.`);
  }

  absent(): void {
    if (!this.isMissing) throw this.wrong('not present');
  }

  private checkLength({ length }: { length: number }, most: number): void {
    if (length > most) throw new Field(length, `${this.path}.length`).wrong(`≤ \`${most}\``);
  }
}

/** An id with its dashes; null when it is none. */
export function dashed(id: string): string | null {
  const digits = /^[\da-f]{32}$/i.exec(id.replaceAll('-', ''))?.[0].toLowerCase();
  return digits ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : null;
}

/** An id that is always the same for a text. */
export function idFrom(text: string): string {
  return dashed(createHash('sha256').update(text).digest('hex').slice(0, 32)) ?? '';
}
