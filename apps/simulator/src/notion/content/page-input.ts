import { Injectable } from '@nestjs/common';
import { invalid } from '../errors.js';
import { Field, type Effects } from '../field.js';
import { Blocks, type Draft } from './blocks.js';
import { Databases } from './databases.js';
import { Uploads } from './file-uploads.js';
import type { Look, PageParent } from './page.js';
import { readRichText, type RichText } from './rich-text.js';
import type { Property } from './schema.js';
import { readValue, type Value } from './values.js';

/** What a request says of a page, all of it checked; what it does not say is missing. */
export interface PageInput {
  written: readonly (readonly [Property, Value])[];
  title?: RichText[];
  icon?: Look | null;
  cover?: Look | null;
  children: Draft[];
  isLocked?: boolean;
  isErased: boolean;
  /** What comes with it: to be done when the page is. */
  effects: Effects;
}

/** What has no counterpart here is refused instead of being passed over. */
const NOT_SIMULATED = ['markdown', 'template', 'content', 'position', 'is_archived'];

/** Reads what requests say of pages. */
@Injectable()
export class PageInputs {
  constructor(
    private readonly databases: Databases,
    private readonly blocks: Blocks,
    private readonly uploads: Uploads,
  ) {}

  parent(field: Field): PageParent {
    const [source, database, page] = [field.at('data_source_id'), field.at('database_id'), field.at('page_id')];
    if (!source.isMissing) return { type: 'data_source', source: this.databases.findSource(source.id()) };
    if (!database.isMissing) {
      const { sources } = this.databases.find(database.id());
      const [only] = sources;
      if (!only || sources.length > 1) throw invalid('Databases with multiple data sources need a data_source_id as the parent.');
      return { type: 'data_source', source: only };
    }
    if (!page.isMissing) return { type: 'page', id: page.id() };
    throw source.wrong('defined');
  }

  /** @throws NotionError when anything of it is wrong; then nothing has happened */
  read(body: Field, parent: PageParent): PageInput {
    for (const name of NOT_SIMULATED) body.at(name).absent();
    const effects: Effects = [];
    const properties = body.at('properties');
    const isRow = parent.type === 'data_source';
    const [icon, cover] = [this.look(body.at('icon'), effects), this.look(body.at('cover'), effects)];
    const title = isRow ? undefined : properties.optional((given) => readTitle(given.at('title')));
    const isLocked = body.at('is_locked').optional((field) => field.boolean());
    return {
      written: isRow ? (properties.optional((given) => this.written(given, parent, effects)) ?? []) : [],
      ...(title && { title }),
      ...(icon !== undefined && { icon }),
      ...(cover !== undefined && { cover }),
      children: body.at('children').optional((children) => this.blocks.read(children, effects)) ?? [],
      ...(isLocked !== undefined && { isLocked }),
      isErased: body.at('erase_content').optional((field) => field.boolean()) ?? false,
      effects,
    };
  }

  private written(field: Field, parent: PageParent & { type: 'data_source' }, effects: Effects): PageInput['written'] {
    return field.names().map((key) => {
      const property = parent.source.schema.find(key);
      if (!property) throw invalid(`${key} is not a property that exists.`);
      return [property, readValue(property, field.at(key), this.uploads, effects)] as const;
    });
  }

  private look(field: Field, effects: Effects): Look | null | undefined {
    if (field.isMissing || field.isNull) return field.isNull ? null : undefined;
    return field.at('file_upload').isMissing ? { given: field.object() } : { file: this.uploads.read(field, effects) };
  }
}

/** A title is given as a property, or as its pieces alone. */
function readTitle(field: Field): RichText[] | undefined {
  return field.optional((title) => readRichText(Array.isArray(title.value) ? title : title.at('title')));
}
