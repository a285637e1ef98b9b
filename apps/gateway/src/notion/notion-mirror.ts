import { randomUUID } from 'node:crypto';
import { Database, type ArtifactRow, type MirrorChange, type NotionMirrorRow, type TaskRow } from '#database';
import { ROW_PROPERTY_NAMES, findingLines, madeForGate } from '#pipeline';
import { propertiesOf, type NotionRow, type RowUpdate } from '#providers/notion';
import { OutboxRelay, notionJob } from '#stage';
import { Injectable, Logger } from '@nestjs/common';
import { Forecasts } from '../forecast/forecasts.js';
import { doneInWords } from '../forecast/in-words.js';
import { publicationOf } from '../tasks/evidence.js';
import { estimatedCost, progressOf, youtubeUrl } from '../tasks/task-view.js';
import { NotionDatabases } from './databases.js';
import { NotionConnection } from './notion-connection.js';
import { reviewFingerprint } from './review-fingerprint.js';
import { RowDecisions } from './row-decisions.js';

/** The row as it was read just now, and when; null: it was not. */
interface LastReading {
  row: NotionRow | null;
  readAt: Date | null;
}

/** How long a row stays with a worker that has gone silent (ms). */
const LEASE_MS = 60_000;

/** Findings that a row tells of; the API has all of them. */
const FINDINGS_SHOWN = 3;

/**
 * Brings a task and its row together: takes what people have decided in the row, then shows the task's newest state.
 *
 * Notion cannot write "only if it is still so", so the two are kept apart by order: one worker at a time has a row; it reads the row before it writes what
 * people write, too, and what differs from what we wrote last is a person's decision and is acted on first. A change that an event tells of before we begin
 * to write is read first; one between that and our writing is overwritten: its event then tells of it, and the row says so (`NotionRows`).
 */
@Injectable()
export class NotionMirror {
  private readonly logger = new Logger(NotionMirror.name);

  constructor(
    private readonly database: Database,
    private readonly databases: NotionDatabases,
    private readonly notion: NotionConnection,
    private readonly decisions: RowDecisions,
    private readonly relay: OutboxRelay,
    private readonly forecasts: Forecasts,
  ) {}

  /**
   * Brings one task and its row together, until both say the same. What another worker is at is left to it.
   * @param progress show how far the task is even if nothing else has changed
   * @throws Failure as Notion's client does
   */
  async sync(taskId: string, progress = false): Promise<void> {
    const lease = randomUUID();
    for (let first = true; ; first = false) {
      const mirror = await this.database.notionMirrors.claim(taskId, lease, LEASE_MS);
      if (!mirror) return;
      try {
        await this.once(mirror, lease, progress && first);
      } catch (error) {
        await this.database.notionMirrors.abandon(taskId, lease);
        throw error;
      }
      if (await this.database.notionMirrors.settle(taskId, lease)) return;
    }
  }

  private async once(mirror: NotionMirrorRow, lease: string, progress: boolean): Promise<void> {
    const { taskId } = mirror;
    let task = await this.database.tasks.get(taskId);
    if (!task.notionPageId) return;
    let row: NotionRow | null = null;
    let readAt: Date | null = null;
    if (this.mustRead(mirror, task)) {
      const asked = new Date();
      const page = await this.notion.client.readPage(task.notionPageId);
      if (!page) {
        // A row that is gone has nobody to show anything to; the next change of the task looks again.
        await this.database.tasks.notionShows(taskId, task.version);
        return;
      }
      row = (await this.databases.read()).rowOf(page);
      this.databases.learn(row);
      // What was decided by now has been seen; else a change since we asked may have been missed.
      readAt = row.status === mirror.status ? asked : new Date();
      // Our own writing, of which no answer had come.
      const wasSaved = mirror.sentStatus !== null && row.status === mirror.sentStatus;
      // A status that somebody has set since our last writing makes good whatever that had overwritten.
      const wasSet = row.status !== mirror.status && !wasSaved;
      const change: MirrorChange = {
        ...(await this.decisions.take(row, task, mirror)),
        ...(wasSaved && { writtenAt: asked }),
        ...(wasSet && { readAt }),
      };
      if (!(await this.database.notionMirrors.learn(taskId, lease, LEASE_MS, change))) return;
      Object.assign(mirror, change);
      task = await this.database.tasks.get(taskId);
    }
    await this.write(task, mirror, { row, readAt }, lease, progress);
  }

