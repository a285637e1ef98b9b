import { settings, type Settings } from '#config';
import { Database, type WebhookEventRow } from '#database';
import { Failure } from '#pipeline';
import { parseEvent, type NotionEvent, type PageOfRow } from '#providers/notion';
import { notionJob } from '#stage';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { NotionConnection } from './notion-connection.js';
import { NotionDatabases } from './databases.js';
import { LOOK_AGAIN, NotionRows, type Edit } from './notion-rows.js';
import { waitMs } from './patience.js';

/** Events that are worked together, and how long they are kept from other workers for it (ms). */
const BATCH = 500;
const HOLD_MS = 120_000;
/** More pages than that are looked for by a query of their data source, a hundred at a request, before they are read one by one. */
const FEW = 5;
const PAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** How long until a row that is being written is looked at again (ms); doubled each time, so often at most: the writing may fail for long. */
const WRITING_MS = 3_000;
const MOST_DOUBLINGS = 8;
/** How far before the oldest event such a query begins (ms): Notion's clock shows whole minutes. */
const BEFORE_MS = 120_000;

/** Works webhook events: reads the pages that they are about, as they are now, and looks at each once. */
@Injectable()
export class NotionInbox {
  private readonly logger = new Logger(NotionInbox.name);

  constructor(
    private readonly database: Database,
    private readonly databases: NotionDatabases,
    private readonly notion: NotionConnection,
    private readonly rows: NotionRows,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Works everything that is due. What cannot be worked now is put off and holds up nothing. */
  async work(): Promise<void> {
    for (;;) {
      const events = await this.database.webhookEvents.take(HOLD_MS, BATCH);
      if (events.length === 0) return;
      await this.workBatch(events).catch((error: unknown) => this.putOff(events, Failure.from(error)));
    }
  }

  private async workBatch(stored: readonly WebhookEventRow[]): Promise<void> {
    const about = new Map<string, { events: WebhookEventRow[]; edits: Edit[] }>();
    const oldest = stored.reduce((first, { createdAt }) => (createdAt < first ? createdAt : first), new Date());
    for (const event of stored) {
      const told = parseEvent(event.payload);
      const skip = told.ok ? await this.skip(told.value) : 'not an event that this release knows';
      if (skip !== null || !told.ok) {
        await this.database.webhookEvents.handled([event.id], `Skipped: ${skip ?? ''}`);
        continue;
      }
      const id = told.value.entity?.id ?? '';
      const page = about.get(id) ?? { events: [], edits: [] };
      page.events.push(event);
      const edit = editOf(told.value);
      if (edit) page.edits.push(edit);
      about.set(id, page);
    }
    const readAt = new Date();
    const pages = await this.read([...about.keys()], oldest);
    const outcomes = await this.rows.look(pages, readAt, new Map([...about].map(([id, { edits }]) => [id, edits])));
    const ended = Map.groupBy(about, ([id]) => outcomes.get(id) ?? 'Skipped: the page is gone');
    for (const [outcome, group] of ended) {
      const events = group.flatMap(([, page]) => page.events);
      if (outcome === LOOK_AGAIN) {
        await this.lookAgain(events, WRITING_MS * 2 ** Math.min(attemptOf(events) - 1, MOST_DOUBLINGS));
        continue;
      }
      await this.database.webhookEvents.handled(
        events.map(({ id }) => id),
        outcome,
      );
    }
    this.logger.log({ event: 'notion_events_handled', events: stored.length, pages: pages.length });
  }

  /** Why an event needs no look at its page; null: it does. */
  private async skip({ type, entity, authors = [] }: NotionEvent): Promise<string | null> {
    if (entity?.type !== 'page' || !PAGE_ID.test(entity.id)) return `${type} is about no page`;
    if (authors.length === 0) return null;
    const bot = await this.notion.client.botId();
    return authors.every(({ id }) => id === bot) ? 'our own change' : null;
  }

  private async read(ids: readonly string[], oldest: Date): Promise<PageOfRow[]> {
    const found = new Map<string, PageOfRow>();
    if (ids.length > FEW) {
      const wanted = new Set(ids);
      const since = new Date(oldest.getTime() - BEFORE_MS);
      for (const dataSource of (await this.databases.read()).dataSources) {
        for await (const page of this.notion.client.pagesEditedSince(dataSource, since)) {
          if (wanted.delete(page.id)) found.set(page.id, page);
          if (wanted.size === 0) break;
        }
      }
    }
    for (const id of ids) {
      const page = found.get(id) ?? (await this.notion.client.readPage(id));
      if (page) found.set(id, page);
    }
    return [...found.values()];
  }

  private async putOff(events: readonly WebhookEventRow[], failure: Failure): Promise<void> {
    const attempt = attemptOf(events);
    const wait = waitMs(this.settings, attempt, failure);
    this.logger.warn({ event: 'notion_events_put_off', events: events.length, attempt, code: failure.code, error: failure.message });
    await this.lookAgain(events, wait);
    if (failure.retryAfterMs) await this.notion.leaveAlone(failure.retryAfterMs);
  }

  private async lookAgain(events: readonly WebhookEventRow[], waitMs: number): Promise<void> {
    const ids = events.map(({ id }) => id);
    await this.database.webhookEvents.putOff(ids, waitMs);
    const work = notionJob('work_inbox', `inbox-${ids[0] ?? ''}-${attemptOf(events)}`, {});
    await this.database.outbox.add([{ ...work, notBefore: new Date(Date.now() + waitMs) }]);
  }
}

/** How often they have been taken up. */
function attemptOf(events: readonly WebhookEventRow[]): number {
  return Math.max(...events.map(({ attempt }) => attempt));
}

/** A person's edit of a row's properties, if that is what an event tells of. */
function editOf({ type, timestamp, data, authors = [] }: NotionEvent): Edit | null {
  if (type !== 'page.properties_updated' || !timestamp || Number.isNaN(Date.parse(timestamp))) return null;
  const by = authors.find((author) => author.type === 'person')?.id;
  return { at: new Date(timestamp), by, properties: data?.updated_properties ?? [] };
}
