import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { trashed, type Caller } from '../caller.js';
import { NotionError, invalid, notFound } from '../errors.js';
import type { Effects, Field } from '../field.js';
import { Settings } from '../settings.js';
import { Uploads, type StoredFile } from './file-uploads.js';
import { LONGEST_URL, plainText, readRichText, richText, type RichText } from './rich-text.js';
import { Times } from './times.js';
import type { Author } from './users.js';

/** Types whose content is text, and those whose content is a file; then those that are something else. */
const TEXTS = [
  'paragraph',
  'heading_1',
  'heading_2',
  'heading_3',
  'heading_4',
  'bulleted_list_item',
  'numbered_list_item',
  'quote',
  'to_do',
  'toggle',
  'callout',
  'code',
] as const;
const MEDIA = ['image', 'video', 'audio', 'file', 'pdf'] as const;
const OTHERS = ['divider', 'embed', 'bookmark', 'table_of_contents', 'breadcrumb', 'equation'] as const;
export type BlockType = (typeof TEXTS)[number] | (typeof MEDIA)[number] | (typeof OTHERS)[number];
const BLOCK_TYPES: readonly BlockType[] = [...TEXTS, ...MEDIA, ...OTHERS];

/** Notion's limits for the blocks of one request: how many, and how many levels below the first. */
const MOST_BLOCKS = 1_000;
const DEEPEST = 2;

export interface Block {
  readonly id: string;
  /** The page that it stands in, and what it stands under: that page or another block. */
  readonly pageId: string;
  readonly parentId: string;
  readonly type: BlockType;
  text: RichText[];
  caption: RichText[];
  file: StoredFile | null;
  /** What else the block says: `{"checked":true}`. */
  more: Readonly<Record<string, unknown>>;
  inTrash: boolean;
  readonly created: number;
  edited: number;
  readonly createdBy: Author;
  editedBy: Author;
}

/** A block that a request gives, before there is one. */
export interface Draft {
  type: BlockType;
  content: Pick<Block, 'text' | 'caption' | 'file' | 'more'>;
  children: Draft[];
}

/** What stands in pages. */
@Injectable()
export class Blocks {
  private readonly blocks = new Map<string, Block>();
  /** Ids of blocks by what they stand under, in their order. */
  private readonly children = new Map<string, string[]>();
  /** Blocks and pages that the workspace has had in its life. */
  private lifetime = 0;

  constructor(
    private readonly settings: Settings,
    private readonly uploads: Uploads,
    private readonly times: Times,
  ) {}

  get(id: string): Block | undefined {
    return this.blocks.get(id);
  }

  /** What stands directly under a page or a block. */
  under(parentId: string): Block[] {
    const ids = this.children.get(parentId) ?? [];
    return ids.map((id) => this.blocks.get(id)).filter((block): block is Block => block !== undefined && !block.inTrash);
  }

  /** The blocks of a request, checked; nothing is made yet. */
  read(field: Field, effects: Effects): Draft[] {
    const drafts = field.items().map((item) => this.readDraft(item, 0, effects));
    const count = countOf(drafts);
    if (count > MOST_BLOCKS)
      throw invalid(`body failed validation: body.children should have at most ${MOST_BLOCKS} blocks, instead had ${count}.`);
    return drafts;
  }

  /**
   * Makes blocks.
   * @param after the block that they come after; `start`: before all others
   */
  add(drafts: readonly Draft[], pageId: string, parentId: string, author: Author, after: Block | 'start' | 'end' = 'end'): Block[] {
    const made = drafts.map(({ type, content, children }) => {
      const now = Date.now();
      const block: Block = {
        id: randomUUID(),
        pageId,
        parentId,
        type,
        ...content,
        inTrash: false,
        created: now,
        edited: now,
        createdBy: author,
        editedBy: author,
      };
      this.blocks.set(block.id, block);
      this.lifetime++;
      this.add(children, pageId, block.id, author);
      return block;
    });
    const siblings = this.children.get(parentId) ?? [];
    const at = after === 'start' ? 0 : after === 'end' ? siblings.length : siblings.indexOf(after.id) + 1;
    siblings.splice(at, 0, ...made.map(({ id }) => id));
    this.children.set(parentId, siblings);
    return made;
  }

