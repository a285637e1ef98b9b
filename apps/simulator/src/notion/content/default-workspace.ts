import { propertyNames } from '#pipeline';
import { channelProperties, configurationsOf, videoProperties } from '#providers/notion';
import { Injectable } from '@nestjs/common';
import { Field } from '../field.js';
import { Databases } from './databases.js';
import { CHANNELS_DATA_SOURCE_ID, DATABASE_ID, DATA_SOURCE_ID, ROOT_PAGE_ID } from './ids.js';
import { Pages } from './pages.js';
import { richText } from './rich-text.js';
import { Users } from './users.js';
import { Views } from './views.js';

/** What the workspace holds at the start: a page with one database, as the set-up makes it: a data source for the videos and one for the channels. */
@Injectable()
export class DefaultWorkspace {
  constructor(databases: Databases, pages: Pages, views: Views, users: Users) {
    const author = users.creator;
    pages.addTop(ROOT_PAGE_ID, richText('Studio'), author);
    const videos = {
      parent: { type: 'page_id', page_id: ROOT_PAGE_ID },
      title: richText('Videos'),
      initial_data_source: { properties: configurationsOf(videoProperties(propertyNames(), [])) },
    };
    const database = databases.create(new Field(videos), author, { database: DATABASE_ID, source: DATA_SOURCE_ID });
    const channels = {
      parent: { type: 'database_id', database_id: DATABASE_ID },
      title: richText('Channels'),
      properties: configurationsOf(channelProperties()),
    };
    databases.createSource(new Field(channels), author, CHANNELS_DATA_SOURCE_ID);
    for (const source of database.sources) views.addDefault(source, author);
  }
}
