import { Injectable } from '@nestjs/common';
import { trashed, type Caller } from '../caller.js';
import { invalid } from '../errors.js';
import { Field, type Effects } from '../field.js';
import { Blocks, countOf, noBlock, type Block } from './blocks.js';
import { Databases, readTrash, type Database } from './databases.js';
import { PageReader } from './page-reader.js';
import { viewParent, type Page } from './page.js';
import { Pages } from './pages.js';
import { paged } from './query.js';
import { plainText } from './rich-text.js';
import { Times } from './times.js';

/** Pages and databases as the blocks that they are, too, and what stands in them. */
@Injectable()
export class Content {
  constructor(
    private readonly blocks: Blocks,
    private readonly pages: Pages,
    private readonly reader: PageReader,
    private readonly databases: Databases,
    private readonly times: Times,
  ) {}

  read(id: string, caller: Caller): object {
    if (this.pages.get(id)) return this.viewPage(this.pages.find(id), caller);
    return this.databases.has(id) ? this.viewDatabase(this.databases.find(id), caller) : this.blocks.view(this.find(id), caller);
  }

  children(id: string, query: { start_cursor?: unknown; page_size?: unknown }, caller: Caller): object {
    this.pageOf(id);
    const items = [
      ...this.blocks.under(id).map((block) => ({ id: block.id, view: () => this.blocks.view(block, caller) })),
      ...this.pages.inPage(id).map((page) => ({ id: page.id, view: () => this.viewPage(page, caller) })),
      ...this.databases.inPage(id).map((database) => ({ id: database.id, view: () => this.viewDatabase(database, caller) })),
    ];
    return paged(items, query, 'block', ({ view }) => view());
  }

  /** Adds blocks to a page or a block: after one of them, at the start, or at the end. */
  append(id: string, body: Field, caller: Caller): object {
    const page = this.pageOf(id);
    if (page.inTrash) throw invalid("Can't edit block that is archived. You must unarchive the block before editing.");
    const effects: Effects = [];
    const drafts = this.blocks.read(body.at('children'), effects);
    const after = this.readPosition(body, id, caller);
    if (caller.author.type === 'bot') this.blocks.allow(countOf(drafts));
    for (const effect of effects) effect();
    const made = this.blocks.add(drafts, page.id, id, caller.author, after);
    this.changed(page.id, made, caller);
    const results = made.map((block) => this.blocks.view(block, caller));
    return { object: 'list', results, next_cursor: null, has_more: false, type: 'block', block: {} };
  }

  update(id: string, body: Field, caller: Caller): object {
    const block = this.find(id);
    const inTrash = readTrash(body, caller.version) ?? block.inTrash;
    if (block.inTrash && inTrash) throw invalid("Can't edit block that is archived. You must unarchive the block before editing.");
    this.blocks.update(block, body, caller.author);
    block.inTrash = inTrash;
    this.changed(block.pageId, [block], caller);
    return this.blocks.view(block, caller);
  }

  /** Puts a block, or a page, into the trash. */
  delete(id: string, caller: Caller): object {
    const trash = new Field({ in_trash: true });
    if (this.pages.get(id)) return this.viewPage(this.pages.update(this.pages.find(id), trash, caller), caller);
    const block = this.find(id);
    if (block.inTrash) throw invalid("Can't edit block that is archived. You must unarchive the block before editing.");
    block.inTrash = true;
    this.changed(block.pageId, [block], caller);
    return this.blocks.view(block, caller);
  }

  private find(id: string): Block {
    const block = this.blocks.get(id);
    if (!block) throw noBlock(id);
    this.pages.find(block.pageId);
    return block;
  }

  /** The page that something stands in, or is. */
  private pageOf(id: string): Page {
    return this.pages.get(id) ? this.pages.find(id) : this.pages.find(this.find(id).pageId);
  }

  /** Version 2026-03-11 says where by `position`, before it by `after`. */
  private readPosition(body: Field, parentId: string, { version }: Caller): Block | 'start' | 'end' {
    const [after, position] = [body.at('after'), body.at('position')];
    if (version === '2025-09-03') {
      position.absent();
      return after.optional((field) => this.sibling(field, parentId)) ?? 'end';
    }
    after.absent();
    if (position.isMissing) return 'end';
    const type = position.at('type').oneOf(['after_block', 'start', 'end']);
    return type === 'after_block' ? this.sibling(position.at('after_block').at('id'), parentId) : type;
  }

  private sibling(field: Field, parentId: string): Block {
    const block = this.blocks.get(field.id());
    if (block?.parentId !== parentId) throw noBlock(field.id());
    return block;
  }

  private changed(pageId: string, blocks: readonly Block[], { author }: Caller): void {
    this.pages.contentChanged(
      pageId,
      blocks.map(({ id }) => id),
      author,
    );
  }

  private viewPage(page: Page, { version }: Caller): object {
    const title = page.parent.type === 'data_source' ? this.reader.plain(page, page.parent.source.schema.title()) : plainText(page.title);
    return {
      object: 'block',
      id: page.id,
      parent: viewParent(page.parent),
      created_time: this.times.text(page.created),
      last_edited_time: this.times.text(page.edited),
      created_by: { object: 'user', id: page.createdBy.id },
      last_edited_by: { object: 'user', id: page.editedBy.id },
      has_children: this.blocks.under(page.id).length > 0,
      ...trashed(page.inTrash, version),
      type: 'child_page',
      child_page: { title },
    };
  }

  private viewDatabase({ id, pageId, created, edited, inTrash, title }: Database, { version }: Caller): object {
    return {
      object: 'block',
      id,
      parent: { type: 'page_id', page_id: pageId },
      created_time: this.times.text(created),
      last_edited_time: this.times.text(edited),
      has_children: false,
      ...trashed(inTrash, version),
      type: 'child_database',
      child_database: { title: plainText(title) },
    };
  }
}
