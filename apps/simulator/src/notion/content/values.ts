import { invalid } from '../errors.js';
import type { Effects, Field } from '../field.js';
import type { StoredFile, Uploads } from './file-uploads.js';
import { LONGEST_URL, plainText, readRichText, richText, type RichText } from './rich-text.js';
import { findOption, newOption, readColor, type Option, type Property, type PropertyType } from './schema.js';

/** Notion's limits for an e-mail address and a telephone number (characters). */
const LONGEST_CONTACT = 200;

interface DateValue {
  start: string;
  end: string | null;
  time_zone: string | null;
}

/** What a row holds in a property. */
export type Value =
  | { type: 'title' | 'rich_text'; pieces: RichText[] }
  | { type: 'number' | 'unique_id'; number: number | null }
  | { type: 'url' | 'email' | 'phone_number'; text: string | null }
  | { type: 'checkbox'; isChecked: boolean }
  | { type: 'select' | 'status' | 'multi_select'; options: Option[] }
  | { type: 'date'; date: DateValue | null }
  | { type: 'files'; files: StoredFile[] }
  | { type: 'people' | 'relation'; ids: string[] };

/** What a row does not hold but Notion knows of it. */
export type ComputedType = 'created_time' | 'created_by' | 'last_edited_time' | 'last_edited_by';
const COMPUTED: readonly PropertyType[] = ['created_time', 'created_by', 'last_edited_time', 'last_edited_by'] satisfies ComputedType[];

export function isComputed(type: PropertyType): type is ComputedType {
  return COMPUTED.includes(type);
}

export function emptyValue(type: Exclude<PropertyType, ComputedType>): Value {
  if (type === 'title' || type === 'rich_text') return { type, pieces: [] };
  if (type === 'number' || type === 'unique_id') return { type, number: null };
  if (type === 'url' || type === 'email' || type === 'phone_number') return { type, text: null };
  if (type === 'select' || type === 'status' || type === 'multi_select') return { type, options: [] };
  if (type === 'checkbox') return { type, isChecked: false };
  if (type === 'date') return { type, date: null };
  if (type === 'files') return { type, files: [] };
  return { type, ids: [] };
}

/**
 * The value that a request writes.
 * @param field the property's value, with the type as its key
 * @throws NotionError when it is none for this property
 */
export function readValue(property: Property, field: Field, uploads: Uploads, effects: Effects): Value {
  const { type, name } = property;
  const given = field.at(type);
  if (given.isMissing) throw invalid(`${name} is expected to be ${type}.`);
  if (isComputed(type) || type === 'unique_id') throw invalid(`Cannot update ${name}: a ${type} cannot be written.`);
  if (type === 'title' || type === 'rich_text') return { type, pieces: readRichText(given) };
  if (type === 'number') return { type, number: given.orNull((number) => number.number()) };
  if (type === 'url') return { type, text: given.orNull((text) => text.text(LONGEST_URL)) };
  if (type === 'email' || type === 'phone_number') return { type, text: given.orNull((text) => text.text(LONGEST_CONTACT)) };
  if (type === 'checkbox') return { type, isChecked: given.boolean() };
  if (type === 'date') return { type, date: given.orNull(readDate) };
  if (type === 'files') return { type, files: given.items().map((file) => uploads.read(file, effects)) };
  if (type === 'people' || type === 'relation') return { type, ids: given.items().map((item) => item.at('id').id()) };
  if (type === 'multi_select') return { type, options: given.items().map((item) => readOption(property, item, effects)) };
  return { type, options: given.orNull((option) => [readOption(property, option, effects)]) ?? [] };
}

