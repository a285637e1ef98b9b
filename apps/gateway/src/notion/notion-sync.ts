import { notionAccess, settings, type Settings } from '#config';
import { Database, type ChannelRow, type TaskRow } from '#database';
import { NotionClient, type NotionEvent, type NotionRow, type Turn } from '#providers/notion';
import { Failure, LONGEST_OWN_SCRIPT, transient } from '#pipeline';
import { Admission, Gates } from '#stage';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { progressOf, youtubeUrl } from '../tasks/task-view.js';

/** How far each sweep looks back beyond the last one (ms): clocks differ, and Notion's shows whole minutes. */
const OVERLAP_MS = 3 * 60_000;

/** Between rows and tasks: a queued row becomes a task, and a task's state is shown in its row. */
@Injectable()
export class NotionSync {
  private client: NotionClient | null = null;
  private readonly logger = new Logger(NotionSync.name);
  private bot: string | null = null;
  /** When the last sweep of this process began; what happened before is known. */
  private sweptUntil: number | null = null;

  constructor(
    private readonly database: Database,
    private readonly admission: Admission,
    private readonly gates: Gates,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Made when it is first needed: an installation without Notion has no token. */
  private get notion(): NotionClient {
    return (this.client ??= new NotionClient(notionAccess(this.settings)));
  }

  /** Works one event: reads its page again and makes a task of it if it is one to be. Returns what came of it, in a sentence. */
  async readPage(event: NotionEvent, turn: Turn): Promise<string> {
    if (event.entity.type !== 'page') return `Skipped: ${event.type} is about no page`;
    if (event.authors?.length) {
      const bot = await this.botId(turn);
      if (event.authors.every(({ id }) => id === bot)) return 'Skipped: our own change';
    }
    const row = await this.notion.readRow(event.entity.id, turn);
    if (!row || row.inTrash) return 'Skipped: the page is gone';
    const only = this.settings.NOTION_DATA_SOURCE_ID;
    if (only && row.dataSourceId !== only) return 'Skipped: a row of another data source';
    if (row.status !== 'queued') return `Skipped: the row is ${row.status ?? 'without a status'}`;
    return this.queue(row, turn);
  }

  /**
   * Finds rows that were queued and of which no webhook told. The first time all that are queued, then those that were edited since the last time, and a
   * little before: Notion's clock shows whole minutes. Returns how many it came upon.
   */
  async sweep(turn: Turn): Promise<number> {
    const dataSourceId = this.settings.NOTION_DATA_SOURCE_ID;
    if (!dataSourceId) return 0;
    const began = Date.now();
    let found = 0;
    const since = this.sweptUntil === null ? null : new Date(this.sweptUntil - OVERLAP_MS);
    for await (const row of this.notion.queuedRows(dataSourceId, since, turn)) {
      if (row.inTrash) continue;
      found += 1;
      // A row that cannot be worked now comes again by its webhook or with the next sweep after it was edited.
      const outcome = await this.queue(row, turn).catch((error: unknown) => `Put off: ${Failure.from(error).message}`);
      if (!outcome.startsWith('Skipped')) this.logger.log({ event: 'notion_row_found', page_id: row.pageId, outcome });
    }
    this.sweptUntil = began;
    return found;
  }

  /** Shows a task's newest state in its row; what is shown already is not written again. */
  async writeRow(taskId: string, turn: Turn): Promise<void> {
    const task = await this.database.tasks.find(taskId);
    if (!task?.notionPageId || task.notionVersion >= task.version) return;
    const [artifacts, costUsd] = await Promise.all([this.database.artifacts.ofTask(taskId), this.database.costs.ofTask(taskId)]);
    const url = youtubeUrl(artifacts);
    await turn();
    await this.notion
      .writeRow(task.notionPageId, {
        status: task.status,
        error: task.errorMessage,
        progress: progressOf(task, artifacts),
        costUsd,
        ...(url && { youtubeUrl: url }),
      })
      .catch((error: unknown) => {
        // A row that is gone has nobody to show anything to; the next change of the task looks again.
        if (!(error instanceof Failure && error.code === 'NOTION_OBJECT_NOT_FOUND')) throw error;
      });
    await this.database.tasks.notionShows(taskId, task.version);
  }

  private async botId(turn: Turn): Promise<string> {
    if (this.bot) return this.bot;
    await turn();
    return (this.bot = await this.notion.botId());
  }

  private async queue(row: NotionRow, turn: Turn): Promise<string> {
    const known = await this.database.tasks.findByNotionPage(row.pageId);
    if (known) return this.queueAgain(known);
    const channel = row.channel ? await this.database.channels.findByName(row.channel) : null;
    const ownScript = row.title && channel ? await this.notion.readOwnScript(row.pageId, turn) : '';
    const problem = await this.problemOf(row, channel, ownScript);
    if (problem ?? !channel) {
      // Writing it is an edit, too: said again, it would be found again by every sweep.
      if (row.error === problem) return 'Skipped: the row says already what is wrong';
      await turn();
      await this.notion.writeRow(row.pageId, { error: problem });
      return `Refused: ${problem ?? ''}`;
    }
    const { title, topic, storyDirection, priority, pageId } = row;
    const task = await this.database.tasks.add({
      channelId: channel.id,
      title,
      topic,
      storyDirection,
      ownScript,
      priority,
      status: 'queued',
      notionPageId: pageId,
      requestId: null,
    });
    await this.admission.run();
    return task ? `Task ${task.id}` : 'Skipped: the row has a task already';
  }

  /** A cancelled task whose row was set to Queued once more. */
  private async queueAgain(task: TaskRow): Promise<string> {
    if (task.status !== 'draft') return 'Skipped: the row has a task already';
    // Until the row has shown Draft, its Queued may be the old one, and nobody has decided anything.
    if (task.notionVersion < task.version) {
      throw transient({
        code: 'NOTION_ROW_BEHIND',
        message: `The row of task ${task.id} does not show yet that it was cancelled`,
        userMessage: 'The row is looked at again once it shows the newest state.',
      });
    }
    await this.gates.queue(task.id, 'notion');
    await this.admission.run();
    return `Task ${task.id}, queued once more`;
  }

  /** What the creator has to mend before the row can become a video; null when nothing. */
  private async problemOf(row: NotionRow, channel: ChannelRow | null, ownScript: string): Promise<string | null> {
    if (!row.title) return 'The row has no title. Give it one, then set it to Queued again.';
    if (row.title.length > 100)
      return `The title has ${row.title.length} characters, YouTube takes 100. Shorten it, then set the row to Queued again.`;
    if (ownScript.length > LONGEST_OWN_SCRIPT)
      return `The script has ${ownScript.length} characters, ${LONGEST_OWN_SCRIPT} can be filmed. Shorten it, then set the row to Queued again.`;
    if (channel) return null;
    const known = (await this.database.channels.list()).map(({ key }) => key).join(', ');
    const given = row.channel ? `There is no channel "${row.channel}".` : 'The row has no channel.';
    return `${given} Choose one of ${known}, then set the row to Queued again.`;
  }
}
