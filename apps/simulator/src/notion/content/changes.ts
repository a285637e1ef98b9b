import { Injectable } from '@nestjs/common';
import type { Author } from './users.js';

/** What is above something, as an event names it. */
export interface EventParent {
  id: string;
  type: 'space' | 'page' | 'database' | 'block';
  data_source_id?: string;
}

/** Something that has happened in the workspace, as an event tells of it. */
export interface Change {
  /** Notion's name for it: `page.created`. */
  type: string;
  entity: { id: string; type: 'page' | 'database' | 'data_source' | 'view' | 'file_upload' };
  author: Author;
  /** What an event of this type says besides. */
  data: Readonly<Record<string, unknown>> & {
    parent?: EventParent;
    /** Ids as the API writes them. */
    updated_properties?: readonly unknown[];
    updated_blocks?: readonly unknown[];
  };
  /** Whether the connections do not see where it happened; they are not told then. */
  isHidden?: boolean;
  /** Properties of a row that have another value than before, by name. */
  changedProperties?: readonly string[];
}

type Listener = (change: Change) => void;

/** Tells whoever wants to know what happens in the workspace. */
@Injectable()
export class Changes {
  private readonly listeners: Listener[] = [];

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  announce(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
