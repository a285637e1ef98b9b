import { randomUUID } from 'node:crypto';
import { Database, type NotionMirrorRow, type TaskRow } from '#database';
import { LONGEST_TITLE, gateAt, publishTimeProblem } from '#pipeline';
import type { NotionRow, PageOfRow } from '#providers/notion';
import { propertiesOf } from '#providers/notion';
import { OutboxRelay, announce, channelRemoved, notionJob, tellListeners } from '#stage';
import { Injectable, Logger } from '@nestjs/common';
import { NotionConnection } from './notion-connection.js';
import { NotionDatabases, type KnownDatabases } from './databases.js';

/** An edit that an event told of: of which properties, by id, when, and by which person, if that is known. */
export interface Edit {
  at: Date;
  by: string | undefined;
  properties: readonly string[];
}

/** What comes of a row cannot be told while it is being written. */
export const LOOK_AGAIN = 'Look again';

/** Clocks differ; an edit that is told of so much later than our own (ms) was still overwritten by it. */
const CLOCK_DIFFERENCE_MS = 1_000;

/** Looks at rows as they were read: a queued one becomes a task; one in which somebody may have decided something is looked at again, alone. */
@Injectable()
export class NotionRows {
  private readonly logger = new Logger(NotionRows.name);

  constructor(
    private readonly database: Database,
    private readonly databases: NotionDatabases,
    private readonly notion: NotionConnection,
    private readonly relay: OutboxRelay,
  ) {}

  /**
   * @param readAt when the pages were asked for
   * @param edits what events told of the pages, by page id
   * @returns what came of each page, by its id, in a sentence; `LOOK_AGAIN` when that cannot be told yet
   */
  async look(
    pages: readonly PageOfRow[],
    readAt: Date,
    edits: ReadonlyMap<string, readonly Edit[]> = new Map(),
  ): Promise<Map<string, string>> {
    const known = await this.databases.read();
    const rows = pages.map((page) => known.rowOf(page));
    const tasks = await this.database.tasks.byNotionPages(rows.map(({ pageId }) => pageId));
    const mirrors = await this.database.notionMirrors.ofTasks([...tasks.values()].map(({ id }) => id));
    const outcomes = new Map<string, string>();
    for (const row of rows) {
      const task = tasks.get(row.pageId);
      const mirror = task && mirrors.get(task.id);
      outcomes.set(
        row.pageId,
        task && mirror ? await this.again(row, task, mirror, edits.get(row.pageId) ?? [], readAt) : await this.first(row, known),
      );
    }
    this.relay.wake();
    return outcomes;
  }

  /** A row without a task. */
  private async first(row: NotionRow, known: KnownDatabases): Promise<string> {
    if (known.showsChannels(row.dataSourceId)) {
      await this.database.outbox.add([notionJob('sync_channels', 'sync-channels', {})]);
      return 'Looked at with the other channels';
    }
    if (!known.isOurs(row.dataSourceId)) return 'Skipped: a row of another data source';
    if (row.inTrash) return 'Skipped: the row is in the trash';
    if (row.status !== 'queued') return `Skipped: the row is ${row.statusText || 'without a status'}`;
    const channel = known.channelOf(row);
    const problem = problemOf(row, known);
    if (problem ?? !channel) {
      // Writing it is an edit, too: said again, it would be found again by every sweep.
      if (row.error === problem) return 'Skipped: the row says already what is wrong';
      await this.notion.client.writePage(row.pageId, propertiesOf({ error: problem }, known.namesIn(row.dataSourceId), row.has));
      return `Refused: ${problem ?? ''}`;
    }
    const { title, topic, storyDirection, priority, publishAt, pageId } = row;
    const added = await this.database.transaction(async (tx) => {
      const task = await tx.tasks.add({
        channelId: channel.id,
        title,
        topic,
        storyDirection,
        ownScript: '',
        scriptPending: true,
        priority: priority ?? 'normal',
        publishAt,
        status: 'queued',
        notionPageId: pageId,
        requestId: null,
      });
      if (!task) return null;
      const { dataSourceId, status } = row;
      await tx.notionMirrors.add({ taskId: task.id, channelId: channel.id, dataSourceId, status, priority });
      await tx.outbox.add([notionJob('read_script', `${task.id}-script-${task.version}`, { task_id: task.id })]);
      // A row that has nothing to show yet is left alone; one that said what was wrong with it says so no longer.
      if (row.error) await announce(tx, task.id);
      else {
        await tx.tasks.notionShows(task.id, task.version);
        await tellListeners(tx, task.id);
      }
      return task;
    });
    if (!added) return 'Skipped: the row has a task already';
    this.logger.log({ event: 'notion_row_queued', task_id: added.id, channel_id: channel.id, page_id: pageId });
    return `Task ${added.id}`;
  }

