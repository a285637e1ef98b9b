import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { invalid, notFound } from '../errors.js';
import { Field } from '../field.js';
import { Changes } from './changes.js';
import { Databases, type DataSource, type Database } from './databases.js';
import { readFilter } from './filters.js';
import { PageReader } from './page-reader.js';
import { encodedId } from './schema.js';
import { readSorts } from './sorts.js';
import { Times } from './times.js';
import type { Author } from './users.js';

const VIEW_TYPES = ['table', 'board', 'list', 'calendar', 'timeline', 'gallery', 'form', 'chart', 'map', 'dashboard'] as const;
/** What a view of a type cannot do without. */
const NEEDED: Readonly<Record<string, string>> = { board: 'group_by', calendar: 'date_property_id', timeline: 'date_property_id' };

export interface View {
  readonly id: string;
  readonly database: Database;
  readonly source: DataSource;
  name: string;
  readonly type: (typeof VIEW_TYPES)[number];
  filter: unknown;
  sorts: unknown;
  quickFilters: unknown;
  configuration: Record<string, unknown>;
  readonly created: number;
  edited: number;
  readonly createdBy: Author;
  editedBy: Author;
}

/** How databases are looked at. */
@Injectable()
export class Views {
  private readonly views = new Map<string, View>();

  constructor(
    private readonly databases: Databases,
    private readonly reader: PageReader,
    private readonly times: Times,
    private readonly changes: Changes,
  ) {}

  create(body: Field, author: Author): View {
    const source = this.databases.findSource(body.at('data_source_id').id());
    const database = body.at('database_id').optional((field) => this.databases.find(field.id())) ?? source.database;
    for (const unknown of ['view_id', 'create_database', 'placement']) body.at(unknown).absent();
    const type = body.at('type').oneOf(VIEW_TYPES);
    const now = Date.now();
    const view: View = {
      id: randomUUID(),
      database,
      source,
      name: body.at('name').text(),
      type,
      ...this.readQuery(body, source, { filter: null, sorts: null }),
      quickFilters: body.at('quick_filters').orNull((field) => field.object()),
      configuration: body.at('configuration').orNull((field) => readConfiguration(field, type, source)) ?? { type },
      created: now,
      edited: now,
      createdBy: author,
      editedBy: author,
    };
    const needed = NEEDED[type];
    if (needed && view.configuration[needed] === undefined) body.at('configuration').at(needed).text();
    this.place(view, body.at('position'));
    this.changes.announce({ ...this.about(view, author), type: 'view.created', data: { parent: parentOf(view), view_type: type } });
    return view;
  }

  /** The view that every new data source has. */
  addDefault(source: DataSource, author: Author): void {
    this.create(new Field({ data_source_id: source.id, name: 'Default view', type: 'table' }), author);
  }

  find(id: string): View {
    const view = this.views.get(id);
    if (!view?.database.isShared) throw notFound('view', id);
    return view;
  }

  /** Those of a database or of a data source; one of them must be given. */
  list({ database_id, data_source_id }: { database_id?: unknown; data_source_id?: unknown }): View[] {
    const [database, source] = [new Field(database_id, 'query.database_id'), new Field(data_source_id, 'query.data_source_id')];
    if (database.isMissing && source.isMissing) throw invalid('Either database_id or data_source_id must be provided.');
    const inDatabase = database.optional((field) => this.databases.find(field.id()));
    const ofSource = source.optional((field) => this.databases.findSource(field.id()));
    return [...this.views.values()].filter(
      (view) => (!inDatabase || view.database === inDatabase) && (!ofSource || view.source === ofSource),
    );
  }

  update(view: View, body: Field, author: Author): View {
    const fields = ['name', 'filter', 'sorts', 'configuration'].filter((name) => !body.at(name).isMissing);
    const name = body.at('name').optional((field) => field.text()) ?? view.name;
    const query = this.readQuery(body, view.source, view);
    const configuration = body.at('configuration').optional((field) => readConfiguration(field, view.type, view.source)) ?? {};
    const quickFilters = body.at('quick_filters').isMissing ? view.quickFilters : body.at('quick_filters').value;
    Object.assign(view, { name, ...query, quickFilters, configuration: { ...view.configuration, ...configuration } });
    view.edited = Date.now();
    view.editedBy = author;
    this.changes.announce({ ...this.about(view, author), type: 'view.updated', data: { parent: parentOf(view), updated_fields: fields } });
    return view;
  }

