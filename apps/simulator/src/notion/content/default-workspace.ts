import { PRIORITIES, STATUSES, statusTitle } from '#pipeline';
import { CHANNEL_PROPERTIES, ROW_PROPERTIES } from '#providers/notion';
import { Injectable } from '@nestjs/common';
import { Field } from '../field.js';
import { Databases } from './databases.js';
import { CHANNELS_DATA_SOURCE_ID, DATABASE_ID, DATA_SOURCE_ID, ROOT_PAGE_ID } from './ids.js';
import { Pages } from './pages.js';
import { richText } from './rich-text.js';
import type { Color } from './schema.js';
import { Users } from './users.js';
import { Views } from './views.js';

/** What the workspace holds at the start: a page with one database, which has a data source for the videos and one for the channels. */
@Injectable()
export class DefaultWorkspace {
  constructor(databases: Databases, pages: Pages, views: Views, users: Users) {
    const author = users.creator;
    pages.addTop(ROOT_PAGE_ID, richText('Studio'), author);
    const videos = {
      parent: { type: 'page_id', page_id: ROOT_PAGE_ID },
      title: richText('Videos'),
      initial_data_source: { properties: configurations(Object.values(ROW_PROPERTIES)) },
    };
    const database = databases.create(new Field(videos), author, { database: DATABASE_ID, source: DATA_SOURCE_ID });
    const channels = {
      parent: { type: 'database_id', database_id: DATABASE_ID },
      title: richText('Channels'),
      properties: configurations(Object.values(CHANNEL_PROPERTIES)),
    };
    databases.createSource(new Field(channels), author, CHANNELS_DATA_SOURCE_ID);
    for (const source of database.sources) views.addDefault(source, author);
  }
}

function configurations(properties: readonly { name: string; kind: string }[]): object {
  return Object.fromEntries(properties.map(({ name, kind }) => [name, { type: kind, [kind]: optionsOf(name, kind) }]));
}

function optionsOf(name: string, kind: string): object {
  if (kind === 'status') return { options: STATUSES.map((status) => ({ name: statusTitle(status), color: colorOf(status) })) };
  if (name !== ROW_PROPERTIES.priority.name) return {};
  return { options: PRIORITIES.map((priority) => ({ name: priority.charAt(0).toUpperCase() + priority.slice(1) })) };
}

/** The colors that a person might give: what failed is red, what waits for them yellow, what is done green. */
function colorOf(status: (typeof STATUSES)[number]): Color {
  if (status.endsWith('_error')) return 'red';
  if (status.endsWith('_ready') || status === 'final_review') return 'yellow';
  if (status === 'published') return 'green';
  return status === 'draft' ? 'gray' : 'blue';
}
