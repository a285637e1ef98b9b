import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { trashed, type Caller, type Version } from '../caller.js';
import { notFound } from '../errors.js';
import { Field } from '../field.js';
import { Changes, type EventParent } from './changes.js';
import { WORKSPACE_ID } from './ids.js';
import { plainText, readRichText, type RichText } from './rich-text.js';
import { Schema } from './schema.js';
import { Times } from './times.js';
import type { Author } from './users.js';

/** A container of data sources. */
export interface Database {
  readonly id: string;
  title: RichText[];
  description: RichText[];
  /** The page that holds it; null: the workspace itself. */
  readonly pageId: string | null;
  isInline: boolean;
  isLocked: boolean;
  inTrash: boolean;
  /** Whether the connections see it, and what is in it. */
  isShared: boolean;
  icon: object | null;
  cover: object | null;
  readonly created: number;
  edited: number;
  readonly sources: DataSource[];
}

/** A table of a database. */
export interface DataSource {
  readonly id: string;
  readonly database: Database;
  title: RichText[];
  readonly schema: Schema;
  icon: object | null;
  inTrash: boolean;
  readonly created: number;
  edited: number;
  readonly createdBy: Author;
  editedBy: Author;
}

const TITLE_ONLY = { Name: { title: {} } };

/** The databases of the workspace and their data sources. */
@Injectable()
export class Databases {
  private readonly databases = new Map<string, Database>();
  private readonly sources = new Map<string, DataSource>();

  constructor(
    private readonly times: Times,
    private readonly changes: Changes,
  ) {}

  /** @param body as the API takes it */
  create(body: Field, author: Author, ids: { database?: string; source?: string } = {}): Database {
    const parent = body.at('parent');
    const type = parent.at('type').optional((field) => field.oneOf(['page_id', 'workspace'])) ?? 'page_id';
    const now = Date.now();
    const database: Database = {
      id: ids.database ?? randomUUID(),
      title: body.at('title').optional(readRichText) ?? [],
      description: body.at('description').optional(readRichText) ?? [],
      pageId: type === 'workspace' ? null : parent.at('page_id').id(),
      isInline: body.at('is_inline').optional((field) => field.boolean()) ?? false,
      isLocked: false,
      inTrash: false,
      isShared: true,
      icon: readLook(body.at('icon')) ?? null,
      cover: readLook(body.at('cover')) ?? null,
      created: now,
      edited: now,
      sources: [],
    };
    const properties = body.at('initial_data_source').optional((field) => field.at('properties'));
    const schema = properties && !properties.isMissing ? properties : new Field(TITLE_ONLY);
    this.addSource(database, database.title, schema, author, ids.source);
    this.databases.set(database.id, database);
    this.announce('database.created', database, author);
    return database;
  }

  createSource(body: Field, author: Author, id?: string): DataSource {
    const database = this.find(body.at('parent').at('database_id').id());
    const icon = readLook(body.at('icon')) ?? null;
    const source = this.addSource(database, body.at('title').optional(readRichText) ?? [], body.at('properties'), author, id);
    source.icon = icon;
    this.announceSource('data_source.created', source, author);
    return source;
  }

  has(id: string): boolean {
    return this.databases.has(id);
  }

  /** @throws NotionError when there is none, or it is not shared */
  find(id: string): Database {
    const database = this.databases.get(id);
    if (!database?.isShared) throw notFound('database', id);
    return database;
  }

  /** @throws NotionError when there is none, or it is not shared */
  findSource(id: string): DataSource {
    const source = this.sources.get(id);
    if (!source?.database.isShared) throw notFound('data_source', id);
    return source;
  }

  /** Those that stand in a page. */
  inPage(pageId: string): Database[] {
    return this.all().filter((database) => database.pageId === pageId && database.isShared && !database.inTrash);
  }

  all(): readonly Database[] {
    return [...this.databases.values()];
  }

  share(id: string, isShared: boolean): void {
    const database = this.databases.get(id);
    if (!database) throw notFound('database', id);
    database.isShared = isShared;
  }

  update(id: string, body: Field, { author, version }: Caller): Database {
    const database = this.find(id);
    body.at('parent').absent();
    const [icon = database.icon, cover = database.cover] = [readLook(body.at('icon')), readLook(body.at('cover'))];
    Object.assign(database, { icon, cover });
    database.title = body.at('title').optional(readRichText) ?? database.title;
    database.description = body.at('description').optional(readRichText) ?? database.description;
    database.isInline = body.at('is_inline').optional((field) => field.boolean()) ?? database.isInline;
    database.isLocked = body.at('is_locked').optional((field) => field.boolean()) ?? database.isLocked;
    const inTrash = readTrash(body, version) ?? database.inTrash;
    if (inTrash !== database.inTrash) {
      database.inTrash = inTrash;
      this.announce(inTrash ? 'database.deleted' : 'database.undeleted', database, author);
    }
    database.edited = Date.now();
    return database;
  }

