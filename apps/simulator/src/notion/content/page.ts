import type { EventParent } from './changes.js';
import type { DataSource } from './databases.js';
import type { StoredFile } from './file-uploads.js';
import { WORKSPACE_ID } from './ids.js';
import type { RichText } from './rich-text.js';
import type { Author } from './users.js';
import type { Value } from './values.js';

/** Where a page is: a row of a data source, a page in a page, or at the top of the workspace. */
export type PageParent = { type: 'data_source'; source: DataSource } | { type: 'page'; id: string } | { type: 'workspace' };

/** An icon or a cover: a file, or something that is given back as it came. */
export type Look = { file: StoredFile } | { given: object };

export interface Page {
  readonly id: string;
  /** Its place among all pages, in the order in which they were made. */
  readonly position: number;
  readonly parent: PageParent;
  /** By the id of the property; what is missing is empty. */
  readonly values: Map<string, Value>;
  /** Of a page that is no row. */
  title: RichText[];
  icon: Look | null;
  cover: Look | null;
  inTrash: boolean;
  isLocked: boolean;
  /** Whether the connections see it, as far as its database is shared. */
  isShared: boolean;
  readonly created: number;
  edited: number;
  readonly createdBy: Author;
  editedBy: Author;
}

/** Whether the connections see a page. */
export function isVisible({ isShared, parent }: Page): boolean {
  return isShared && (parent.type !== 'data_source' || parent.source.database.isShared);
}

export function viewParent(parent: PageParent): object {
  if (parent.type === 'workspace') return { type: 'workspace', workspace: true };
  if (parent.type === 'page') return { type: 'page_id', page_id: parent.id };
  return { type: 'data_source_id', data_source_id: parent.source.id, database_id: parent.source.database.id };
}

export function eventParent(parent: PageParent): EventParent {
  if (parent.type === 'workspace') return { id: WORKSPACE_ID, type: 'space' };
  if (parent.type === 'page') return { id: parent.id, type: 'page' };
  return { id: parent.source.database.id, type: 'database', data_source_id: parent.source.id };
}