  /** What a person types, a line a block; a line that begins with # is a heading. */
  type(words: string, pageId: string, author: Author): void {
    const drafts = words.split('\n').flatMap((line): Draft[] => {
      const [, marks = '', content = ''] = /^(#{0,3}) ?(.*)$/.exec(line) ?? [];
      const type = marks ? (`heading_${marks.length}` as BlockType) : 'paragraph';
      return content ? [{ type, content: { text: richText(content), caption: [], file: null, more: {} }, children: [] }] : [];
    });
    this.add(drafts, pageId, pageId, author);
  }

  update(block: Block, body: Field, author: Author): void {
    const effects: Effects = [];
    const given = body.at(block.type);
    if (!given.isMissing) {
      const { text, caption, file, more } = this.readContent(block.type, given, effects, true);
      Object.assign(block, {
        text: given.at('rich_text').isMissing ? block.text : text,
        caption: given.at('caption').isMissing ? block.caption : caption,
        file: file ?? block.file,
        more: { ...block.more, ...more },
      });
    }
    for (const effect of effects) effect();
    block.edited = Date.now();
    block.editedBy = author;
  }

  /** Counts what is made through the API against what a free workspace may have had. */
  allow(count: number): void {
    const { block_limit: limit } = this.settings.current;
    if (limit !== null && this.lifetime + count > limit)
      throw new NotionError(403, 'restricted_resource', 'This workspace has reached its block limit. Upgrade the plan to add more.', {
        additionalData: { block_limit: 'block_creation' },
      });
  }

  /** A page is a block, too. */
  countPage(): void {
    this.lifetime++;
  }

  view(block: Block, caller: Caller): object {
    const { id, pageId, parentId, type, inTrash, created, edited, createdBy, editedBy } = block;
    return {
      object: 'block',
      id,
      parent: parentId === pageId ? { type: 'page_id', page_id: pageId } : { type: 'block_id', block_id: parentId },
      created_time: this.times.text(created),
      last_edited_time: this.times.text(edited),
      created_by: { object: 'user', id: createdBy.id },
      last_edited_by: { object: 'user', id: editedBy.id },
      has_children: this.under(id).length > 0,
      ...trashed(inTrash, caller.version),
      type,
      [type]: this.viewContent(block, caller),
    };
  }

  /** The lines of a page, as a person reads them. */
  lines(parentId: string): string[] {
    return this.under(parentId).flatMap((block) => {
      const marks = '#'.repeat(Number(/^heading_(\d)$/.exec(block.type)?.[1] ?? 0));
      const words = plainText(block.text) || (block.file ? `[${block.file.name}]` : '');
      return [marks ? `${marks} ${words}` : words, ...this.lines(block.id)];
    });
  }

  /** The files of a page. */
  filesIn(parentId: string): StoredFile[] {
    return this.under(parentId).flatMap(({ id, file }) => [...(file ? [file] : []), ...this.filesIn(id)]);
  }

  private viewContent({ type, text, caption, file, more }: Block, caller: Caller): object {
    if (isText(type))
      return {
        rich_text: text,
        color: 'default',
        ...(type === 'code' && { caption }),
        ...(type === 'to_do' && { checked: false }),
        ...more,
      };
    if (!isMedia(type) || !file) return { ...more, ...(type === 'bookmark' || type === 'embed' ? { caption } : {}) };
    return { caption, ...this.uploads.viewFile(file, caller.origin), ...(type === 'file' && { name: file.name }) };
  }

  private readDraft(field: Field, depth: number, effects: Effects): Draft {
    const type = field.at('type').optional((given) => given.oneOf(BLOCK_TYPES)) ?? BLOCK_TYPES.find((one) => !field.at(one).isMissing);
    if (!type) throw field.wrong(`a block of one of the types ${BLOCK_TYPES.join(', ')}`);
    const content = field.at(type);
    const children = content.at('children');
    if (depth === DEEPEST) children.absent();
    return {
      type,
      content: this.readContent(type, content, effects, false),
      children: children.optional((given) => given.items().map((item) => this.readDraft(item, depth + 1, effects))) ?? [],
    };
  }

  private readContent(type: BlockType, field: Field, effects: Effects, isUpdate: boolean): Draft['content'] {
    const caption = field.at('caption').optional(readRichText) ?? [];
    if (isText(type)) {
      const { rich_text: _, caption: __, children: ___, ...more } = field.object();
      const words = field.at('rich_text');
      return { text: isUpdate && words.isMissing ? [] : readRichText(words), caption, file: null, more };
    }
    if (isMedia(type)) {
      const isGiven = !isUpdate || !field.at('file_upload').isMissing || !field.at('external').isMissing;
      return { text: [], caption, file: isGiven ? this.uploads.read(field, effects) : null, more: {} };
    }
    const { caption: __, children: ___, ...more } = field.object();
    if (type === 'embed' || type === 'bookmark') field.at('url').text(LONGEST_URL);
    return { text: [], caption, file: null, more };
  }
}

function isText(type: BlockType): boolean {
  return TEXTS.some((one) => one === type);
}

function isMedia(type: BlockType): boolean {
  return MEDIA.some((one) => one === type);
}

export function countOf(drafts: readonly Draft[]): number {
  return drafts.reduce((sum, { children }) => sum + 1 + countOf(children), 0);
}

export function noBlock(id: string): NotionError {
  return notFound('block', id);
}