  delete(view: View, author: Author): void {
    this.views.delete(view.id);
    this.changes.announce({ ...this.about(view, author), type: 'view.deleted', data: { parent: parentOf(view) } });
  }

  view(view: View): object {
    const { id, database, source, name, type, filter, sorts, quickFilters, configuration, created, edited, createdBy, editedBy } = view;
    return {
      object: 'view',
      id,
      parent: { type: 'database_id', database_id: database.id },
      name,
      type,
      created_time: this.times.text(created),
      last_edited_time: this.times.text(edited),
      url: `https://www.notion.so/${database.id.replaceAll('-', '')}?v=${id.replaceAll('-', '')}`,
      data_source_id: source.id,
      created_by: { object: 'user', id: createdBy.id },
      last_edited_by: { object: 'user', id: editedBy.id },
      filter,
      sorts,
      quick_filters: quickFilters,
      configuration,
    };
  }

  private readQuery(body: Field, source: DataSource, before: { filter: unknown; sorts: unknown }): { filter: unknown; sorts: unknown } {
    const [filter, sorts] = [body.at('filter'), body.at('sorts')];
    filter.orNull((field) => readFilter(field, source, this.reader));
    sorts.orNull((field) => readSorts(field, source, this.reader));
    return { filter: filter.isMissing ? before.filter : filter.value, sorts: sorts.isMissing ? before.sorts : sorts.value };
  }

  /** Puts a new view among the tabs of its database. */
  private place(view: View, position: Field): void {
    const type = position.optional((field) => field.at('type').oneOf(['start', 'end', 'after_view'])) ?? 'end';
    const all = [...this.views.values()];
    const at = type === 'start' ? 0 : type === 'end' ? all.length : all.indexOf(this.find(position.at('view_id').id())) + 1;
    all.splice(at, 0, view);
    this.views.clear();
    for (const one of all) this.views.set(one.id, one);
  }

  private about({ id }: View, author: Author) {
    return { entity: { id, type: 'view' as const }, author };
  }
}

function parentOf({ database, source }: View) {
  return { id: database.id, type: 'database' as const, data_source_id: source.id };
}

/** A configuration as it is given, each property that it names told apart by the id that the API writes. */
function readConfiguration(field: Field, type: View['type'], source: DataSource): Record<string, unknown> {
  if (field.at('type').text() !== type) throw field.at('type').wrong(`\`"${type}"\``);
  return resolved(field, source) as Record<string, unknown>;
}

function resolved(field: Field, source: DataSource): unknown {
  if (Array.isArray(field.value)) return field.items().map((item) => resolved(item, source));
  if (typeof field.value !== 'object' || field.isNull) return field.value;
  const entries = field.names().flatMap((name) => {
    const given = field.at(name);
    if (!name.endsWith('property_id') || typeof given.value !== 'string') return [[name, resolved(given, source)] as const];
    const property = source.schema.find(given.value);
    if (!property) throw invalid(`Could not find property with name or id: ${given.value}`);
    return [[name, encodedId(property)] as const, [name.replace(/id$/, 'name'), property.name] as const];
  });
  const group = field.at('group_by');
  if (!group.isMissing && !group.isNull && typeof group.value === 'object' && !group.at('property_id').isMissing) {
    const property = source.schema.find(group.at('property_id').text());
    const wanted = group.at('type').text();
    const actual = property?.type === 'rich_text' ? 'text' : property?.type === 'people' ? 'person' : property?.type;
    if (actual !== wanted)
      throw invalid(`Property ${property?.name ?? ''} is of the type ${actual ?? ''}, it cannot be grouped as ${wanted}.`);
  }
  return Object.fromEntries(entries);
}
