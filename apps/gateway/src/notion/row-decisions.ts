import { Database, type MirrorChange, type NotionMirrorRow, type TaskRow } from '#database';
import { gateAt, isLegalTransition, parseRedo, publishTimeProblem, statusTitle } from '#pipeline';
import type { NotionRow } from '#providers/notion';
import { DecisionRefused, Gates, notionJob, type ItemName } from '#stage';
import { Injectable, Logger } from '@nestjs/common';
import { choicesAt, decisionOf } from './decision.js';
import { NotionConnection } from './notion-connection.js';
import { movesPublication, saysOtherwise } from './notion-rows.js';

/** Takes what people have decided in a row to their task. Only for whoever holds the row's lease: a row that is being written is no decision. */
@Injectable()
export class RowDecisions {
  private readonly logger = new Logger(RowDecisions.name);

  constructor(
    private readonly database: Database,
    private readonly gates: Gates,
    private readonly notion: NotionConnection,
  ) {}

  /**
   * Acts on a row as it was just read.
   * @returns what is known of the row now; its task may have changed
   */
  async take(row: NotionRow, task: TaskRow, mirror: NotionMirrorRow): Promise<MirrorChange> {
    const us = await this.notion.client.botId();
    // The row names who changed anything last, which may have been us.
    const person = row.editedBy === us ? mirror.statusSetBy : row.editedBy;
    const actor = `notion:${person ?? us}`;
    const learned: MirrorChange = { status: row.status, sentStatus: null, dataSourceId: row.dataSourceId, priority: row.priority };
    if (row.has.has('thumbnail')) learned.thumbnail = row.thumbnail;
    if (row.redo === '') learned.redo = '';
    const said = await this.attempt(task, actor, async () => {
      if (row.inTrash) return this.giveUp(task, actor);
      await this.edit(row, task, mirror, actor);
      const moved = await this.move(row, task, actor);
      if (moved) return moved;
      const note = row.reviewNote && row.reviewNote !== mirror.note ? row.reviewNote : null;
      const redone = await this.redo(row, task, mirror, actor, note);
      if (redone) {
        Object.assign(learned, { redo: row.redo, note: row.reviewNote });
        // Whoever wants something made again has not approved it, whatever the status says.
        if (redone.again) return redone.problem;
      }
      const decided = await this.status(row, task, mirror, actor, note);
      if (decided.acted) learned.note = row.reviewNote;
      if (decided.problem) return decided.problem;
      if (redone) return redone.problem;
      return decided.acted || moved === null ? null : undefined;
    });
    if (said !== undefined) {
      const { status } = await this.database.tasks.get(task.id);
      learned.notice = said === null ? null : { text: said, status };
    }
    return learned;
  }

  /** Undefined: nothing was decided. Null: it was done. A text: what was wrong with it. */
  private async attempt(task: TaskRow, actor: string, act: () => Promise<string | null | undefined>): Promise<string | null | undefined> {
    return act().catch((error: unknown) => {
      if (!(error instanceof DecisionRefused)) throw error;
      this.logger.log({ event: 'notion_decision_refused', task_id: task.id, actor, code: error.code });
      return error.message;
    });
  }

  private async status(
    row: NotionRow,
    task: TaskRow,
    { status: shown, sentStatus }: NotionMirrorRow,
    actor: string,
    note: string | null,
  ): Promise<{ acted: boolean; problem?: string | null }> {
    if (row.status === null) {
      const what = row.statusText ? `"${row.statusText}" is no status of a video.` : 'The status was emptied.';
      return this.refuse(task, actor, row, `${what} ${choicesAt(task.status)}`);
    }
    if (row.status === shown || row.status === sentStatus) return { acted: false };
    const decision = decisionOf(row.status, task);
    switch (decision.act) {
      case 'none':
        await this.log(task, actor, 'notion_status_agreed', { set: row.status, status: task.status });
        return { acted: false };
      case 'approve':
        await this.gates.review(task.id, { decision: 'approve', reviewer: actor, note, gate: decision.gate, positions: [] });
        break;
      case 'reject':
        // Everything is paid for once more: that must have been a person's wish, and not a late echo of our own writing.
        if (actor === `notion:${await this.notion.client.botId()}`)
          return this.refuse(
            task,
            actor,
            row,
            `Set it to ${statusTitle(row.status)} once more to have everything of this step made again.`,
          );
        await this.gates.review(task.id, { decision: 'reject', reviewer: actor, note, gate: decision.gate, positions: [] });
        break;
      case 'retry':
        await this.gates.retry(task.id, actor);
        break;
      case 'cancel':
        await this.gates.cancel(task.id, actor);
        break;
      case 'queue': {
        const { title, topic, storyDirection } = row;
        await this.gates.edit(task.id, actor, { title: title || task.title, topic, storyDirection });
        await this.database.transaction(async (tx) => {
          await tx.tasks.awaitScript(task.id);
          await tx.outbox.add([notionJob('read_script', `${task.id}-script-${task.version}`, { task_id: task.id })]);
        });
        await this.gates.queue(task.id, actor);
        break;
      }
      case 'refuse':
        return this.refuse(task, actor, row, decision.why);
    }
    return { acted: true, problem: null };
  }

