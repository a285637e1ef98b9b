import { invalid } from '../errors.js';
import type { Field } from '../field.js';
import type { DataSource } from './databases.js';
import type { PageReader } from './page-reader.js';
import type { Page } from './page.js';
import type { Property } from './schema.js';
import { optionsOf } from './values.js';

const DIRECTIONS = ['ascending', 'descending'] as const;
const TIMESTAMPS = ['created_time', 'last_edited_time'] as const;

/** By what a row is sorted, and which way; null comes last either way. */
export interface SortKey {
  value: number | string | null;
  isDescending: boolean;
}

/** What a row is sorted by: what the query says, then the order in which rows were made, newest first. */
export function readSorts(field: Field, source: DataSource, reader: PageReader): (page: Page) => SortKey[] {
  const sorts = field.optional((given) => given.items().map((item) => readSort(item, source, reader))) ?? [];
  return (page) => [...sorts.map((sort) => sort(page)), { value: page.position, isDescending: sorts.length === 0 }];
}

export function compareKeys(one: readonly SortKey[], other: readonly SortKey[]): number {
  for (const [index, { value, isDescending }] of one.entries()) {
    const against = other[index]?.value ?? null;
    if (value === against) continue;
    if (value === null) return 1;
    if (against === null) return -1;
    return value < against === isDescending ? 1 : -1;
  }
  return 0;
}

function readSort(field: Field, source: DataSource, reader: PageReader): (page: Page) => SortKey {
  const isDescending = field.at('direction').oneOf(DIRECTIONS) === 'descending';
  const timestamp = field.at('timestamp').optional((given) => given.oneOf(TIMESTAMPS));
  if (timestamp) return (page) => ({ value: reader.computed(page, timestamp), isDescending });
  const key = field.at('property').text();
  const property = source.schema.find(key);
  if (!property) throw invalid(`Could not find sort property with name or id: ${key}`);
  return (page) => ({ value: sortable(page, property, reader), isDescending });
}

function sortable(page: Page, property: Property, reader: PageReader): number | string | null {
  const value = reader.value(page, property);
  // Options are sorted as they stand in the property.
  if (value && 'options' in value) {
    const [option] = optionsOf(value);
    return option ? property.options.indexOf(option) : null;
  }
  const plain = reader.plain(page, property);
  if (typeof plain === 'boolean') return Number(plain);
  if (typeof plain === 'number') return plain;
  const text = (Array.isArray(plain) ? plain.join() : (plain ?? '')).toLowerCase();
  return text === '' ? null : text;
}
