import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { trashed, type Caller } from '../caller.js';
import { invalid, notFound } from '../errors.js';
import { Field } from '../field.js';
import { Blocks, countOf } from './blocks.js';
import { Changes, type EventParent } from './changes.js';
import { Databases, readTrash, type DataSource } from './databases.js';
import { Uploads, type StoredFile } from './file-uploads.js';
import { WORKSPACE_ID } from './ids.js';
import { readRichText, type RichText } from './rich-text.js';
import { encodedId, type Property } from './schema.js';
import { Times } from './times.js';
import type { Author } from './users.js';
import { emptyValue, isComputed, plainValue, readValue, viewValue, type ComputedType, type Effects, type Value } from './values.js';

/** Where a page is: a row of a data source, a page in a page, or at the top of the workspace. */
export type PageParent = { type: 'data_source'; source: DataSource } | { type: 'page'; id: string } | { type: 'workspace' };

export interface Page {
  readonly id: string;
  /** Its place among all pages, in the order in which they were made. */
  readonly position: number;
  readonly parent: PageParent;
  /** By the id of the property; what is missing is empty. */
  readonly values: Map<string, Value>;
  /** Of a page that is no row. */
  title: RichText[];
  icon: object | null;
  cover: object | null;
  inTrash: boolean;
  isLocked: boolean;
  /** Whether the connections see it. */
  isShared: boolean;
  readonly created: number;
  edited: number;
  readonly createdBy: Author;
  editedBy: Author;
}

/** The pages of the workspace; most are rows of a data source. */
@Injectable()
export class Pages {
  private readonly pages = new Map<string, Page>();
  private readonly rows = new Map<string, Page[]>();

  constructor(
    private readonly databases: Databases,
    private readonly blocks: Blocks,
    private readonly uploads: Uploads,
    private readonly times: Times,
    private readonly changes: Changes,
  ) {}

  /** @param body as the API takes it */
  create(body: Field, author: Author): Page {
    const parent = this.readParent(body.at('parent'));
    const effects: Effects = [];
    const drafts = body.at('children').optional((children) => this.blocks.read(children, effects)) ?? [];
    for (const unknown of ['markdown', 'template', 'content']) body.at(unknown).absent();
    if (author.type === 'bot') this.blocks.allow(1 + countOf(drafts));
    const properties = body.at('properties').optional((given) => given) ?? new Field({}, 'body.properties');
    const page = this.make(parent, properties, author, { effects });
    this.readLooks(page, body, effects);
    for (const effect of effects) effect();
    this.blocks.add(drafts, page.id, page.id, author);
    this.changes.announce({ ...this.about(page, author), type: 'page.created', changedProperties: this.filledIn(page) });
    return page;
  }

  /**
   * A row as a person adds it.
   * @param words what stands in the page
   * @param at when it is said to have been made (ms)
   */
  addRow(source: DataSource, properties: Field, author: Author, words: string, at?: number): Page {
    const effects: Effects = [];
    const page = this.make({ type: 'data_source', source }, properties, author, { effects, ...(at !== undefined && { at }) });
    for (const effect of effects) effect();
    this.blocks.type(words, page.id, author);
    this.changes.announce({ ...this.about(page, author), type: 'page.created', changedProperties: this.filledIn(page) });
    return page;
  }

  /** A page at the top of the workspace, as somebody makes it in Notion. */
  addTop(id: string, title: RichText[], author: Author): Page {
    const page = this.make({ type: 'workspace' }, new Field({}), author, { effects: [], id });
    page.title = title;
    return page;
  }

  get(id: string): Page | undefined {
    return this.pages.get(id);
  }

  /** @throws NotionError when there is none, or it is not shared */
  find(id: string): Page {
    const page = this.pages.get(id);
    if (!page?.isShared || (page.parent.type === 'data_source' && !page.parent.source.database.isShared)) throw notFound('page', id);
    return page;
  }

  /** Those that the connections see, except for those in the trash. */
  shared(): Page[] {
    return [...this.pages.values()].filter(
      ({ isShared, inTrash, parent }) => isShared && !inTrash && (parent.type !== 'data_source' || parent.source.database.isShared),
    );
  }

  /** The rows of a data source, oldest first, those in the trash among them. */
  rowsOf(source: DataSource): readonly Page[] {
    return this.list(source);
  }

