import { ROW_PROPERTIES, type RowProperty } from '#pipeline';
import { Injectable } from '@nestjs/common';
import { Databases, type DataSource } from '../content/databases.js';
import { Blocks } from '../content/blocks.js';
import { Uploads, type StoredFile } from '../content/file-uploads.js';
import { DATA_SOURCE_ID } from '../content/ids.js';
import { PageReader } from '../content/page-reader.js';
import type { Page } from '../content/page.js';
import { Pages } from '../content/pages.js';
import type { Property } from '../content/schema.js';
import { Users, type Author } from '../content/users.js';
import { typedValue } from '../content/values.js';
import { Field } from '../field.js';
import { invalid, notFound } from '../errors.js';

/** What a person puts into a row: by the fields of a video, and by the names of properties. */
export interface RowInput {
  fields: Partial<Record<RowProperty, unknown>>;
  properties: Readonly<Record<string, unknown>>;
}

/** The rows as a person sees and changes them. */
@Injectable()
export class Rows {
  constructor(
    private readonly databases: Databases,
    private readonly pages: Pages,
    private readonly reader: PageReader,
    private readonly blocks: Blocks,
    private readonly uploads: Uploads,
    private readonly users: Users,
  ) {}

  /**
   * @param words what stands in the page; a line that begins with # is a heading
   * @param at when it is said to have been made (ms)
   */
  add(
    input: RowInput,
    author: Author,
    { sourceId = DATA_SOURCE_ID, words = '', at }: { sourceId?: string; words?: string; at?: number },
  ): Page {
    const source = this.databases.findSource(sourceId);
    return this.pages.addRow(source, this.written(source, input), author, words, at);
  }

  change(id: string, input: RowInput, author: Author, { inTrash, isShared }: { inTrash?: boolean; isShared?: boolean } = {}): Page {
    const page = this.find(id);
    const { source } = this.placeOf(page);
    const properties = this.written(source, input).value as object;
    const body = { ...(Object.keys(properties).length > 0 && { properties }), ...(inTrash !== undefined && { in_trash: inTrash }) };
    if (isShared !== undefined) page.isShared = isShared;
    return Object.keys(body).length > 0 ? this.pages.update(page, new Field(body), { author, version: '2026-03-11' }) : page;
  }

  all(origin: string, sourceId = DATA_SOURCE_ID): object[] {
    return this.pages.rowsOf(this.databases.findSource(sourceId)).map((page) => this.view(page, origin));
  }

  one(id: string, origin: string): object {
    const page = this.find(id);
    const files = this.blocks.filesIn(page.id).map((file) => this.viewFile(file, origin));
    return { ...this.view(page, origin), body: this.blocks.lines(page.id).join('\n'), body_files: files };
  }

  view(page: Page, origin: string): object {
    const { source } = this.placeOf(page);
    const shown = new Map(source.schema.list().map((property) => [property.name, this.plain(page, property, origin)]));
    const of = (property: RowProperty) => shown.get(ROW_PROPERTIES[property].name) ?? null;
    return {
      id: page.id,
      data_source_id: source.id,
      title: this.plain(page, source.schema.title(), origin),
      status: of('status'),
      channel: of('channel'),
      topic: of('topic'),
      story_direction: of('story_direction'),
      priority: of('priority'),
      publish_at: of('publish_at'),
      redo: of('redo'),
      review_note: of('review_note'),
      thumbnail: of('thumbnail'),
      progress: of('progress'),
      error: of('error'),
      cost: of('cost'),
      estimate: of('estimate'),
      review: of('review') ?? [],
      url: of('youtube_url'),
      properties: Object.fromEntries(shown),
      in_trash: page.inTrash,
      created_at: new Date(page.created).toISOString(),
      edited_at: new Date(page.edited).toISOString(),
      edited_by: { ...page.editedBy, name: this.users.nameOf(page.editedBy.id) },
    };
  }

  private plain(page: Page, property: Property, origin: string): unknown {
    const value = this.reader.value(page, property);
    const plain = this.reader.plain(page, property);
    if (value?.type !== 'files') return plain === '' ? null : plain;
    return value.files.map((file) => this.viewFile(file, origin));
  }

  private viewFile(file: StoredFile, origin: string): object {
    const shown = this.uploads.viewFile(file, origin);
    const content = file.kind === 'upload' ? file.upload.content : null;
    const { url } = shown.type === 'file' ? shown.file : shown.external;
    return { name: file.name, url, size: content?.size ?? null, sha256: content?.sha256 ?? null };
  }

  /** Also a row that is not shared: people see those. */
  private find(id: string): Page {
    const page = this.pages.get(new Field(id, 'path.id').id());
    if (!page) throw notFound('page', id);
    return page;
  }

  private placeOf({ id, parent }: Page): { source: DataSource } {
    if (parent.type !== 'data_source') throw invalid(`${id} is no row.`);
    return { source: parent.source };
  }

  private written(source: DataSource, { fields, properties }: RowInput): Field {
    const named = Object.entries(fields).map(([field, value]) => {
      const name = field === 'title' ? source.schema.title().name : ROW_PROPERTIES[field as RowProperty].name;
      return [name, value] as const;
    });
    const entries = [...named, ...Object.entries(properties)].map(([key, plain]) => {
      const property = source.schema.find(key);
      if (!property) throw invalid(`${key} is not a property that exists.`);
      return [key, { [property.type]: typedValue(property, plain) }] as const;
    });
    return new Field(Object.fromEntries(entries), 'body.properties');
  }
}