  updateSource(id: string, body: Field, { author, version }: Caller): DataSource {
    const source = this.findSource(id);
    body.at('parent').absent();
    const icon = readLook(body.at('icon'));
    const inTrash = readTrash(body, version) ?? source.inTrash;
    const changed = body.at('properties').optional((properties) => source.schema.change(properties)) ?? [];
    source.title = body.at('title').optional(readRichText) ?? source.title;
    if (icon !== undefined) source.icon = icon;
    if (inTrash !== source.inTrash) {
      source.inTrash = inTrash;
      this.announceSource(inTrash ? 'data_source.deleted' : 'data_source.undeleted', source, author);
    }
    source.edited = Date.now();
    source.editedBy = author;
    if (changed.length > 0) this.announceSource('data_source.schema_updated', source, author, { updated_properties: changed });
    return source;
  }

  view(database: Database, { version }: Caller): object {
    const { id, title, description, pageId, isInline, isLocked, inTrash, icon, cover, created, edited, sources } = database;
    return {
      object: 'database',
      id,
      title,
      description,
      parent: parentOf(pageId),
      is_inline: isInline,
      ...trashed(inTrash, version),
      is_locked: isLocked,
      created_time: this.times.text(created),
      last_edited_time: this.times.text(edited),
      data_sources: sources.filter((source) => !source.inTrash).map((source) => ({ id: source.id, name: nameOf(source) })),
      icon,
      cover,
      url: `https://www.notion.so/${id.replaceAll('-', '')}`,
      public_url: null,
    };
  }

  viewSource(source: DataSource, { version }: Caller): object {
    const { id, database, title, schema, icon, inTrash, created, edited, createdBy, editedBy } = source;
    return {
      object: 'data_source',
      id,
      title,
      description: [],
      parent: { type: 'database_id', database_id: database.id },
      database_parent: parentOf(database.pageId),
      is_inline: database.isInline,
      ...trashed(inTrash, version),
      created_time: this.times.text(created),
      last_edited_time: this.times.text(edited),
      created_by: { object: 'user', id: createdBy.id },
      last_edited_by: { object: 'user', id: editedBy.id },
      properties: schema.view(),
      icon,
      cover: null,
      url: `https://www.notion.so/${database.id.replaceAll('-', '')}`,
      public_url: null,
    };
  }

  private addSource(database: Database, title: RichText[], properties: Field, author: Author, id: string = randomUUID()): DataSource {
    const now = Date.now();
    const schema = Schema.read(id, properties);
    const source: DataSource = {
      id,
      database,
      title,
      schema,
      icon: null,
      inTrash: false,
      created: now,
      edited: now,
      createdBy: author,
      editedBy: author,
    };
    database.sources.push(source);
    this.sources.set(id, source);
    return source;
  }

  private announce(type: string, { id, pageId }: Database, author: Author): void {
    const parent: EventParent = pageId === null ? { id: WORKSPACE_ID, type: 'space' } : { id: pageId, type: 'page' };
    this.changes.announce({ type, entity: { id, type: 'database' }, author, data: { parent } });
  }

  private announceSource(type: string, { id, database }: DataSource, author: Author, data: object = {}): void {
    const parent: EventParent = { id: database.id, type: 'database' };
    this.changes.announce({ type, entity: { id, type: 'data_source' }, author, data: { parent, ...data } });
  }
}

export function nameOf({ title, database }: DataSource): string {
  return plainText(title) || plainText(database.title) || 'New data source';
}

/** An icon or a cover as it is given; null for none. A file that was uploaded cannot be one here. */
function readLook(field: Field): object | null | undefined {
  if (field.isMissing || field.isNull) return field.isNull ? null : undefined;
  field.at('file_upload').absent();
  return field.object();
}

function parentOf(pageId: string | null): object {
  return pageId === null ? { type: 'workspace', workspace: true } : { type: 'page_id', page_id: pageId };
}

/** What a request says of the trash: `in_trash`, and before version 2026-03-11 `archived`, too. */
export function readTrash(body: Field, version: Version): boolean | undefined {
  const archived = body.at('archived');
  if (version === '2026-03-11') archived.absent();
  return body.at('in_trash').optional((field) => field.boolean()) ?? archived.optional((field) => field.boolean());
}
