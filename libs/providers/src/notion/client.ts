import { Failure, statusTitle } from '#pipeline';
import { Client, LogLevel, isFullPage, type QueryDataSourceResponse } from '@notionhq/client';
import { notionFailure } from './failure.js';
import { again, ask, childrenOf, nonsense, type Turn } from './requests.js';
import { PROPERTIES, ownScript, propertiesOf, rowOf, type NotionRow, type RowUpdate } from './row.js';

/** The newest version of the API; with older ones a database that gets a second data source stops answering. */
const VERSION = '2026-03-11';

const IS_QUEUED = { property: PROPERTIES.status, status: { equals: statusTitle('queued') } };
const editedSince = (since: Date) => ({ timestamp: 'last_edited_time' as const, last_edited_time: { on_or_after: since.toISOString() } });

/** Notion's rows. The queue paces and repeats; only what is read is asked for again in place, as a row takes several requests to read. */
export class NotionClient {
  private readonly client: Client;
  private bot: Promise<string> | null = null;

  constructor({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }) {
    this.client = new Client({ auth: apiKey, baseUrl, notionVersion: VERSION, retry: false, logLevel: LogLevel.ERROR });
  }

  /**
   * A row, as it is now; null when the page is gone or not shared with the connection.
   * @param turn awaited before each request
   * @throws Failure as `notionFailure` says
   */
  async readRow(pageId: string, turn: Turn): Promise<NotionRow | null> {
    const page = await this.read(turn, () => this.client.pages.retrieve({ page_id: pageId })).catch((error: unknown) => {
      if (Failure.from(error).code === 'NOTION_OBJECT_NOT_FOUND') return null;
      throw error;
    });
    if (!page || isFullPage(page)) return page && rowOf(page);
    throw nonsense('half a page');
  }

  /**
   * Rows of a data source that are set to Queued, those that were edited longest ago first.
   * @param since only those that were edited then or later; Notion rounds down to the minute
   * @param turn awaited before each request
   * @throws Failure as `notionFailure` says
   */
  async *queuedRows(dataSourceId: string, since: Date | null, turn: Turn): AsyncGenerator<NotionRow> {
    let from = since;
    for (;;) {
      let last: string | null = null;
      let cursor: string | null | undefined;
      do {
        const [start, and] = [cursor, [IS_QUEUED, ...(from ? [editedSince(from)] : [])]];
        const page: QueryDataSourceResponse = await this.read(turn, () =>
          this.client.dataSources.query({
            data_source_id: dataSourceId,
            filter: { and },
            sorts: [{ timestamp: 'last_edited_time', direction: 'ascending' }],
            page_size: 100,
            ...(start && { start_cursor: start }),
          }),
        );
        for (const result of page.results) {
          if (!isFullPage(result)) continue;
          last = result.last_edited_time;
          yield rowOf(result);
        }
        cursor = page.has_more ? page.next_cursor : null;
        // One query ends after ten thousand rows without saying that there are more, but for this.
        if (!cursor && page.request_status?.type !== 'incomplete') return;
      } while (cursor);
      // The rest begins where this ended. More rows than that in one minute cannot be told apart.
      const next: Date | null = last ? new Date(last) : null;
      if (!next || next.getTime() === from?.getTime()) return;
      from = next;
    }
  }

  /**
   * The creator's own narration: what stands in the page under a heading "Script", up to the next heading of its rank. Empty when there is none.
   * @param turn awaited before each request
   * @throws Failure as `notionFailure` says
   */
  async readOwnScript(pageId: string, turn: Turn): Promise<string> {
    return ownScript(await childrenOf(this.client, pageId, { turn }));
  }

  /**
   * Shows an update in a row.
   * @throws Failure as `notionFailure` says
   */
  async writeRow(pageId: string, update: RowUpdate): Promise<void> {
    await this.client.pages.update({ page_id: pageId, properties: propertiesOf(update) }).catch((error: unknown) => {
      throw notionFailure(error);
    });
  }

  /** The user id under which our own changes appear in events. */
  async botId(): Promise<string> {
    this.bot ??= this.client.users.me({}).then(({ id }) => id);
    return this.bot.catch((error: unknown) => {
      this.bot = null;
      throw notionFailure(error);
    });
  }

  /** A request that changes nothing. */
  private read<T>(turn: Turn, request: () => Promise<T>): Promise<T> {
    return again(() => ask(request, { turn }), {});
  }
}