  update(page: Page, body: Field, { author, version }: Pick<Caller, 'author' | 'version'>): Page {
    const inTrash = readTrash(body, version) ?? page.inTrash;
    const properties = body.at('properties');
    if (page.inTrash && inTrash && !properties.isMissing)
      throw invalid("Can't edit page on block with an archived ancestor. You must unarchive the ancestor before editing page.");
    const effects: Effects = [];
    const written = properties.optional((given) => this.readProperties(page.parent, given, effects)) ?? [];
    this.readLooks(page, body, effects);
    for (const effect of effects) effect();
    const isLocked = body.at('is_locked').optional((field) => field.boolean()) ?? page.isLocked;
    this.touch(page, author);
    this.write(page, written, author);
    if (body.at('erase_content').optional((field) => field.boolean())) this.erase(page, author);
    if (isLocked !== page.isLocked) {
      page.isLocked = isLocked;
      this.changes.announce({ ...this.about(page, author), type: isLocked ? 'page.locked' : 'page.unlocked' });
    }
    if (inTrash !== page.inTrash) {
      page.inTrash = inTrash;
      this.changes.announce({ ...this.about(page, author), type: inTrash ? 'page.deleted' : 'page.undeleted' });
    }
    return page;
  }

  /** Says that blocks of a page have changed. */
  contentChanged(pageId: string, blockIds: readonly string[], author: Author): void {
    const page = this.pages.get(pageId);
    if (!page) return;
    this.touch(page, author);
    const change = this.about(page, author);
    const updated_blocks = blockIds.map((id) => ({ id, type: 'block' }));
    this.changes.announce({ ...change, type: 'page.content_updated', data: { ...change.data, updated_blocks } });
  }

  /** What a row holds in a property. */
  value(page: Page, property: Property): Value | null {
    if (isComputed(property.type)) return null;
    const value = page.values.get(property.id);
    return value?.type === property.type ? value : emptyValue(property.type);
  }

  /** What Notion knows of a row. */
  computed(page: Page, type: ComputedType): string {
    if (type === 'created_time') return this.times.text(page.created);
    if (type === 'last_edited_time') return this.times.text(page.edited);
    return (type === 'created_by' ? page.createdBy : page.editedBy).id;
  }

  /** What a property says in plain words; names of files for files. */
  plain(page: Page, property: Property): ReturnType<typeof plainValue> {
    const value = this.value(page, property);
    return value ? plainValue(value) : this.computed(page, property.type as ComputedType);
  }

  /**
   * A page as the API gives it.
   * @param only properties by name or id; null: all
   */
  view(page: Page, caller: Caller, only: readonly string[] | null = null): Record<string, unknown> {
    const { id, created, edited, inTrash, isLocked, icon, cover, createdBy, editedBy } = page;
    return {
      object: 'page',
      id,
      created_time: this.times.text(created),
      last_edited_time: this.times.text(edited),
      created_by: { object: 'user', id: createdBy.id },
      last_edited_by: { object: 'user', id: editedBy.id },
      cover,
      icon,
      parent: viewParent(page.parent),
      ...trashed(inTrash, caller.version),
      is_archived: false,
      is_locked: isLocked,
      properties: this.viewProperties(page, caller, only),
      url: `https://www.notion.so/${id.replaceAll('-', '')}`,
      public_url: null,
    };
  }

  /** A property of a page as the API gives it. */
  viewProperty(page: Page, property: Property, caller: Caller): Record<string, unknown> {
    const value = this.value(page, property);
    const { type } = property;
    const fileView = (file: StoredFile) => ({ name: file.name, ...this.uploads.viewFile(file, caller) });
    const shown = value ? viewValue(value, property, fileView) : this.viewComputed(page, type as ComputedType);
    return { id: encodedId(property), type, [type]: shown };
  }

  /** The property of a page that a name or an id stands for. */
  property(page: Page, key: string): Property {
    const found = page.parent.type === 'data_source' ? page.parent.source.schema.find(key) : undefined;
    if (!found) throw notFound('property', key);
    return found;
  }

  private viewProperties(page: Page, caller: Caller, only: readonly string[] | null): object {
    if (page.parent.type !== 'data_source') return { title: { id: 'title', type: 'title', title: page.title } };
    const { schema } = page.parent.source;
    const shown = only ? new Set(only.map((key) => this.property(page, key))) : null;
    const properties = schema.list().filter((property) => shown?.has(property) !== false);
    return Object.fromEntries(properties.map((property) => [property.name, this.viewProperty(page, property, caller)]));
  }

  private viewComputed(page: Page, type: ComputedType): string | object {
    const known = this.computed(page, type);
    return type === 'created_by' || type === 'last_edited_by' ? { object: 'user', id: known } : known;
  }

