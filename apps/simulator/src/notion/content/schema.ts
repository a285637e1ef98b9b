import { createHash, randomUUID } from 'node:crypto';
import { invalid } from '../errors.js';
import { idFrom, type Field } from '../field.js';

const PROPERTY_TYPES = [
  'title',
  'rich_text',
  'number',
  'select',
  'multi_select',
  'status',
  'date',
  'people',
  'files',
  'checkbox',
  'url',
  'email',
  'phone_number',
  'relation',
  'unique_id',
  'created_time',
  'created_by',
  'last_edited_time',
  'last_edited_by',
] as const;
export type PropertyType = (typeof PROPERTY_TYPES)[number];
const CHOICES: readonly PropertyType[] = ['select', 'multi_select', 'status'];

const COLORS = ['default', 'gray', 'brown', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'red'] as const;
export type Color = (typeof COLORS)[number];

/** Notion's limits for the name of an option (characters) and for the options of a property. */
const LONGEST_OPTION = 100;
const MOST_OPTIONS = 100;

/** An option of a select, multi-select or status. Values refer to it, so that it is gone from them when it is removed. */
export interface Option {
  readonly id: string;
  readonly name: string;
  readonly color: Color;
  description: string | null;
  isRemoved: boolean;
}

/** A property of a data source. */
export interface Property {
  /** As it is, not as the API writes it: see `encodedId`. */
  readonly id: string;
  name: string;
  readonly type: PropertyType;
  description: string | null;
  options: Option[];
  /** What a type has beyond options: a number's format, an id's prefix, a relation's other end. */
  readonly more: Readonly<Record<string, unknown>>;
}

export interface SchemaChange {
  id: string;
  name: string | null;
  action: 'created' | 'updated' | 'deleted';
}

/** The properties of a data source, by name or id. */
export class Schema {
  private properties: Property[] = [];
  private byKey = new Map<string, Property>();

  /** @param seed what the ids of the properties follow from */
  constructor(private readonly seed: string) {}

  /** @throws NotionError when it is no set of properties with exactly one title */
  static read(seed: string, field: Field): Schema {
    const schema = new Schema(seed);
    for (const name of field.names()) schema.add(name, field.at(name));
    const titles = schema.list().filter(({ type }) => type === 'title').length;
    if (titles === 0) throw invalid('Title is not provided');
    if (titles > 1) throw invalid('Cannot create multiple title properties');
    return schema;
  }

  list(): readonly Property[] {
    return this.properties;
  }

  /** A property by its name, by its id, or by its id as the API writes it. */
  find(key: string): Property | undefined {
    return this.byKey.get(key);
  }

  title(): Property {
    const title = this.properties.find(({ type }) => type === 'title');
    if (!title) throw new Error('A data source without a title');
    return title;
  }

  /** Adds, changes, renames and removes properties, all or none of them. */
  change(field: Field): SchemaChange[] {
    const before = this.properties.map((property) => ({ property, was: { ...property, options: [...property.options] } }));
    try {
      return field.names().map((key) => this.changeOne(key, field.at(key)));
    } catch (error) {
      this.properties = before.map(({ property, was }) => Object.assign(property, was));
      this.properties.flatMap(({ options }) => options).forEach((option) => (option.isRemoved = false));
      this.index();
      throw error;
    }
  }

  view(): Record<string, object> {
    return Object.fromEntries(this.properties.map((property) => [property.name, viewProperty(property)]));
  }

  private changeOne(key: string, field: Field): SchemaChange {
    const known = this.find(key);
    if (!known) {
      if (field.isNull) throw invalid(`${key} is not a property that exists.`);
      return this.add(key, field);
    }
    if (field.isNull) {
      if (known.type === 'title') throw invalid('Cannot delete the title property');
      this.properties = this.properties.filter((property) => property !== known);
      this.index();
      return { id: encodedId(known), name: known.name, action: 'deleted' };
    }
    const name = field.at('name').optional((given) => given.text());
    if (name !== undefined) this.rename(known, name);
    known.description = field.at('description').optional((given) => given.orNull((words) => words.text())) ?? known.description;
    const type = typeOf(field);
    if (type && type !== known.type) {
      if (known.type === 'title' || type === 'title') throw invalid('Cannot change the type of the title property');
      const property = readProperty(known.id, known.name, type, field);
      this.properties = this.properties.map((one) => (one === known ? property : one));
      this.index();
    } else if (type && CHOICES.includes(type)) {
      field
        .at(type)
        .at('options')
        .optional((options) => changeOptions(known, options));
    }
    return { id: encodedId(known), name: known.name, action: 'updated' };
  }

  private rename(property: Property, name: string): void {
    const other = this.properties.find((one) => one.name === name);
    if (other && other !== property) throw invalid(`There is already a property named ${name}.`);
    property.name = name;
    this.index();
  }

  private add(name: string, field: Field): SchemaChange {
    const type = typeOf(field);
    if (!type) throw field.wrong(`a property of one of the types ${PROPERTY_TYPES.join(', ')}`);
    const property = readProperty(this.newId(name, type), name, type, field);
    this.properties.push(property);
    this.index();
    return { id: encodedId(property), name, action: 'created' };
  }

