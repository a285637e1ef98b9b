import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { FromConnection, type Caller } from '../caller.js';
import { Blocks } from '../content/blocks.js';
import { Databases } from '../content/databases.js';
import { Pages } from '../content/pages.js';
import { Queries } from '../content/query.js';
import { Views } from '../content/views.js';
import { Field } from '../field.js';
import { NotionApi } from './notion-api.js';

/** Ids in a path, and which properties are wanted. */
export const idIn = (text: string, name: string): string => new Field(text, `path.${name}`).id();

export function wantedProperties(query: Record<string, unknown>): string[] | null {
  const given = query.filter_properties ?? query['filter_properties[]'];
  return given === undefined ? null : [given].flat().map(String);
}

@Controller('notion/v1/databases')
@NotionApi()
export class DatabasesController {
  constructor(
    private readonly databases: Databases,
    private readonly pages: Pages,
    private readonly views: Views,
    private readonly blocks: Blocks,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Body() body: unknown, @FromConnection() caller: Caller): object {
    const field = new Field(body);
    field
      .at('parent')
      .at('page_id')
      .optional((page) => this.pages.find(page.id()));
    this.blocks.allow(1);
    const database = this.databases.create(field, caller.author);
    for (const source of database.sources) this.views.addDefault(source, caller.author);
    return this.databases.view(database, caller);
  }

  @Get(':id')
  retrieve(@Param('id') id: string, @FromConnection() caller: Caller): object {
    return this.databases.view(this.databases.find(idIn(id, 'database_id')), caller);
  }

  @Patch(':id')
  update(@Param('id') id: string, @Body() body: unknown, @FromConnection() caller: Caller): object {
    return this.databases.view(this.databases.update(idIn(id, 'database_id'), new Field(body), caller), caller);
  }
}

@Controller('notion/v1/data_sources')
@NotionApi()
export class DataSourcesController {
  constructor(
    private readonly databases: Databases,
    private readonly queries: Queries,
    private readonly views: Views,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Body() body: unknown, @FromConnection() caller: Caller): object {
    const source = this.databases.createSource(new Field(body), caller.author);
    this.views.addDefault(source, caller.author);
    return this.databases.viewSource(source, caller);
  }

  @Get(':id')
  retrieve(@Param('id') id: string, @FromConnection() caller: Caller): object {
    return this.databases.viewSource(this.databases.findSource(idIn(id, 'data_source_id')), caller);
  }

  @Patch(':id')
  update(@Param('id') id: string, @Body() body: unknown, @FromConnection() caller: Caller): object {
    return this.databases.viewSource(this.databases.updateSource(idIn(id, 'data_source_id'), new Field(body), caller), caller);
  }

  @Post(':id/query')
  @HttpCode(200)
  query(@Param('id') id: string, @Body() body: unknown, @Query() query: Record<string, unknown>, @FromConnection() caller: Caller): object {
    const source = this.databases.findSource(idIn(id, 'data_source_id'));
    return this.queries.ask(source, new Field(body ?? {}), caller, wantedProperties(query));
  }
}