  private make(
    parent: PageParent,
    properties: Field,
    author: Author,
    { effects, at = Date.now(), id = randomUUID() }: { effects: Effects; at?: number; id?: string },
  ): Page {
    const page: Page = {
      id,
      position: this.pages.size,
      parent,
      values: new Map(),
      title: [],
      icon: null,
      cover: null,
      inTrash: false,
      isLocked: false,
      isShared: true,
      created: at,
      edited: at,
      createdBy: author,
      editedBy: author,
    };
    if (parent.type === 'data_source') {
      for (const [property, value] of this.readProperties(parent, properties, effects)) page.values.set(property.id, value);
      this.number(page, parent.source);
    } else page.title = this.readTitle(properties) ?? [];
    this.pages.set(id, page);
    this.blocks.countPage();
    if (parent.type === 'data_source') this.list(parent.source).push(page);
    return page;
  }

  private list({ id }: DataSource): Page[] {
    const rows = this.rows.get(id) ?? [];
    this.rows.set(id, rows);
    return rows;
  }

  private readParent(parent: Field): PageParent {
    const [source, database, page] = [parent.at('data_source_id'), parent.at('database_id'), parent.at('page_id')];
    if (!source.isMissing) return { type: 'data_source', source: this.databases.findSource(source.id()) };
    if (!database.isMissing) {
      const { sources } = this.databases.find(database.id());
      const [only] = sources;
      if (!only || sources.length > 1) throw invalid('Databases with multiple data sources need a data_source_id as the parent.');
      return { type: 'data_source', source: only };
    }
    if (!page.isMissing) return { type: 'page', id: this.find(page.id()).id };
    throw source.wrong('defined');
  }

  private readProperties(parent: PageParent, field: Field, effects: Effects): (readonly [Property, Value])[] {
    if (parent.type !== 'data_source') return [];
    return field.names().map((key) => {
      const property = parent.source.schema.find(key);
      if (!property) throw invalid(`${key} is not a property that exists.`);
      return [property, readValue(property, field.at(key), this.uploads, effects)] as const;
    });
  }

  private readTitle(properties: Field): RichText[] | undefined {
    const given = properties.at('title');
    return given.optional((title) => readRichText(Array.isArray(title.value) ? title : title.at('title')));
  }

  private readLooks(page: Page, body: Field, effects: Effects): void {
    for (const look of ['icon', 'cover'] as const) {
      const given = body.at(look);
      if (given.isMissing) continue;
      if (!given.isNull && !given.at('file_upload').isMissing) this.uploads.read(given, effects);
      page[look] = given.isNull ? null : given.object();
    }
  }

  private write(page: Page, written: readonly (readonly [Property, Value])[], author: Author): void {
    if (written.length === 0) return;
    const changedProperties = written
      .filter(([property, value]) => JSON.stringify(this.plain(page, property)) !== JSON.stringify(plainValue(value)))
      .map(([{ name }]) => name);
    for (const [property, value] of written) page.values.set(property.id, value);
    const change = this.about(page, author);
    const updated_properties = written.map(([property]) => encodedId(property));
    this.changes.announce({ ...change, type: 'page.properties_updated', data: { ...change.data, updated_properties }, changedProperties });
  }

  private erase(page: Page, author: Author): void {
    const blocks = this.blocks.under(page.id);
    blocks.forEach((block) => (block.inTrash = true));
    this.contentChanged(
      page.id,
      blocks.map(({ id }) => id),
      author,
    );
  }

  private touch(page: Page, author: Author): void {
    page.edited = Date.now();
    page.editedBy = author;
  }

  private number(page: Page, source: DataSource): void {
    const property = source.schema.list().find(({ type }) => type === 'unique_id');
    if (property) page.values.set(property.id, { type: 'unique_id', number: this.rowsOf(source).length + 1 });
  }

  private filledIn(page: Page): string[] {
    if (page.parent.type !== 'data_source') return [];
    return page.parent.source.schema.list().flatMap(({ id, name }) => (page.values.has(id) ? [name] : []));
  }

  private about({ id, parent }: Page, author: Author) {
    return { entity: { id, type: 'page' as const }, author, data: { parent: eventParent(parent) } };
  }
}

function viewParent(parent: PageParent): object {
  if (parent.type === 'workspace') return { type: 'workspace', workspace: true };
  if (parent.type === 'page') return { type: 'page_id', page_id: parent.id };
  return { type: 'data_source_id', data_source_id: parent.source.id, database_id: parent.source.database.id };
}

function eventParent(parent: PageParent): EventParent {
  if (parent.type === 'workspace') return { id: WORKSPACE_ID, type: 'space' };
  if (parent.type === 'page') return { id: parent.id, type: 'page' };
  return { id: parent.source.database.id, type: 'database', data_source_id: parent.source.id };
}