/** An option that is named for the first time is made, but for a status: those must be there. */
function readOption(property: Property, field: Field, effects: Effects): Option {
  const name = field.at('name').optional((text) => text.text());
  const id = field.at('id').optional((text) => text.text());
  const color = readColor(field.at('color'));
  const key = id ?? name;
  if (key === undefined) throw field.at('name').wrong('defined');
  const known = id === undefined ? property.options.find((option) => option.name === name) : findOption(property, key);
  if (known) {
    if (color !== undefined && color !== known.color) throw invalid("Select option color doesn't match existing");
    return known;
  }
  if (property.type === 'status' || name === undefined)
    throw invalid(`Invalid ${property.type} option. ${property.type === 'status' ? 'Status' : 'Select'} option "${key}" does not exist".`);
  const option = newOption(name, color);
  effects.push(() => {
    if (!property.options.some((one) => one.name === name)) property.options.push(option);
  });
  return option;
}

function readDate(field: Field): DateValue {
  const text = (name: string) => field.at(name).orNull((given) => given.text());
  const start = field.at('start').text();
  for (const date of [start, text('end')])
    if (date !== null && Number.isNaN(Date.parse(date))) throw field.at('start').wrong('a valid ISO 8601 date string');
  return { start, end: text('end'), time_zone: text('time_zone') };
}

/** A value as the API gives it. */
export function viewValue(value: Value, property: Property, fileView: (file: StoredFile) => object): unknown {
  switch (value.type) {
    case 'title':
    case 'rich_text':
      return value.pieces;
    case 'number':
      return value.number;
    case 'unique_id':
      return { prefix: property.more.prefix ?? null, number: value.number };
    case 'url':
    case 'email':
    case 'phone_number':
      return value.text;
    case 'checkbox':
      return value.isChecked;
    case 'select':
    case 'status':
      return optionsOf(value).map(viewOption)[0] ?? null;
    case 'multi_select':
      return optionsOf(value).map(viewOption);
    case 'date':
      return value.date;
    case 'files':
      return value.files.map(fileView);
    case 'people':
      return value.ids.map((id) => ({ object: 'user', id }));
    case 'relation':
      return value.ids.map((id) => ({ id }));
  }
}

function viewOption({ id, name, color }: Option): object {
  return { id, name, color };
}

/** The options of a value, without those that the property has no longer. */
export function optionsOf({ options }: { options: readonly Option[] }): Option[] {
  return options.filter(({ isRemoved }) => !isRemoved);
}

/** A value as a person reads it; files are for the caller to describe. */
export function plainValue(value: Value): string | number | boolean | string[] | null {
  switch (value.type) {
    case 'title':
    case 'rich_text':
      return plainText(value.pieces);
    case 'number':
    case 'unique_id':
      return value.number;
    case 'url':
    case 'email':
    case 'phone_number':
      return value.text;
    case 'checkbox':
      return value.isChecked;
    case 'select':
    case 'status':
      return optionsOf(value)[0]?.name ?? null;
    case 'multi_select':
      return optionsOf(value).map(({ name }) => name);
    case 'date':
      return value.date && [value.date.start, value.date.end].filter((date) => date !== null).join(' → ');
    case 'files':
      return value.files.map(({ name }) => name);
    case 'people':
    case 'relation':
      return value.ids;
  }
}

/**
 * What a person types into a property, as a request's value.
 * @param plain text, a number, a boolean, a list of texts, or null to empty it
 */
export function typedValue({ type }: Property, plain: unknown): unknown {
  const texts = [plain].flat().filter((text): text is string => typeof text === 'string' && text !== '');
  if (type === 'title' || type === 'rich_text') return richText(texts.join(''));
  if (type === 'select' || type === 'status') return texts[0] === undefined ? null : { name: texts[0] };
  if (type === 'multi_select') return texts.map((name) => ({ name }));
  if (type === 'date') return texts[0] === undefined ? null : { start: texts[0] };
  if (type === 'files') return texts.map((url) => ({ name: url.split('/').at(-1) ?? url, external: { url } }));
  if (type === 'people' || type === 'relation') return texts.map((id) => ({ id }));
  return plain;
}
