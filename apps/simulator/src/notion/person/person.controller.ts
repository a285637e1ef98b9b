import { Body, Controller, Get, HttpCode, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { WireError, text } from '../../answer.js';
import { originOf } from '../caller.js';
import { Users } from '../content/users.js';
import { Webhooks } from '../events/webhooks.js';
import { NotionSettings, Settings } from '../settings.js';
import { NewRowBody, RowChangeBody, RowsChangeBody, inputOf, read, type RowBody } from './bodies.js';
import { Rows } from './rows.js';

/** What a person does in Notion, and what they see there. */
@Controller('simulator/notion')
export class PersonController {
  constructor(
    private readonly rows: Rows,
    private readonly users: Users,
    private readonly webhooks: Webhooks,
    private readonly settings: Settings,
  ) {}

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
    const at = row.made_at ? Date.parse(row.made_at) : undefined;
    const page = this.rows.add(inputOf(row), this.who(row), {
      ...(row.data_source_id && { sourceId: row.data_source_id }),
      ...(row.body && { words: row.body }),
      ...(at !== undefined && { at }),
    });
    return this.rows.view(page, originOf(request));
  }

  @Patch('rows/:id')
  change(@Param('id') id: string, @Body() body: unknown, @Req() request: Request): object {
    return this.rows.view(this.changeOne(id, read(RowChangeBody, body)), originOf(request));
  }

  /** The same to many rows: `{"ids":[...],"status":"Assets Approved"}`. */
  @Patch('rows')
  changeAll(@Body() body: unknown, @Req() request: Request): object[] {
    const { ids, ...change } = read(RowsChangeBody, body);
    return ids.map((id) => this.rows.view(this.changeOne(id, change), originOf(request)));
  }

  @Post('webhooks')
  @HttpCode(200)
  async subscribe(@Body() body: unknown): Promise<object> {
    const token = text(body, 'verification_token');
    return { verification_token: await this.webhooks.subscribe(text(body, 'url'), ...(token ? [token] : [])) };
  }

  /** What goes wrong with this workspace: `{"drop":0.2,"duplicate":0.2,"query_limit":100}`. */
  @Put()
  set(@Body() body: Partial<NotionSettings>): object {
    this.settings.current = Object.assign(new NotionSettings(), body);
    if (typeof this.settings.current.drop !== 'number') throw new WireError(400, { message: 'drop must be a number' });
    return this.settings.current;
  }

  private changeOne(id: string, change: RowChangeBody) {
    const { in_trash: inTrash, shared: isShared } = change;
    const more = { ...(inTrash !== undefined && { inTrash }), ...(isShared !== undefined && { isShared }) };
    return this.rows.change(id, inputOf(change), this.who(change), more);
  }

  private who({ person = {} }: RowBody) {
    return this.users.person(person);
  }
}
