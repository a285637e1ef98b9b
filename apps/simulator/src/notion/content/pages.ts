import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../caller.js';
import { invalid, notFound } from '../errors.js';
import { Field } from '../field.js';
import { Blocks, countOf } from './blocks.js';
import { Changes, type Change } from './changes.js';
import { readTrash, type DataSource } from './databases.js';
import { PageInputs, type PageInput } from './page-input.js';
import { PageReader } from './page-reader.js';
import { eventParent, isVisible, type Page, type PageParent } from './page.js';
import type { RichText } from './rich-text.js';
import { encodedId } from './schema.js';
import type { Author } from './users.js';
import { plainValue } from './values.js';

/** The pages of the workspace; most are rows of a data source. */
@Injectable()
export class Pages {
  private readonly pages = new Map<string, Page>();
  /** By the data source or the page that they are in. */
  private readonly members = new Map<string, Page[]>();

  constructor(
    private readonly inputs: PageInputs,
    private readonly reader: PageReader,
    private readonly blocks: Blocks,
    private readonly changes: Changes,
  ) {}

  /** @param body as the API takes it */
  create(body: Field, author: Author): Page {
    const parent = this.inputs.parent(body.at('parent'));
    if (parent.type === 'page') this.find(parent.id);
    const input = this.inputs.read(body, parent);
    if (author.type === 'bot') this.blocks.allow(1 + countOf(input.children));
    const page = this.make(parent, input, author);
    this.blocks.add(input.children, page.id, page.id, author);
    this.announceNew(page, author);
    return page;
  }

  /**
   * A row as a person adds it.
   * @param words what stands in the page
   * @param at when it is said to have been made (ms)
   */
  addRow(source: DataSource, properties: Field, author: Author, words: string, at?: number): Page {
    const parent: PageParent = { type: 'data_source', source };
    const page = this.make(parent, this.inputs.read(new Field({ properties: properties.value }), parent), author, { at });
    this.blocks.type(words, page.id, author);
    this.announceNew(page, author);
    return page;
  }

  /** A page at the top of the workspace, as somebody makes it in Notion. */
  addTop(id: string, title: RichText[], author: Author): Page {
    const parent: PageParent = { type: 'workspace' };
    return this.make(parent, { ...this.inputs.read(new Field({}), parent), title }, author, { id });
  }

  get(id: string): Page | undefined {
    return this.pages.get(id);
  }

  /** @throws NotionError when there is none, or it is not shared */
  find(id: string): Page {
    const page = this.pages.get(id);
    if (!page || !isVisible(page)) throw notFound('page', id);
    return page;
  }

  /** Those that the connections see, except for those in the trash. */
  shared(): Page[] {
    return [...this.pages.values()].filter(
      ({ isShared, inTrash, parent }) => isShared && !inTrash && (parent.type !== 'data_source' || parent.source.database.isShared),
    );
  }

  /** The rows of a data source, oldest first, those in the trash among them. */
  rowsOf({ id }: DataSource): readonly Page[] {
    return this.members.get(id) ?? [];
  }

  /** The pages in a page, oldest first. */
  inPage(id: string): Page[] {
    return (this.members.get(id) ?? []).filter((page) => page.isShared && !page.inTrash);
  }

  update(page: Page, body: Field, { author, version }: Pick<Caller, 'author' | 'version'>): Page {
    const inTrash = readTrash(body, version) ?? page.inTrash;
    const input = this.inputs.read(body, page.parent);
    if (page.inTrash && inTrash && !body.at('properties').isMissing)
      throw invalid("Can't edit page on block with an archived ancestor. You must unarchive the ancestor before editing page.");
    for (const effect of input.effects) effect();
    const { title = page.title, icon = page.icon, cover = page.cover, isLocked = page.isLocked } = input;
    const before = { inTrash: page.inTrash, isLocked: page.isLocked };
    Object.assign(page, { title, icon, cover, isLocked, inTrash });
    this.touch(page, author);
    this.write(page, input, author);
    if (input.isErased) this.erase(page, author);
    if (isLocked !== before.isLocked) this.announce(page, author, isLocked ? 'page.locked' : 'page.unlocked');
    if (inTrash !== before.inTrash) {
      this.announce(page, author, inTrash ? 'page.deleted' : 'page.undeleted');
      this.announceRows(page, author);
    }
    return page;
  }

  /** Says that blocks of a page have changed. */
  contentChanged(pageId: string, blockIds: readonly string[], author: Author): void {
    const page = this.pages.get(pageId);
    if (!page) return;
    this.touch(page, author);
    const updated_blocks = blockIds.map((id) => ({ id, type: 'block' }));
    this.announce(page, author, 'page.content_updated', { data: { updated_blocks } });
  }

  private make(
    parent: PageParent,
    { written, title = [], icon = null, cover = null, effects }: PageInput,
    author: Author,
    { at = Date.now(), id = randomUUID() }: { at?: number | undefined; id?: string } = {},
  ): Page {
    const page: Page = {
      id,
      position: this.pages.size,
      parent,
      values: new Map(written.map(([property, value]) => [property.id, value])),
      title,
      icon,
      cover,
      inTrash: false,
      isLocked: false,
      isShared: true,
      created: at,
      edited: at,
      createdBy: author,
      editedBy: author,
    };
    for (const effect of effects) effect();
    this.pages.set(id, page);
    this.blocks.countPage();
    if (parent.type === 'page') this.join(page, parent.id);
    if (parent.type === 'data_source') {
      const place = this.join(page, parent.source.id);
      const counted = parent.source.schema.list().find(({ type }) => type === 'unique_id');
      if (counted) page.values.set(counted.id, { type: 'unique_id', number: place });
    }
    return page;
  }

  /** @returns how many there are now */
  private join(page: Page, id: string): number {
    const members = this.members.get(id) ?? [];
    this.members.set(id, members);
    return members.push(page);
  }

  private write(page: Page, { written }: PageInput, author: Author): void {
    if (written.length === 0) return;
    const changedProperties = written
      .filter(([property, value]) => JSON.stringify(this.reader.plain(page, property)) !== JSON.stringify(plainValue(value)))
      .map(([{ name }]) => name);
    for (const [property, value] of written) page.values.set(property.id, value);
    const updated_properties = written.map(([property]) => encodedId(property));
    this.announce(page, author, 'page.properties_updated', { data: { updated_properties }, changedProperties });
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

  private announceNew(page: Page, author: Author): void {
    const properties = page.parent.type === 'data_source' ? page.parent.source.schema.list() : [];
    const changedProperties = properties.flatMap(({ id, name }) => (page.values.has(id) ? [name] : []));
    this.announce(page, author, 'page.created', { changedProperties });
    this.announceRows(page, author);
  }

  /** Says that a data source has other rows than before. */
  private announceRows({ id, parent }: Page, author: Author): void {
    if (parent.type !== 'data_source') return;
    const { source } = parent;
    this.changes.announce({
      type: 'data_source.content_updated',
      entity: { id: source.id, type: 'data_source' },
      author,
      data: { parent: { id: source.database.id, type: 'database' }, updated_blocks: [{ id, type: 'page' }] },
    });
  }

  private announce(page: Page, author: Author, type: string, { data, ...more }: Partial<Change> = {}): void {
    this.changes.announce({
      type,
      entity: { id: page.id, type: 'page' },
      author,
      data: { parent: eventParent(page.parent), ...data },
      isHidden: !isVisible(page),
      ...more,
    });
  }
}
