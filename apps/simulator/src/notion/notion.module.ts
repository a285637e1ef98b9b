import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DataSourcesController, DatabasesController } from './api/databases.controller.js';
import { FileUploadsController, HostedFilesController } from './api/file-uploads.controller.js';
import { BlocksController, PagesController } from './api/pages.controller.js';
import { UsersController, ViewsController } from './api/views.controller.js';
import { Blocks } from './content/blocks.js';
import { Changes } from './content/changes.js';
import { Content } from './content/content.js';
import { Databases } from './content/databases.js';
import { DefaultWorkspace } from './content/default-workspace.js';
import { Uploads } from './content/file-uploads.js';
import { PageInputs } from './content/page-input.js';
import { PageReader } from './content/page-reader.js';
import { Pages } from './content/pages.js';
import { Queries } from './content/query.js';
import { Times } from './content/times.js';
import { Users } from './content/users.js';
import { Views } from './content/views.js';
import { Edge } from './edge/edge.js';
import { RateLimit } from './edge/rate-limit.js';
import { RequestCounts } from './edge/request-counts.js';
import { NoRouteFilter, NotionErrorFilter } from './errors.js';
import { Automations } from './events/automations.js';
import { Happenings } from './events/happenings.js';
import { Subscriptions } from './events/subscriptions.js';
import { Webhooks } from './events/webhooks.js';
import { EventsController } from './person/events.controller.js';
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
  FileUploadsController,
  HostedFilesController,
];
const WORKSPACE = [
  Users,
  Times,
  Changes,
  Databases,
  Blocks,
  Uploads,
  PageInputs,
  PageReader,
  Pages,
  Queries,
  Views,
  Content,
  DefaultWorkspace,
];
const EDGE = [RateLimit, RequestCounts, Edge];
const EVENTS = [Happenings, Subscriptions, Webhooks, Automations];
const FILTERS = [NotionErrorFilter, NoRouteFilter].map((useClass) => ({ provide: APP_FILTER, useClass }));

@Module({
  controllers: [...API, PersonController, EventsController],
  providers: [Settings, ...WORKSPACE, ...EDGE, ...EVENTS, Rows, ...FILTERS],
  exports: [Edge],
})
export class NotionModule {}
