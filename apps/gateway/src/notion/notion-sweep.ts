import { Database } from '#database';
import { statusTitle } from '#pipeline';
import type { PageOfRow } from '#providers/notion';
import { Injectable, Logger } from '@nestjs/common';
import { NotionDatabases } from './databases.js';
import { NotionChannels } from './notion-channels.js';
import { NotionConnection } from './notion-connection.js';
import { NotionRows } from './notion-rows.js';

/** How far each sweep looks back beyond the last one (ms): clocks differ, and Notion's shows whole minutes. */
const OVERLAP_MS = 3 * 60_000;
/** Rows that are looked at together. */
const BATCH = 100;

/** Finds what webhooks missed: rows that were edited since the last time, and a little before; the first time all that are queued. */
@Injectable()
export class NotionSweep {
  private readonly logger = new Logger(NotionSweep.name);

  constructor(
    private readonly database: Database,
    private readonly databases: NotionDatabases,
    private readonly notion: NotionConnection,
    private readonly rows: NotionRows,
    private readonly channels: NotionChannels,
  ) {}

  /**
   * Looks every data source through; returns how many rows it came upon.
   * @throws Failure as Notion's client does; what was not reached is looked at the next time
   */
  async run(): Promise<number> {
    const known = await this.databases.read();
    let found = 0;
    for (const dataSource of known.dataSources) {
      const began = new Date();
      const until = await this.database.notionSweeps.until(dataSource);
      const since = until && new Date(until.getTime() - OVERLAP_MS);
      const onlyQueued = { property: known.namesIn(dataSource).status, status: statusTitle('queued') };
      const batch: PageOfRow[] = [];
      for await (const page of this.notion.client.pagesEditedSince(dataSource, since, since ? undefined : onlyQueued)) {
        found += 1;
        batch.push(page);
        if (batch.length === BATCH) await this.rows.look(batch.splice(0), began);
      }
      await this.rows.look(batch, began);
      await this.database.notionSweeps.record(dataSource, began);
    }
    await this.channels.sync();
    this.logger.debug({ event: 'notion_sweep_done', rows: found });
    return found;
  }
}
