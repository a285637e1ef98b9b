import { invalid } from '../errors.js';
import type { Field } from '../field.js';
import type { DataSource } from './databases.js';
import { datesOf } from './dates.js';
import type { PageReader } from './page-reader.js';
import type { Page } from './page.js';
import { findOption, type Property } from './schema.js';
import { optionsOf, type ComputedType } from './values.js';

export type RowTest = (page: Page) => boolean;

/** Notion's limit for groups in groups. */
const DEEPEST = 2;
const TIMESTAMPS = ['created_time', 'last_edited_time'] as const;

/**
 * What a query's filter asks of a row.
 * @throws NotionError when it names a property that is not there, or asks what cannot be asked of it
 */
export function readFilter(field: Field, source: DataSource, reader: PageReader, depth = 0): RowTest {
  for (const group of ['and', 'or'] as const) {
    const members = field.at(group);
    if (members.isMissing) continue;
    if (depth >= DEEPEST) members.absent();
    const tests = members.items().map((member) => readFilter(member, source, reader, depth + 1));
    return group === 'and' ? (page) => tests.every((test) => test(page)) : (page) => tests.some((test) => test(page));
  }
  const timestamp = field.at('timestamp').optional((given) => given.oneOf(TIMESTAMPS));
  if (timestamp) {
    const test = datesOf(field.at(timestamp));
    return (page) => test(reader.computed(page, timestamp));
  }
  const key = field.at('property').text();
  const property = source.schema.find(key);
  if (!property) throw invalid(`Could not find property with name or id: ${key}`);
  const condition = field.at(property.type);
  if (condition.isMissing) {
    const asked = field.names().find((name) => name !== 'property' && name !== 'type') ?? 'nothing';
    throw invalid(`database property ${property.type} does not match filter ${asked}`);
  }
  return readCondition(property, condition, reader);
}

function readCondition(property: Property, condition: Field, reader: PageReader): RowTest {
  const [name] = condition.names();
  if (name === undefined) throw condition.wrong('a condition');
  const wanted = condition.at(name);
  switch (property.type) {
    case 'title':
    case 'rich_text':
    case 'url':
    case 'email':
    case 'phone_number': {
      const test = readText(name, wanted);
      return (page) => test(String(reader.plain(page, property) ?? ''));
    }
    case 'number':
    case 'unique_id': {
      const test = readNumber(name, wanted);
      return (page) => test(reader.plain(page, property) as number | null);
    }
    case 'checkbox': {
      const isWanted = wanted.boolean() === (one(name, ['equals', 'does_not_equal'], wanted) === 'equals');
      return (page) => reader.plain(page, property) === isWanted;
    }
    case 'select':
    case 'status':
    case 'multi_select':
      return readOptions(property, name, wanted, reader);
    case 'files':
    case 'people':
    case 'relation':
      return readList(property, name, wanted, reader);
    case 'date': {
      const test = datesOf(condition);
      return (page) => {
        const value = reader.value(page, property);
        return test(value?.type === 'date' ? (value.date?.start ?? null) : null);
      };
    }
    case 'created_time':
    case 'last_edited_time': {
      const test = datesOf(condition);
      return (page) => test(reader.computed(page, property.type as ComputedType));
    }
    case 'created_by':
    case 'last_edited_by': {
      const id = wanted.id();
      const isContained = one(name, ['contains', 'does_not_contain'], wanted) === 'contains';
      return (page) => (reader.computed(page, property.type as ComputedType) === id) === isContained;
    }
  }
}

/** The name of a condition, if it is one that can be asked. */
function one<T extends string>(name: string, known: readonly T[], field: Field): T {
  const found = known.find((candidate) => candidate === name);
  if (!found) throw invalid(`body failed validation: ${field.path} is no condition, use one of ${known.join(', ')}.`);
  return found;
}

const EXISTENCE = ['is_empty', 'is_not_empty'] as const;
const TEXT_CONDITIONS = ['equals', 'does_not_equal', 'contains', 'does_not_contain', 'starts_with', 'ends_with', ...EXISTENCE] as const;

/** Text is compared whatever its case. */
function readText(name: string, wanted: Field): (text: string) => boolean {
  const condition = one(name, TEXT_CONDITIONS, wanted);
  if (condition === 'is_empty') return (text) => text === '';
  if (condition === 'is_not_empty') return (text) => text !== '';
  const words = wanted.text().toLowerCase();
  const folded = (test: (text: string) => boolean) => (text: string) => test(text.toLowerCase());
  switch (condition) {
    case 'equals':
      return folded((text) => text === words);
    case 'does_not_equal':
      return folded((text) => text !== words);
    case 'contains':
      return folded((text) => text.includes(words));
    case 'does_not_contain':
      return folded((text) => !text.includes(words));
    case 'starts_with':
      return folded((text) => text.startsWith(words));
    case 'ends_with':
      return folded((text) => text.endsWith(words));
  }
}

const NUMBER_CONDITIONS = {
  equals: (number: number | null, wanted: number) => number === wanted,
  does_not_equal: (number: number | null, wanted: number) => number !== wanted,
  greater_than: (number: number | null, wanted: number) => number !== null && number > wanted,
  less_than: (number: number | null, wanted: number) => number !== null && number < wanted,
  greater_than_or_equal_to: (number: number | null, wanted: number) => number !== null && number >= wanted,
  less_than_or_equal_to: (number: number | null, wanted: number) => number !== null && number <= wanted,
};
type NumberCondition = keyof typeof NUMBER_CONDITIONS;

function readNumber(name: string, wanted: Field): (number: number | null) => boolean {
  const condition = one(name, [...(Object.keys(NUMBER_CONDITIONS) as NumberCondition[]), ...EXISTENCE], wanted);
  if (condition === 'is_empty') return (number) => number === null;
  if (condition === 'is_not_empty') return (number) => number !== null;
  const given = wanted.number();
  return (number) => NUMBER_CONDITIONS[condition](number, given);
}

function readOptions(property: Property, name: string, wanted: Field, reader: PageReader): RowTest {
  const [yes, no] =
    property.type === 'multi_select' ? (['contains', 'does_not_contain'] as const) : (['equals', 'does_not_equal'] as const);
  const condition = one(name, [yes, no, ...EXISTENCE], wanted);
  const held = (page: Page) => {
    const value = reader.value(page, property);
    return value && 'options' in value ? optionsOf(value) : [];
  };
  if (condition === 'is_empty') return (page) => held(page).length === 0;
  if (condition === 'is_not_empty') return (page) => held(page).length > 0;
  const names = Array.isArray(wanted.value) ? wanted.items().map((item) => item.text()) : [wanted.text()];
  const options = names.map((title) => {
    const option = findOption(property, title);
    if (option) return option;
    const available = property.options.map((known) => `"${known.name}"`).join(', ');
    throw invalid(`${property.type} option "${title}" not found for property "${property.name}". Available options: ${available}`);
  });
  const isOneOf = (page: Page) => held(page).some((option) => options.includes(option));
  return condition === yes ? isOneOf : (page) => !isOneOf(page);
}

function readList(property: Property, name: string, wanted: Field, reader: PageReader): RowTest {
  const held = (page: Page) => reader.plain(page, property) as string[];
  const condition = one(name, property.type === 'files' ? EXISTENCE : (['contains', 'does_not_contain', ...EXISTENCE] as const), wanted);
  if (condition === 'is_empty') return (page) => held(page).length === 0;
  if (condition === 'is_not_empty') return (page) => held(page).length > 0;
  const id = wanted.id();
  return (page) => held(page).includes(id) === (condition === 'contains');
}
