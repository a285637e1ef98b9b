import { notionAccess, settings, type Settings } from '#config';
import { Database, type ChannelRow } from '#database';
import { NotionClient, type NotionEvent, type NotionRow } from '#providers/notion';
import { Admission } from '#stage';
import { Inject, Injectable } from '@nestjs/common';
import { progressOf, youtubeUrl } from '../tasks/task-view.js';

/** Between rows and tasks: a queued row becomes a task, and a task's state is shown in its row. */
@Injectable()
export class NotionSync {
  private readonly notion: NotionClient;

  constructor(
    private readonly database: Database,
    private readonly admission: Admission,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.notion = new NotionClient(notionAccess(settings));
  }

  /** Works one event: reads its page again and makes a task of it if it is one to be. Returns what came of it, in a sentence. */
  async readPage(event: NotionEvent): Promise<string> {
    if (event.entity.type !== 'page') return `Skipped: ${event.type} is about no page`;
    const bot = await this.notion.botId();
    if (event.authors.length > 0 && event.authors.every(({ id }) => id === bot)) return 'Skipped: our own change';
    const row = await this.notion.readRow(event.entity.id);
    if (!row || row.inTrash) return 'Skipped: the page is gone';
    const only = this.settings.NOTION_DATA_SOURCE_ID;
    if (only && row.dataSourceId !== only) return 'Skipped: a row of another data source';
    if (row.status !== 'queued') return `Skipped: the row is ${row.status ?? 'without a status'}`;
    return this.queue(row);
  }

  /** Shows a task's newest state in its row; what is shown already is not written again. */
  async writeRow(taskId: string): Promise<void> {
    const task = await this.database.tasks.find(taskId);
    if (!task?.notionPageId || task.notionVersion >= task.version) return;
    const [artifacts, costUsd] = await Promise.all([this.database.artifacts.ofTask(taskId), this.database.costs.ofTask(taskId)]);
    const url = youtubeUrl(artifacts);
    await this.notion.writeRow(task.notionPageId, {
      status: task.status,
      error: task.errorMessage,
      progress: progressOf(task, artifacts),
      costUsd,
      ...(url && { youtubeUrl: url }),
    });
    await this.database.tasks.notionShows(taskId, task.version);
  }

  private async queue(row: NotionRow): Promise<string> {
    if (await this.database.tasks.findByNotionPage(row.pageId)) return 'Skipped: the row has a task already';
    const channel = row.channel ? await this.database.channels.findByName(row.channel) : null;
    const problem = await this.problemOf(row, channel);
    if (problem ?? !channel) {
      await this.notion.writeRow(row.pageId, { error: problem });
      return `Refused: ${problem ?? ''}`;
    }
    const { title, topic, storyDirection, priority, pageId } = row;
    const task = await this.database.tasks.add({
      channelId: channel.id,
      title,
      topic,
      storyDirection,
      priority,
      status: 'queued',
      notionPageId: pageId,
      requestId: null,
    });
    await this.admission.run();
    return task ? `Task ${task.id}` : 'Skipped: the row has a task already';
  }

  /** What the creator has to mend before the row can become a video; null when nothing. */
  private async problemOf(row: NotionRow, channel: ChannelRow | null): Promise<string | null> {
    if (!row.title) return 'The row has no title. Give it one, then set it to Queued again.';
    if (row.title.length > 100)
      return `The title has ${row.title.length} characters, YouTube takes 100. Shorten it, then set the row to Queued again.`;
    if (channel) return null;
    const known = (await this.database.channels.list()).map(({ key }) => key).join(', ');
    const given = row.channel ? `There is no channel "${row.channel}".` : 'The row has no channel.';
    return `${given} Choose one of ${known}, then set the row to Queued again.`;
  }
}
