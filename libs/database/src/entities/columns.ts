import type { ColumnOptions, ValueTransformer } from 'typeorm';

// pg hands numeric and bigint over as text, so that no digit is lost; ours fit a double.
const asNumber: ValueTransformer = {
  to: (value: number | null) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

export const UUID: ColumnOptions = { type: 'uuid' };
export const TEXT: ColumnOptions = { type: 'text' };
export const INTEGER: ColumnOptions = { type: 'integer' };
export const DOUBLE: ColumnOptions = { type: 'double precision' };
export const SMALLINT: ColumnOptions = { type: 'smallint' };
export const BOOLEAN: ColumnOptions = { type: 'boolean' };
export const JSONB: ColumnOptions = { type: 'jsonb' };
export const TIME: ColumnOptions = { type: 'timestamptz' };
export const BYTES: ColumnOptions = { type: 'bigint', transformer: asNumber };
export const USD: ColumnOptions = { type: 'numeric', precision: 12, scale: 6, transformer: asNumber };

/** The same column, but it may be null. */
export const optional = (column: ColumnOptions): ColumnOptions => ({ ...column, nullable: true });