  /** Four characters, one of them such that an address cannot hold it as it is: Notion's ids are like that. */
  private newId(name: string, type: PropertyType): string {
    if (type === 'title') return 'title';
    for (let nonce = 0; ; nonce++) {
      const [a = 0, b = 0, c = 0, d = 0] = createHash('sha256').update(`${this.seed} ${name} ${nonce}`).digest();
      const id = [a, b, c].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('') + SIGNS.charAt(d % SIGNS.length);
      if (!this.byKey.has(id)) return id;
    }
  }

  private index(): void {
    const keys = (key: (property: Property) => string) => this.properties.map((property) => [key(property), property] as const);
    this.byKey = new Map([...keys(encodedId), ...keys(({ id }) => id), ...keys(({ name }) => name)]);
  }
}
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SIGNS = '@:;?{}|<>^`=';

/** A property's id as the API writes it: `XGe%40`. */
export function encodedId({ id }: Property): string {
  return encodeURIComponent(id);
}

/** An option by its name or its id. */
export function findOption(property: Property, nameOrId: string): Option | undefined {
  return property.options.find(({ name }) => name === nameOrId) ?? property.options.find(({ id }) => id === nameOrId);
}

/** A new option for a property; an option's name cannot hold a comma. */
export function newOption(name: string, color: Color = 'default'): Option {
  if (name.includes(',')) throw invalid(`Invalid select option, commas not allowed: ${name}`);
  return { id: randomUUID(), name, color, description: null, isRemoved: false };
}

export function readColor(field: Field): Color | undefined {
  return field.optional((given) => given.oneOf(COLORS));
}

function typeOf(field: Field): PropertyType | null {
  const named = field.at('type').optional((type) => type.oneOf(PROPERTY_TYPES));
  return named ?? PROPERTY_TYPES.find((type) => !field.at(type).isMissing) ?? null;
}

function readProperty(id: string, name: string, type: PropertyType, field: Field): Property {
  const config = field.at(type);
  const { options: _, ...more } = config.object();
  const property: Property = { id, name, type, description: null, options: [], more };
  property.description = field.at('description').orNull((words) => words.text());
  if (!CHOICES.includes(type)) return property;
  const given = config.at('options');
  property.options = given.isMissing && type === 'status' ? DEFAULT_STATUSES.map(([title, color]) => newOption(title, color)) : [];
  given.optional((options) => changeOptions(property, options));
  return property;
}
const DEFAULT_STATUSES = [
  ['Not started', 'default'],
  ['In progress', 'blue'],
  ['Done', 'green'],
] as const;

/** The given options are all that there are from now on: those that are left out are removed. Name and color of one that exists stay. */
function changeOptions(property: Property, field: Field): void {
  const options = field.items(MOST_OPTIONS).map((given) => {
    const id = given.at('id').optional((text) => text.text());
    const name = given.at('name').optional((text) => text.text(LONGEST_OPTION));
    const color = readColor(given.at('color'));
    const known = property.options.find((option) => (id === undefined ? option.name === name : option.id === id));
    if (!known) {
      if (id !== undefined) throw invalid(`${property.name} has no option with ID ${id}.`);
      if (name === undefined) throw given.at('name').wrong('defined');
    }
    if (known && color !== undefined && color !== known.color)
      throw invalid(`Cannot update color of ${property.type} with name: ${known.name}.`);
    const option = known ?? newOption(name ?? '', color);
    option.description = given.at('description').orNull((words) => words.text()) ?? option.description;
    return option;
  });
  const twice = options.find((option, index) => options.findIndex(({ name }) => name === option.name) !== index);
  if (twice) throw invalid(`${property.name} has two options named ${twice.name}.`);
  property.options.filter((option) => !options.includes(option)).forEach((option) => (option.isRemoved = true));
  property.options = options;
}

function viewProperty(property: Property): object {
  const { name, type, description, options, more } = property;
  const common = { id: encodedId(property), name, description, type };
  if (!CHOICES.includes(type)) return { ...common, [type]: type === 'number' ? { format: 'number', ...more } : more };
  const shown = options.map(({ id, name: title, color, description: about }) => ({ id, name: title, color, description: about }));
  return { ...common, [type]: { options: shown, ...(type === 'status' && { groups: groupsOf(property) }) } };
}

/** Notion puts every status that comes through the API into the first of its three groups. */
function groupsOf({ id: propertyId, options }: Property): object[] {
  const [started, done] = ['In progress', 'Done'].map((name) => options.find((option) => option.name === name));
  const group = (name: string, color: Color, ids: string[]) => ({ id: idFrom(`${propertyId} ${name}`), name, color, option_ids: ids });
  return [
    group(
      'To-do',
      'gray',
      options.filter((option) => option !== started && option !== done).map(({ id }) => id),
    ),
    group('In progress', 'blue', started ? [started.id] : []),
    group('Complete', 'green', done ? [done.id] : []),
  ];
}
