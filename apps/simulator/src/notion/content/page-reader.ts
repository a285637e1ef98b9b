import { Injectable } from '@nestjs/common';
import { trashed, type Caller } from '../caller.js';
import { notFound } from '../errors.js';
import { Uploads, type StoredFile } from './file-uploads.js';
import { viewParent, type Look, type Page } from './page.js';
import { encodedId, type Property } from './schema.js';
import { Times } from './times.js';
import { emptyValue, isComputed, plainValue, viewValue, type ComputedType, type Value } from './values.js';

/** What pages say: to the API, to filters and sorts, and to people. */
@Injectable()
export class PageReader {
  constructor(
    private readonly uploads: Uploads,
    private readonly times: Times,
  ) {}

  /** The property of a page that a name or an id stands for. */
  property({ parent }: Page, key: string): Property {
    const found = parent.type === 'data_source' ? parent.source.schema.find(key) : undefined;
    if (!found) throw notFound('property', key);
    return found;
  }

  /** What a row holds in a property; null for what is computed. */
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
    const { id, created, edited, inTrash, isLocked, icon, cover, createdBy, editedBy, parent } = page;
    return {
      object: 'page',
      id,
      created_time: this.times.text(created),
      last_edited_time: this.times.text(edited),
      created_by: { object: 'user', id: createdBy.id },
      last_edited_by: { object: 'user', id: editedBy.id },
      cover: cover && this.viewLook(cover, caller),
      icon: icon && this.viewLook(icon, caller),
      parent: viewParent(parent),
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
    const fileView = (file: StoredFile) => ({ name: file.name, ...this.uploads.viewFile(file, caller.origin) });
    const shown = value ? viewValue(value, property, fileView) : this.viewComputed(page, type as ComputedType);
    return { id: encodedId(property), type, [type]: shown };
  }

  private viewProperties(page: Page, caller: Caller, only: readonly string[] | null): object {
    if (page.parent.type !== 'data_source') return { title: { id: 'title', type: 'title', title: page.title } };
    const { schema } = page.parent.source;
    const wanted = only ? new Set(only.map((key) => this.property(page, key))) : null;
    const properties = schema.list().filter((property) => wanted?.has(property) !== false);
    return Object.fromEntries(properties.map((property) => [property.name, this.viewProperty(page, property, caller)]));
  }

  private viewComputed(page: Page, type: ComputedType): string | object {
    const known = this.computed(page, type);
    return type === 'created_by' || type === 'last_edited_by' ? { object: 'user', id: known } : known;
  }

  private viewLook(look: Look, caller: Caller): object {
    return 'file' in look ? this.uploads.viewFile(look.file, caller.origin) : look.given;
  }
}
