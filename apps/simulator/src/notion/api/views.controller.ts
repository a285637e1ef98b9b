import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { FromConnection, type Caller } from '../caller.js';
import { paged } from '../content/query.js';
import { Users } from '../content/users.js';
import { Views } from '../content/views.js';
import { Field } from '../field.js';
import { NotionApi } from './notion-api.js';
import { idIn } from './databases.controller.js';

@Controller('notion/v1/views')
@NotionApi()
export class ViewsController {
  constructor(private readonly views: Views) {}

  @Post()
  @HttpCode(200)
  create(@Body() body: unknown, @FromConnection() { author }: Caller): object {
    return this.views.view(this.views.create(new Field(body), author));
  }

  @Get()
  list(@Query() query: Record<string, unknown>): object {
    return paged(this.views.list(query), query, 'view', ({ id }) => ({ object: 'view', id }));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): object {
    return this.views.view(this.views.find(idIn(id, 'view_id')));
  }

  @Patch(':id')
  update(@Param('id') id: string, @Body() body: unknown, @FromConnection() { author }: Caller): object {
    return this.views.view(this.views.update(this.views.find(idIn(id, 'view_id')), new Field(body ?? {}), author));
  }

  @Delete(':id')
  delete(@Param('id') id: string, @FromConnection() { author }: Caller): object {
    const view = this.views.find(idIn(id, 'view_id'));
    this.views.delete(view, author);
    return { object: 'view', id: view.id, parent: { type: 'database_id', database_id: view.database.id }, type: view.type };
  }
}

@Controller('notion/v1/users')
@NotionApi()
export class UsersController {
  constructor(private readonly users: Users) {}

  @Get()
  list(@Query() query: Record<string, unknown>): object {
    return paged(this.users.all(), query, 'user', ({ id }) => this.users.view(id));
  }

  @Get('me')
  me(@FromConnection() { author }: Caller): object {
    return this.users.view(author.id);
  }

  @Get(':id')
  retrieve(@Param('id') id: string): object {
    return this.users.view(idIn(id, 'user_id'));
  }
}
