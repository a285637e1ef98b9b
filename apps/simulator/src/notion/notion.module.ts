import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DataSourcesController, DatabasesController } from './api/databases.controller.js';
import { FileUploadsController, HostedFilesController } from './api/file-uploads.controller.js';
import { BlocksController, PagesController } from './api/pages.controller.js';
import { SearchController } from './api/search.controller.js';
import { UsersController, ViewsController } from './api/views.controller.js';
import { Blocks } from './content/blocks.js';
import { Changes } from './content/changes.js';
import { Content } from './content/content.js';
import { Databases } from './content/databases.js';
import { DefaultWorkspace } from './content/default-workspace.js';
import { Uploads } from './content/file-uploads.js';
import { Pages } from './content/pages.js';
import { Queries } from './content/query.js';
import { Times } from './content/times.js';
import { Users } from './content/users.js';
import { Views } from './content/views.js';
import { Edge } from './edge/edge.js';
import { NotionErrorFilter } from './errors.js';
import { Webhooks } from './events/webhooks.js';
import { PersonController } from './person/person.controller.js';
import { Rows } from './person/rows.js';
import { Settings } from './settings.js';

const API = [
  DatabasesController,
  DataSourcesController,
  PagesController,
  BlocksController,
  ViewsController,
  UsersController,
  SearchController,
  FileUploadsController,
  HostedFilesController,
];
const WORKSPACE = [Users, Times, Changes, Databases, Blocks, Uploads, Pages, Queries, Views, Content, DefaultWorkspace];

@Module({
  controllers: [...API, PersonController],
  providers: [Settings, ...WORKSPACE, Edge, Webhooks, Rows, { provide: APP_FILTER, useClass: NotionErrorFilter }],
  exports: [Edge],
})
export class NotionModule {}