  /** A row of a task: it is read again by whoever holds it, as what was read here may be older than what was written meanwhile. */
  private async again(row: NotionRow, task: TaskRow, known: NotionMirrorRow, edits: readonly Edit[], readAt: Date): Promise<string> {
    const mayBeLost = edits.some((edit) => wasOverwritten(edit, row, known) || isBeingOverwritten(edit, row, known, readAt));
    if (!mayBeLost && !isNews(row, task, known)) return `Skipped: nothing new for task ${task.id}`;
    return this.database.transaction(async (tx) => {
      const setBy = edits.findLast((edit) => isOfStatus(edit, row))?.by;
      const mirror = await tx.notionMirrors.ask(task.id, setBy);
      await tx.outbox.add([notionJob('sync_row', `${task.id}-look-${randomUUID()}`, { task_id: task.id })]);
      if (edits.some((edit) => isBeingOverwritten(edit, row, mirror, readAt))) return LOOK_AGAIN;
      const overwritten = edits.find((edit) => wasOverwritten(edit, row, mirror));
      if (overwritten) {
        const at = overwritten.at.toISOString();
        const text = `Somebody set the status at ${at}, while a new one was being written. If it was more than that, set it again.`;
        await tx.notionMirrors.notice(task.id, { text, status: task.status });
        const { channelId, id: taskId } = task;
        await tx.auditLogs.add({ channelId, taskId, actor: 'notion', action: 'notion_status_overwritten', details: { at } });
      }
      return `Looked at for task ${task.id}`;
    });
  }
}

/** Whether a row shows something that only a person can have put there. */
function isNews(row: NotionRow, task: TaskRow, mirror: NotionMirrorRow): boolean {
  const rests = gateAt(task.status) !== null || task.status.endsWith('_error');
  return (
    row.inTrash ||
    row.status === null ||
    ![mirror.status, mirror.sentStatus, task.status].includes(row.status) ||
    (row.redo !== '' && row.redo !== mirror.redo && rests) ||
    (row.redo === '' && mirror.redo !== '') ||
    (row.priority !== null && row.priority !== mirror.priority) ||
    (row.thumbnail !== mirror.thumbnail && row.has.has('thumbnail')) ||
    (task.status === 'queued' && saysOtherwise(row, task)) ||
    movesPublication(row, task)
  );
}

/** Whether a row describes another video than its task, which is not begun. */
export function saysOtherwise({ title, topic, storyDirection }: NotionRow, task: TaskRow): boolean {
  return title !== task.title || topic !== task.topic || storyDirection !== task.storyDirection;
}

/** Whether a row wants its video to appear at another time than its task, of which nothing was sent yet. */
export function movesPublication({ publishAt, publishAtProblem, has }: NotionRow, task: TaskRow): boolean {
  if (!has.has('publish_at') || ['uploading', 'upload_error', 'published'].includes(task.status)) return false;
  return publishAtProblem !== null || publishAt?.getTime() !== task.publishAt?.getTime();
}

/** Whether a status is written over what we have read of the row, so that an edit of the status can only be judged by what the row shows afterwards. */
function isBeingOverwritten(edit: Edit, row: NotionRow, { sentStatus, writtenAt }: NotionMirrorRow, readAt: Date): boolean {
  return isOfStatus(edit, row) && (sentStatus !== null || (writtenAt !== null && writtenAt >= readAt));
}

/** Whether a person's edit of the status fell between our last look at the row and our own writing of it. */
function wasOverwritten(edit: Edit, row: NotionRow, { status, readAt, writtenAt }: NotionMirrorRow): boolean {
  if (!readAt || !writtenAt || readAt > writtenAt || !isOfStatus(edit, row)) return false;
  return row.status === status && edit.at > readAt && edit.at.getTime() <= writtenAt.getTime() + CLOCK_DIFFERENCE_MS;
}

function isOfStatus({ properties }: Edit, { statusPropertyId }: NotionRow): boolean {
  return statusPropertyId !== null && properties.includes(statusPropertyId);
}

/** What the creator has to mend before the row can become a video; null when nothing. */
function problemOf(row: NotionRow, known: KnownDatabases): string | null {
  const { length } = row.title;
  if (length === 0) return 'The row has no title. Give it one, then set it to Queued again.';
  if (length > LONGEST_TITLE)
    return `The title has ${length} characters, YouTube takes ${LONGEST_TITLE}. Shorten it, then set the row to Queued again.`;
  const channel = known.channelOf(row);
  if (channel?.removedAt) return channelRemoved(channel.key);
  if (channel) {
    const problem = row.publishAtProblem ?? publishTimeProblem(row.publishAt, channel.settings.youtube.privacy);
    return problem && `${known.namesIn(row.dataSourceId).publish_at}: ${problem}. Mend it, then set the row to Queued again.`;
  }
  const given = row.channel ? `There is no channel "${row.channel}".` : 'The row has no channel.';
  return `${given} Choose one of ${known.choices.join(', ')}, then set the row to Queued again.`;
}
