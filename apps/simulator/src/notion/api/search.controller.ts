import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { FromConnection, type Caller } from '../caller.js';
import { Databases, nameOf, type DataSource } from '../content/databases.js';
import { PageReader } from '../content/page-reader.js';
import type { Page } from '../content/page.js';
import { Pages } from '../content/pages.js';
import { paged } from '../content/query.js';
import { plainText } from '../content/rich-text.js';
import { Field } from '../field.js';
import { NotionApi } from './notion-api.js';

const KINDS = ['page', 'data_source'] as const;

interface Found {
  id: string;
  kind: (typeof KINDS)[number];
  title: string;
  edited: number;
  view: (caller: Caller) => object;
}

/** Finds what is shared with the connection by its title. */
@Controller('notion/v1/search')
@NotionApi()
export class SearchController {
  constructor(
    private readonly pages: Pages,
    private readonly reader: PageReader,
    private readonly databases: Databases,
  ) {}

  @Post()
  @HttpCode(200)
  search(@Body() given: unknown, @FromConnection() caller: Caller): object {
    const body = new Field(given ?? {});
    const words = body.at('query').optional((field) => field.text().toLowerCase()) ?? '';
    const kind = body.at('filter').optional((filter) => {
      filter.at('property').oneOf(['object']);
      return filter.at('value').oneOf(KINDS);
    });
    const isAscending = body.at('sort').optional((sort) => sort.at('direction').oneOf(['ascending', 'descending'])) === 'ascending';
    const found = [...this.pages.shared().map((page) => this.page(page)), ...this.sources().map((source) => this.source(source))]
      .filter((one) => (!kind || one.kind === kind) && one.title.toLowerCase().includes(words))
      .sort((one, other) => (one.edited - other.edited) * (isAscending ? 1 : -1));
    const where = { start_cursor: body.at('start_cursor').value, page_size: body.at('page_size').value };
    return paged(found, where, 'page_or_data_source', ({ view }) => view(caller));
  }

  private sources(): DataSource[] {
    return this.databases
      .all()
      .flatMap(({ isShared, inTrash, sources }) => (isShared && !inTrash ? sources.filter((one) => !one.inTrash) : []));
  }

  private page(page: Page): Found {
    const { id, edited, parent } = page;
    const title = parent.type === 'data_source' ? String(this.reader.plain(page, parent.source.schema.title())) : plainText(page.title);
    return { id, kind: 'page', title, edited, view: (caller) => this.reader.view(page, caller) };
  }

  private source(source: DataSource): Found {
    const { id, edited } = source;
    return { id, kind: 'data_source', title: nameOf(source), edited, view: (caller) => this.databases.viewSource(source, caller) };
  }
}
