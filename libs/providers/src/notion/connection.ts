import { Client, LogLevel } from '@notionhq/client';

/** The newest version of the API; with older ones a database that gets a second data source stops answering. */
const VERSION = '2026-03-11';

/** Where Notion is, and the connection's token. */
export interface NotionAddress {
  baseUrl: string;
  apiKey: string;
}

/** Notion's own client. Repeats nothing by itself: what may be repeated is for the callers to know. */
export function openNotion({ baseUrl, apiKey }: NotionAddress): Client {
  return new Client({ auth: apiKey, baseUrl, notionVersion: VERSION, retry: false, logLevel: LogLevel.ERROR });
}
