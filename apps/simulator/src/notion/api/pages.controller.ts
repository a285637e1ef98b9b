import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { FromConnection, type Caller } from '../caller.js';
import { Content } from '../content/content.js';
import { PageReader } from '../content/page-reader.js';
import { Pages } from '../content/pages.js';
import { paged } from '../content/query.js';
import { Field, idFrom } from '../field.js';
import { NotionApi } from './notion-api.js';
import { idIn, wantedProperties } from './databases.controller.js';

/** Kinds of property whose value the API gives piece by piece. */
const LISTS = ['title', 'rich_text', 'people', 'relation'];

@Controller('notion/v1/pages')
@NotionApi()
export class PagesController {
  constructor(
    private readonly pages: Pages,
    private readonly reader: PageReader,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Body() body: unknown, @Query() query: Record<string, unknown>, @FromConnection() caller: Caller): object {
    return this.reader.view(this.pages.create(new Field(body), caller.author), caller, wantedProperties(query));
  }

  @Get(':id')
  retrieve(@Param('id') id: string, @Query() query: Record<string, unknown>, @FromConnection() caller: Caller): object {
    return this.reader.view(this.pages.find(idIn(id, 'page_id')), caller, wantedProperties(query));
  }

  @Patch(':id')
  update(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: Record<string, unknown>,
    @FromConnection() caller: Caller,
  ): object {
    const page = this.pages.update(this.pages.find(idIn(id, 'page_id')), new Field(body ?? {}), caller);
    return this.reader.view(page, caller, wantedProperties(query));
  }

  @Get(':id/properties/:property')
  property(
    @Param('id') id: string,
    @Param('property') key: string,
    @Query() query: Record<string, unknown>,
    @FromConnection() caller: Caller,
  ): object {
    const page = this.pages.find(idIn(id, 'page_id'));
    const shown = this.reader.viewProperty(page, this.reader.property(page, key), caller);
    const type = String(shown.type);
    if (!LISTS.includes(type)) return { object: 'property_item', ...shown };
    const items = (shown[type] as object[]).map((item, index) => ({ id: idFrom(`${page.id} ${String(shown.id)} ${index}`), item }));
    const list = paged(items, query, 'property_item', ({ item }) => ({
      object: 'property_item',
      id: shown.id,
      type,
      [type]: item,
    }));
    return { ...list, property_item: { id: shown.id, type, [type]: {}, next_url: null } };
  }
}

@Controller('notion/v1/blocks')
@NotionApi()
export class BlocksController {
  constructor(private readonly content: Content) {}

  @Get(':id')
  retrieve(@Param('id') id: string, @FromConnection() caller: Caller): object {
    return this.content.read(idIn(id, 'block_id'), caller);
  }

  @Patch(':id')
  update(@Param('id') id: string, @Body() body: unknown, @FromConnection() caller: Caller): object {
    return this.content.update(idIn(id, 'block_id'), new Field(body ?? {}), caller);
  }

  @Delete(':id')
  delete(@Param('id') id: string, @FromConnection() caller: Caller): object {
    return this.content.delete(idIn(id, 'block_id'), caller);
  }

  @Get(':id/children')
  children(@Param('id') id: string, @Query() query: Record<string, unknown>, @FromConnection() caller: Caller): object {
    return this.content.children(idIn(id, 'block_id'), query, caller);
  }

  @Patch(':id/children')
  append(@Param('id') id: string, @Body() body: unknown, @FromConnection() caller: Caller): object {
    return this.content.append(idIn(id, 'block_id'), new Field(body ?? {}), caller);
  }
}
