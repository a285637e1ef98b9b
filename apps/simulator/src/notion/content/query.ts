import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../caller.js';
import { invalid } from '../errors.js';
import { Field } from '../field.js';
import { Settings } from '../settings.js';
import { readTrash, type DataSource } from './databases.js';
import { readFilter, type RowTest } from './filters.js';
import { PageReader } from './page-reader.js';
import type { Page } from './page.js';
import { Pages } from './pages.js';
import { readSorts, type SortKey, compareKeys } from './sorts.js';

/** Notion's limit for the results of one request. */
const LARGEST_PAGE = 100;
/** Cursors that are remembered. */
const CURSORS_KEPT = 10_000;

/** Where a query goes on: after the row with these keys. */
interface Cursor {
  /** What was asked; with another question the cursor is not valid. */
  question: string;
  after: SortKey[];
  /** Rows that the query has given so far. */
  given: number;
}

/** Asks a data source for its rows. */
@Injectable()
export class Queries {
  private readonly cursors = new Map<string, Cursor>();

  constructor(
    private readonly settings: Settings,
    private readonly pages: Pages,
    private readonly reader: PageReader,
  ) {}

  /** @param only the properties that are wanted, by name or id; null: all */
  ask(source: DataSource, body: Field, caller: Caller, only: readonly string[] | null): object {
    const size = readPageSize(body.at('page_size'));
    const inTrash = readTrash(body, caller.version) ?? false;
    const test = body.at('filter').optional((filter) => readFilter(filter, source, this.reader)) ?? (() => true);
    const keysOf = readSorts(body.at('sorts'), source, this.reader);
    const question = JSON.stringify([source.id, body.at('filter').value, body.at('sorts').value, inTrash]);
    const cursor = body.at('start_cursor').orNull((field) => this.readCursor(field, question));
    const { query_limit: limit } = this.settings.current;

    const given = cursor?.given ?? 0;
    const rows = this.matching(source, test, inTrash)
      .map((page) => ({ page, keys: keysOf(page) }))
      .filter(({ keys }) => !cursor || compareKeys(keys, cursor.after) > 0)
      .sort((one, other) => compareKeys(one.keys, other.keys));
    const shown = rows.slice(0, Math.min(size, limit - given));
    const last = shown.at(-1);
    const isMore = rows.length > shown.length;
    const isCutShort = isMore && given + shown.length >= limit;
    const next = last && isMore && !isCutShort ? { question, after: last.keys, given: given + shown.length } : null;
    return {
      object: 'list',
      type: 'page_or_data_source',
      page_or_data_source: {},
      results: shown.map(({ page }) => this.reader.view(page, caller, only)),
      has_more: next !== null,
      next_cursor: next && this.remember(next),
      request_status: isCutShort ? { type: 'incomplete', incomplete_reason: 'query_result_limit_reached' } : { type: 'complete' },
    };
  }

  private matching(source: DataSource, test: RowTest, inTrash: boolean): Page[] {
    return this.pages.rowsOf(source).filter((page) => page.isShared && page.inTrash === inTrash && test(page));
  }

  private readCursor(field: Field, question: string): Cursor {
    const cursor = this.cursors.get(field.id());
    if (cursor?.question !== question) throw invalid(`The start_cursor provided is invalid: ${field.text()}`);
    return cursor;
  }

  private remember(cursor: Cursor): string {
    const id = randomUUID();
    this.cursors.set(id, cursor);
    const [oldest] = this.cursors.keys();
    if (this.cursors.size > CURSORS_KEPT && oldest) this.cursors.delete(oldest);
    return id;
  }
}

function readPageSize(field: Field): number {
  const size = field.optional((given) => given.number()) ?? LARGEST_PAGE;
  if (!Number.isInteger(size) || size < 1) throw field.wrong('≥ `1`');
  if (size > LARGEST_PAGE) throw field.wrong(`≤ \`${LARGEST_PAGE}\``);
  return size;
}

/** A list as the API pages it when its items have ids: the cursor is the id of the first one that is still to come. */
export function paged<T extends { id: string }>(
  items: readonly T[],
  query: { start_cursor?: unknown; page_size?: unknown },
  type: string,
  view: (item: T) => object,
): object {
  const size = readPageSize(new Field(query.page_size === undefined ? undefined : Number(query.page_size), 'query.page_size'));
  const cursor = new Field(query.start_cursor, 'query.start_cursor').orNull((field) => field.id());
  const from = cursor === null ? 0 : items.findIndex(({ id }) => id === cursor);
  if (from < 0) throw invalid(`The start_cursor provided is invalid: ${cursor ?? ''}`);
  const next = items[from + size]?.id ?? null;
  return {
    object: 'list',
    results: items.slice(from, from + size).map(view),
    next_cursor: next,
    has_more: next !== null,
    type,
    [type]: {},
  };
}