  private mustRead(mirror: NotionMirrorRow, task: TaskRow): boolean {
    const { attention, status, sentStatus, priority, thumbnail, redo, dataSourceId } = mirror;
    const isSame = status === task.status && (priority ?? 'normal') === task.priority && thumbnail === task.thumbnail;
    const shown = isSame && !sentStatus && redo === '';
    return attention || !shown || !this.databases.propertiesOf(dataSourceId);
  }

  private async write(
    task: TaskRow,
    known: NotionMirrorRow,
    { row, readAt }: LastReading,
    lease: string,
    progress: boolean,
  ): Promise<void> {
    const { id, status, priority, thumbnail, version, notionPageId } = task;
    if (!notionPageId || row?.inTrash) {
      await this.database.tasks.notionShows(id, version);
      return;
    }
    const [artifacts, costUsd, publication] = await Promise.all([
      this.database.artifacts.ofTask(id),
      this.database.costs.ofTask(id),
      publicationOf(this.database, id),
    ]);
    const showsStatus = known.status !== status;
    const showsPriority = known.priority !== priority && (known.priority !== null || priority !== 'normal');
    const showsThumbnail = known.thumbnail !== thumbnail;
    const clearsRedo = known.redo !== '' && row?.redo === known.redo;
    const notice = known.notice?.status === status ? known.notice.text : null;
    const url = youtubeUrl(artifacts);
    const review = reviewFingerprint(task, artifacts);
    const update: RowUpdate = {
      ...(showsStatus && { status }),
      ...(showsPriority && { priority }),
      ...(showsThumbnail && { thumbnail }),
      ...(clearsRedo && { redo: null }),
      error: notice ?? task.errorMessage,
      costUsd,
      estimateUsd: estimatedCost(artifacts),
      ...(url && { youtubeUrl: url }),
      // Nobody is to approve by what the gate before was about.
      ...(showsStatus && review && review !== known.review && { review: [] }),
    };
    const saysError = row !== null && (notice ?? task.errorMessage ?? '') !== row.error;
    const overwrites = showsStatus || showsPriority || showsThumbnail || clearsRedo;
    if (overwrites || saysError || progress || task.notionVersion < version) {
      const { dataSourceId } = known;
      const has = this.databases.propertiesOf(dataSourceId) ?? new Set(ROW_PROPERTY_NAMES);
      const names = (await this.databases.read()).namesIn(dataSourceId);
      const begun = overwrites
        ? await this.database.notionMirrors.begin(id, lease, LEASE_MS, showsStatus ? { sentStatus: status, readAt } : {})
        : await this.database.notionMirrors.learn(id, lease, LEASE_MS, {});
      if (!begun) return;
      const done = doneInWords(status, await this.forecasts.of(task), new Date());
      const text = [
        [progressOf(task, artifacts, publication), done].filter(Boolean).join('; '),
        ...findingLines(madeForGate(status, artifacts), FINDINGS_SHOWN),
      ].join('\n');
      await this.notion.client.writePage(notionPageId, propertiesOf({ ...update, progress: text }, names, has));
      await this.database.notionMirrors.learn(id, lease, LEASE_MS, {
        ...(showsStatus && { status, sentStatus: null, statusSetBy: null, writtenAt: new Date() }),
        ...(showsPriority && { priority }),
        ...(showsThumbnail && { thumbnail }),
        ...(clearsRedo && { redo: '' }),
      });
      this.logger.debug({ event: 'notion_row_written', task_id: id, status, version });
    }
    await this.database.tasks.notionShows(id, version);
    await this.askForMore(task, known, artifacts, review);
  }

  /** What takes longer than a row: something to review, and the storyboard. */
  private async askForMore(task: TaskRow, known: NotionMirrorRow, artifacts: readonly ArtifactRow[], review: string | null): Promise<void> {
    const storyboard = artifacts.find(({ kind, state }) => kind === 'storyboard' && state === 'ready');
    await this.database.outbox.add([
      ...(review && review !== known.review ? [notionJob('show_review', `${task.id}-review-${review}`, { task_id: task.id })] : []),
      ...(storyboard && storyboard.id !== known.storyboardId
        ? [notionJob('show_storyboard', `${storyboard.id}-shown`, { task_id: task.id })]
        : []),
    ]);
    this.relay.wake();
  }
}