  private async refuse(task: TaskRow, actor: string, row: NotionRow, problem: string): Promise<{ acted: boolean; problem: string }> {
    await this.log(task, actor, 'notion_status_refused', { set: row.statusText, status: task.status });
    return { acted: false, problem };
  }

  /** Single items to be made again, as the row names them; a wish that comes while the task is at work waits until it rests. */
  private async redo(
    row: NotionRow,
    task: TaskRow,
    mirror: NotionMirrorRow,
    actor: string,
    note: string | null,
  ): Promise<{ again: boolean; problem: string | null } | null> {
    const rests = gateAt(task.status) !== null || task.status.endsWith('_error');
    if (row.redo === '' || row.redo === mirror.redo || !rests) return null;
    const { groups, problems } = parseRedo(row.redo);
    if (problems.length > 0) return { again: false, problem: `Redo: ${problems.join(' ')}` };
    const artifacts = await this.database.artifacts.ofTask(task.id);
    const items = groups.flatMap(({ kind, positions }) =>
      positions === 'all'
        ? artifacts.filter((artifact) => artifact.kind === kind).map(({ position }): ItemName => ({ kind, position }))
        : positions.map((position): ItemName => ({ kind, position })),
    );
    const reasons = groups.flatMap(({ kind, note: reason }) => (reason ? [`${kind}: ${reason}`] : []));
    await this.gates.regenerate(task.id, actor, items, [...(note ? [note] : []), ...reasons].join('; ') || null);
    return { again: true, problem: null };
  }

  /** What the row says otherwise than before: of a video that is not begun anything, of one that is at work how urgent it is, and which thumbnail it gets. */
  private async edit(row: NotionRow, task: TaskRow, { priority: shown, thumbnail: chosen }: NotionMirrorRow, actor: string): Promise<void> {
    const { title, topic, storyDirection, priority, thumbnail } = row;
    const isMended = task.status === 'queued' && title !== '' && saysOtherwise(row, task);
    const isUrgent = priority !== null && priority !== shown && priority !== task.priority;
    const isChosen = row.has.has('thumbnail') && thumbnail !== chosen && thumbnail !== task.thumbnail;
    if (!isMended && !isUrgent && !isChosen) return;
    await this.gates.edit(task.id, actor, {
      ...(isMended && { title, topic, storyDirection }),
      ...(isUrgent && { priority }),
      ...(isChosen && { thumbnail }),
    });
  }

  /** When the video appears, until it is sent. Undefined: nothing new is said; null: it was taken; a text: what is wrong with it. */
  private async move(row: NotionRow, task: TaskRow, actor: string): Promise<string | null | undefined> {
    if (!movesPublication(row, task)) return undefined;
    const { settings } = await this.database.channels.get(task.channelId);
    const problem = row.publishAtProblem ?? publishTimeProblem(row.publishAt, settings.youtube.privacy);
    if (problem) return `Publish At: ${problem}.`;
    await this.gates.edit(task.id, actor, { publishAt: row.publishAt });
    return null;
  }

  /** A row in the trash: its video is not wanted. What is ready stays, and the row can be taken out and queued again. */
  private async giveUp(task: TaskRow, actor: string): Promise<null | undefined> {
    if (!isLegalTransition(task.status, 'draft')) return undefined;
    await this.gates.cancel(task.id, actor);
    return null;
  }

  private async log(task: TaskRow, actor: string, action: string, details: object): Promise<void> {
    await this.database.auditLogs.add({ channelId: task.channelId, taskId: task.id, actor, action, details });
  }
}
