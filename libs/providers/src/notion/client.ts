import { Failure } from '#pipeline';
import { isFullPage, type Client, type QueryDataSourceResponse } from '@notionhq/client';
import { openNotion, type NotionAddress } from './connection.js';
import { uploadFile, type FileToUpload } from './files.js';
import { again, ask, childrenOf, nonsense, type Turn } from './requests.js';
import type { ShownStoryboard } from './storyboard-blocks.js';
import { writeStoryboard } from './storyboard-page.js';
import { ownScript, type PageOfRow, type PageProperties } from './row.js';

const editedSince = (since: Date) => ({ timestamp: 'last_edited_time' as const, last_edited_time: { on_or_after: since.toISOString() } });

/** Notion's rows. The queue paces and repeats; only what is read is asked for again in place, as a row takes several requests to read. */
export class NotionClient {
  private readonly client: Client;
  private bot: Promise<string> | null = null;

  /** @param turn awaited before each request */
  constructor(
    address: NotionAddress,
    private readonly turn: Turn = () => Promise.resolve(),
  ) {
    this.client = openNotion(address);
  }

  /**
   * A page, as it is now; null when it is gone or not shared with the connection.
   * @throws Failure as `notionFailure` says
   */
  async readPage(pageId: string): Promise<PageOfRow | null> {
    const page = await this.read(() => this.client.pages.retrieve({ page_id: pageId })).catch((error: unknown) => {
      if (Failure.from(error).code === 'NOTION_OBJECT_NOT_FOUND') return null;
      throw error;
    });
    if (!page || isFullPage(page)) return page;
    throw nonsense('half a page');
  }

  /**
   * Pages of a data source that were edited at that time or later, those that were edited longest ago first; Notion rounds down to the minute.
   * @param since null: all pages
   * @param only those whose status property has this value
   * @throws Failure as `notionFailure` says
   */
  async *pagesEditedSince(
    dataSourceId: string,
    since: Date | null,
    only?: { property: string; status: string },
  ): AsyncGenerator<PageOfRow> {
    let from = since;
    for (;;) {
      let last: string | null = null;
      let cursor: string | null | undefined;
      do {
        const start = cursor;
        const and = [...(only ? [{ property: only.property, status: { equals: only.status } }] : []), ...(from ? [editedSince(from)] : [])];
        const page: QueryDataSourceResponse = await this.read(() =>
          this.client.dataSources.query({
            data_source_id: dataSourceId,
            ...(and.length > 0 && { filter: { and } }),
            sorts: [{ timestamp: 'last_edited_time', direction: 'ascending' }],
            page_size: 100,
            ...(start && { start_cursor: start }),
          }),
        );
        for (const result of page.results) {
          if (!isFullPage(result)) continue;
          last = result.last_edited_time;
          yield result;
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
   * @throws Failure as `notionFailure` says
   */
  async readOwnScript(pageId: string): Promise<string> {
    return ownScript(await childrenOf(this.client, pageId, { turn: this.turn }));
  }

  /**
   * Writes properties of a page. After a failure they may have been written all the same.
   * @throws Failure as `notionFailure` says
   */
  async writePage(pageId: string, properties: PageProperties): Promise<void> {
    await this.write(() => this.client.pages.update({ page_id: pageId, properties }));
  }

  /**
   * Adds a page to a data source. After a failure it may have been added all the same.
   * @throws Failure as `notionFailure` says
   */
  async addPage(dataSourceId: string, properties: PageProperties): Promise<void> {
    await this.write(() => this.client.pages.create({ parent: { data_source_id: dataSourceId }, properties }));
  }

  /**
   * Uploads a file, to be attached to a page within the hour.
   * @throws Failure as `uploadFile` says
   */
  async uploadFile(file: Omit<FileToUpload, 'turn'>): ReturnType<typeof uploadFile> {
    return uploadFile(this.client, { ...file, turn: this.turn });
  }

  /**
   * Shows a storyboard in a page, once, however often it is called.
   * @throws Failure as `writeStoryboard` says
   */
  async writeStoryboard(pageId: string, shown: ShownStoryboard, revision: number): Promise<void> {
    await writeStoryboard(this.client, pageId, shown, { revision, botId: await this.botId(), turn: this.turn });
  }

  /** The user id under which our own changes appear in events. */
  async botId(): Promise<string> {
    this.bot ??= this.read(() => this.client.users.me({})).then(({ id }) => id);
    return this.bot.catch((error: unknown) => {
      this.bot = null;
      throw error;
    });
  }

  /** A request that changes nothing. */
  private read<T>(request: () => Promise<T>): Promise<T> {
    return again(() => this.write(request), {});
  }

  private write<T>(request: () => Promise<T>): Promise<T> {
    return ask(request, { turn: this.turn });
  }
}
