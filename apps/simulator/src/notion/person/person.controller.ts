import { Body, Controller, Get, Header, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { read } from '../../control-body.js';
import { originOf } from '../caller.js';
import { Databases, nameOf } from '../content/databases.js';
import { plainText } from '../content/rich-text.js';
import { Users, type Author } from '../content/users.js';
import { RequestCounts } from '../edge/request-counts.js';
import { NotionSettings, Settings } from '../settings.js';
import { BOARD } from './board.js';
import { NewRowBody, RowChangeBody, RowsChangeBody, SharingBody, inputOf, type RowBody } from './bodies.js';
import { Rows } from './rows.js';

/** What a person does in Notion, and what they see there. */
@Controller('simulator/notion')
export class PersonController {
  constructor(
    private readonly rows: Rows,
    private readonly databases: Databases,
    private readonly users: Users,
    private readonly counts: RequestCounts,
    private readonly settings: Settings,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  board(): string {
    return BOARD;
  }

  /** Sets all that can be set: what is left out is as it was at the start. What was counted is forgotten. */
  @Put()
  set(@Body() body: unknown): NotionSettings {
    this.settings.set(read(NotionSettings, body));
    return this.settings.current;
  }

  /** What has reached the API since the settings were last set. */
  @Get('traffic')
  traffic(): object {
    return this.counts.view();
  }

  @Get('databases')
  allDatabases(): object[] {
    return this.databases.all().map(({ id, title, isShared, sources }) => ({
      id,
      title: plainText(title),
      shared: isShared,
      data_sources: sources.map((source) => ({
        id: source.id,
        name: nameOf(source),
        properties: source.schema.list().map(({ name, type, options }) => ({ name, type, options: options.map((option) => option.name) })),
      })),
    }));
  }

  @Patch('databases/:id')
  share(@Param('id') id: string, @Body() body: unknown): object {
    const { shared } = read(SharingBody, body);
    this.databases.share(id, shared);
    return { id, shared };
  }

  /** The rows of a data source, the videos unless another is named. */
  @Get('rows')
  all(@Req() request: Request, @Query('data_source_id') sourceId?: string): object[] {
    return this.rows.all(originOf(request), sourceId);
  }

  /** A row with what stands in its page. */
  @Get('rows/:id')
  one(@Param('id') id: string, @Req() request: Request): object {
    return this.rows.one(id, originOf(request));
  }

  @Post('rows')
  add(@Body() body: unknown, @Req() request: Request): object {
    const row = read(NewRowBody, body);
    const page = this.rows.add(inputOf(row), this.who(row), {
      ...(row.data_source_id && { sourceId: row.data_source_id }),
      ...(row.body && { words: row.body }),
      ...(row.made_at && { at: Date.parse(row.made_at) }),
    });
    return this.rows.view(page, originOf(request));
  }

  @Patch('rows/:id')
  change(@Param('id') id: string, @Body() body: unknown, @Req() request: Request): object {
    return this.changed(id, read(RowChangeBody, body), request);
  }

  /** The same to many rows: `{"ids":[...],"status":"Assets Approved"}`. */
  @Patch('rows')
  changeAll(@Body() body: unknown, @Req() request: Request): object[] {
    const change = read(RowsChangeBody, body);
    return change.ids.map((id) => this.changed(id, change, request));
  }

  private changed(id: string, change: RowChangeBody, request: Request): object {
    const { in_trash: inTrash, shared: isShared } = change;
    const more = { ...(inTrash !== undefined && { inTrash }), ...(isShared !== undefined && { isShared }) };
    return this.rows.view(this.rows.change(id, inputOf(change), this.who(change), more), originOf(request));
  }

  private who({ person = {} }: RowBody): Author {
    return this.users.person(person);
  }
}
