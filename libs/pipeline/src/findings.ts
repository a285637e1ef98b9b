import { IsBoolean, IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Min } from 'class-validator';
import type { ItemKind } from './stages.js';
import { gateAt, STEPS } from './stages.js';
import type { Status } from './statuses.js';

/** What can be wrong with a file that is whole. */
export const FINDING_CODES = [
  /** The picture is black for a while. */
  'black',
  /** The picture stands still for a while. */
  'frozen',
  /** A still picture shows nothing. */
  'blank',
  /** Nothing is heard for a while. */
  'silent',
  /** The sound is cut off at the loudest that a file can hold. */
  'clipped',
  /** It is much louder or quieter than it should be. */
  'loudness',
  /** It is not as long as it was to be, or picture and sound are not of one length. */
  'length',
  /** The picture is smaller than it is shown, or of another shape. */
  'size',
  /** Captions that nobody can read, or words without any. */
  'captions',
  /** A clip is over before its narration: its last frame is held. */
  'held',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** Something that a person should know before deciding about an item. Stored and shown as it is. */
export class Finding {
  @IsIn(FINDING_CODES)
  code: FindingCode;

  /** A sentence for whoever decides: `Black from 0.0 to 5.0 s`. */
  @IsString()
  @IsNotEmpty()
  message: string;

  /** Too bad to be shown to anybody, and another try may be better: the item is made again by itself, once. */
  @IsBoolean()
  grave: boolean;

  /** Where it begins, from the item's start. */
  @IsOptional()
  @IsInt()
  @Min(0)
  from_ms?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  to_ms?: number;
}

/** Something that is wrong with a part of an item. */
export function passage(code: FindingCode, what: string, [from_ms, to_ms]: readonly [number, number], grave: boolean): Finding {
  return { code, message: `${what} from ${inSeconds(from_ms)} to ${inSeconds(to_ms)} s`, grave, from_ms, to_ms };
}

/** A time in a message, as people read it. */
export const inSeconds = (ms: number): string => (ms / 1_000).toFixed(1);

interface Inspected {
  readonly kind: ItemKind;
  readonly position: number;
  readonly findings: readonly Finding[];
}

/** What was made since the gate before the one where a task waits, so also what no gate shows by itself; nothing when it waits at none. */
export function madeForGate<T extends { readonly kind: ItemKind }>(status: Status, items: readonly T[]): T[] {
  const gate = gateAt(status);
  if (!gate) return [];
  const last = STEPS.findIndex(({ name }) => name === gate.name);
  const before = STEPS.findLastIndex((step, index) => index < last && step.gate !== null);
  const kinds = STEPS.slice(before + 1, last + 1).map(({ item }) => item);
  return items.filter(({ kind }) => kinds.includes(kind));
}

/** Findings of items in a few lines, `Clip 7: frozen from 1.2 to 5.0 s`, the grave ones first; `and 3 more` when there are more than `most`. */
export function findingLines(items: readonly Inspected[], most: number): string[] {
  const all = items.flatMap(({ kind, position, findings }) => findings.map(({ grave, message }) => ({ kind, position, grave, message })));
  const lines = [...all.filter(({ grave }) => grave), ...all.filter(({ grave }) => !grave)].map(
    ({ kind, position, message }) =>
      `${capital(kind.replace('_', ' '))} ${position + 1}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
  );
  const shown = lines.slice(0, most);
  return lines.length > most ? [...shown, `and ${lines.length - most} more`] : shown;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
