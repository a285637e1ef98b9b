import { Database, type ArtifactRow, type TaskEdit, type TaskRow } from '#database';
import {
  STEPS,
  gateAt,
  isAfter,
  isLegalTransition,
  shownAt,
  type Decision,
  type Gate,
  type ItemKind,
  type Status,
  type StepName,
} from '#pipeline';
import { Injectable } from '@nestjs/common';
import { OutboxRelay } from './outbox-relay.js';
import { beginStep, cancelTask, remake, resumeTask } from './step-flow.js';
import { announce } from './tickets.js';

/** Why a decision could not be taken; the code is what the API answers. */
export class DecisionRefused extends Error {
  override readonly name = 'DecisionRefused';
  constructor(
    readonly code:
      | 'TASK_NOT_FOUND'
      | 'TASK_NOT_AT_GATE'
      | 'TASK_NOT_IN_ERROR'
      | 'TASK_NOT_CANCELLABLE'
      | 'TASK_NOT_DRAFT'
      | 'TASK_NOT_AT_REST'
      | 'TASK_NOT_EDITABLE'
      | 'ITEM_NOT_FOUND'
      | 'VIDEO_UPLOADED'
      | 'CHANNEL_NOT_FOUND'
      | typeof CHANNEL_REMOVED,
    message: string,
    /** The properties of the task that cannot be changed, when that is the reason. */
    readonly refused: readonly (keyof TaskEdit)[] = [],
  ) {
    super(message);
  }
}

/** Code of what is told of a channel whose file is gone. */
export const CHANNEL_REMOVED = 'CHANNEL_REMOVED';

/** What is told of everything that would be begun for a channel whose file is gone. */
export function channelRemoved(key: string): string {
  return `The file of the channel ${key} is gone, so nothing new is begun for it. Put the file back, or cancel the video.`;
}

/** An item as people name it. */
export interface ItemName {
  kind: ItemKind;
  position: number;
}

/** The statuses of an upload that has begun. */
const UPLOAD: readonly Status[] = STEPS.filter(({ stage }) => stage === 'upload').flatMap(({ working, error }) => [working, error]);

export interface Review {
  decision: Decision;
  reviewer: string;
  note: string | null;
  /** The gate that the reviewer was shown; left out, the one where the task waits. */
  gate?: Gate;
  /** Positions of the items that are to be made again on a rejection, of the kind that the gate is about; empty: all of that kind. */
  positions: readonly number[];
  /** Which of the thumbnails the video gets, from 1; left out, the one that was chosen before. */
  thumbnail?: number;
}

/** What people decide about a task. The one place for it, whoever asks: Notion, the API or the review page. */
@Injectable()
export class Gates {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
  ) {}

  /**
   * Records a reviewer's decision at the gate where the task waits, and acts on it.
   * @throws DecisionRefused when the task waits at no gate, or an item to be made again does not exist
   */
  async review(taskId: string, review: Review): Promise<TaskRow> {
    return this.decide(taskId, review.reviewer, `review_${review.decision}`, async (tx, task) => {
      const step = gateAt(task.status);
      if (!step) throw new DecisionRefused('TASK_NOT_AT_GATE', `The task is ${task.status} and waits for no review.`);
      if (review.gate && review.gate !== step.gate.waiting)
        throw new DecisionRefused('TASK_NOT_AT_GATE', `The task has left ${review.gate} and waits at ${step.gate.waiting}.`);
      const shown = shownAt(step, await tx.artifacts.ofTask(task.id));
      await tx.reviews.add({
        channelId: task.channelId,
        taskId: task.id,
        gate: step.gate.waiting,
        decision: review.decision,
        reviewer: review.reviewer,
        note: review.note,
        shown: shown.map(({ id, checksum, findings }) => ({ artifact_id: id, checksum, ...(findings.length > 0 && { findings }) })),
      });
      if (review.decision === 'reject') {
        const judged = shown.filter(({ kind }) => kind === step.gate.shows[0]);
        await remake(tx, task, pick(judged, review.positions), review.reviewer);
      } else {
        if (review.thumbnail) await tx.tasks.edit(task.id, { thumbnail: review.thumbnail });
        await tx.tasks.move(task.id, task.status, step.gate.approved);
        if (step.next) await beginStep(tx, task, step.next);
      }
      return { gate: step.gate.waiting, note: review.note, ...(review.thumbnail && { thumbnail: review.thumbnail }) };
    });
  }

  /**
   * Takes a task that stopped at an error back to work; what is ready stays.
   * @throws DecisionRefused when the task is not in an error status
   */
  async retry(taskId: string, actor: string): Promise<TaskRow> {
    return this.decide(taskId, actor, 'task_retry', async (tx, task) => {
      if (!task.status.endsWith('_error'))
        throw new DecisionRefused('TASK_NOT_IN_ERROR', `The task is ${task.status}; only a task in an error status can be retried.`);
      await resumeTask(tx, task, actor);
      return { from: task.status, step: task.step };
    });
  }

  /**
   * Gives a task up for now: it becomes a draft again. What is ready stays, and is not made again when it is queued once more.
   * @throws DecisionRefused when it is a draft, being uploaded or published
   */
  async cancel(taskId: string, actor: string): Promise<TaskRow> {
    return this.decide(taskId, actor, 'task_cancel', async (tx, task) => {
      if (!isLegalTransition(task.status, 'draft'))
        throw new DecisionRefused('TASK_NOT_CANCELLABLE', `The task is ${task.status}; it cannot be cancelled now.`);
      await cancelTask(tx, task, actor);
      return { from: task.status, step: task.step };
    });
  }

  /**
   * Queues a draft, be it new or cancelled.
   * @throws DecisionRefused when it is no draft, or its channel has no file any more
   */
  async queue(taskId: string, actor: string): Promise<TaskRow> {
    return this.decide(taskId, actor, 'task_queue', async (tx, task) => {
      const { key, removedAt } = await tx.channels.get(task.channelId);
      if (removedAt) throw new DecisionRefused(CHANNEL_REMOVED, channelRemoved(key));
      if (!(await tx.tasks.move(task.id, 'draft', 'queued', { queuedAt: new Date() })))
        throw new DecisionRefused('TASK_NOT_DRAFT', `The task is ${task.status}; only a draft can be queued.`);
      return { from: task.status };
    });
  }

  /**
   * Has single items of any finished step made again, and what is made from them; nothing else is made or paid for. The storyboard only as long as
   * nothing has been made from it.
   * @param items by kind and position, from 0
   * @throws DecisionRefused when the task is at work, or an item does not exist
   */
  async regenerate(taskId: string, actor: string, items: readonly ItemName[], note: string | null): Promise<TaskRow> {
    return this.decide(taskId, actor, 'task_regenerate', async (tx, task) => {
      const rests = gateAt(task.status) !== null || task.status.endsWith('_error');
      if (!rests)
        throw new DecisionRefused('TASK_NOT_AT_REST', `The task is ${task.status}; items can be made again at a review or after an error.`);
      await demandNotSent(tx, task.id, items);
      const all = await tx.artifacts.ofTask(task.id);
      const isAfterTask = (step: StepName) => task.step !== null && isAfter(step, task.step);
      const named = items.map(({ kind, position }) => {
        // What was made ahead of its turn nobody has been shown yet.
        const found = all.find((artifact) => artifact.kind === kind && artifact.position === position && !isAfterTask(artifact.step));
        if (found && (kind !== 'storyboard' || all.length === 1)) return found;
        throw new DecisionRefused(
          'ITEM_NOT_FOUND',
          `There is no ${kind} ${position} that could be made again; positions are numbered from 0.`,
        );
      });
      const again = await remake(tx, task, named, actor);
      return { from: task.status, note, items: again.map(({ kind, position }) => ({ kind, position })) };
    });
  }

  /**
   * Changes what a task is to be: its priority until it is published, its thumbnail until the upload begins, everything else until it is admitted. Another priority counts at
   * once, for what is in a queue already, too. What was made before is not made again.
   * @throws DecisionRefused naming what cannot be changed any more
   */
  async edit(taskId: string, actor: string, edit: TaskEdit): Promise<TaskRow> {
    const edited = await this.decide(taskId, actor, 'task_edit', async (tx, task) => {
      const changed = (Object.keys(edit) as (keyof TaskEdit)[]).filter((property) => !isSame(edit[property], task[property]));
      if (changed.length === 0) return null;
      const open = await editable(tx, task);
      const refused = changed.filter((property) => !open.includes(property));
      if (refused.length > 0) throw new DecisionRefused('TASK_NOT_EDITABLE', whyNotEditable(task, open), refused);
      await tx.tasks.edit(task.id, edit);
      const values = (from: TaskEdit) => Object.fromEntries(changed.map((property) => [WRITTEN_AS[property], from[property]]));
      return { before: values(task), after: values(edit) };
    });
    if (edit.priority) this.relay.reprioritize(taskId);
    return edited;
  }

  private async decide(
    taskId: string,
    actor: string,
    action: string,
    /** Returns what the audit log keeps of it, or null when there was nothing to do. */
    act: (tx: Database, task: TaskRow) => Promise<object | null>,
  ): Promise<TaskRow> {
    const decided = await this.database.transaction(async (tx) => {
      const task = await tx.tasks.lock(taskId);
      if (!task) throw new DecisionRefused('TASK_NOT_FOUND', 'There is no task with this id.');
      const details = await act(tx, task);
      if (!details) return task;
      await tx.auditLogs.add({ channelId: task.channelId, taskId, actor, action, details });
      await announce(tx, taskId);
      return tx.tasks.get(taskId);
    });
    this.relay.wake();
    return decided;
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return one instanceof Date && other instanceof Date ? one.getTime() === other.getTime() : one === other;
}

/** What the audit log calls that which can be changed. */
const WRITTEN_AS: Record<keyof TaskEdit, string> = {
  channelId: 'channel_id',
  title: 'title',
  topic: 'topic',
  storyDirection: 'story_direction',
  ownScript: 'own_script',
  priority: 'priority',
  publishAt: 'publish_at',
  thumbnail: 'thumbnail',
};

/** What can be changed about a task now. */
async function editable(tx: Database, task: TaskRow): Promise<(keyof TaskEdit)[]> {
  if (task.status === 'published') return [];
  const always = ['priority' as const, ...(UPLOAD.includes(task.status) ? [] : ['publishAt' as const, 'thumbnail' as const])];
  if (task.status !== 'draft' && task.status !== 'queued') return always;
  // Files and costs of a task that was cancelled belong to its channel.
  const made = await tx.artifacts.ofTask(task.id);
  return [...always, 'title', 'topic', 'storyDirection', 'ownScript', ...(made.length === 0 ? ['channelId' as const] : [])];
}

function whyNotEditable({ status }: TaskRow, open: readonly (keyof TaskEdit)[]): string {
  if (open.length === 0) return `The task is ${status}; nothing about it can be changed any more.`;
  if (open.length < 4) {
    const names = open.map((property) => WRITTEN_AS[property]).join(', ');
    return `The task is ${status}; only its ${names} can be changed now, the rest while it is a draft or queued.`;
  }
  return 'Something was made for the task already, so it cannot go to another channel. Plan it anew there.';
}

/** What YouTube has, or may have, is finished and not made anew: that would leave two videos there. */
async function demandNotSent(tx: Database, taskId: string, items: readonly ItemName[]): Promise<void> {
  const sent = (await tx.publications.ofTask(taskId)).filter(
    ({ state, sessionEncrypted }) => sessionEncrypted !== null && state !== 'gone' && state !== 'given_up',
  );
  const whole = sent.find(({ state }) => state === 'uploaded' || state === 'released');
  if (whole)
    throw new DecisionRefused(
      'VIDEO_UPLOADED',
      `YouTube has the video already (${whole.videoId ?? ''}). Retry the task to finish it; or delete it in YouTube Studio, retry, and have it made again then.`,
    );
  if (sent.length > 0 && items.some(({ kind }) => kind !== 'publication'))
    throw new DecisionRefused(
      'VIDEO_UPLOADED',
      'The upload has begun, so nothing but the publication itself can be made again. Retry the task to finish it.',
    );
}

function pick(shown: readonly ArtifactRow[], positions: readonly number[]): ArtifactRow[] {
  if (positions.length === 0) return [...shown];
  return positions.map((position) => {
    const artifact = shown.find((candidate) => candidate.position === position);
    if (!artifact)
      throw new DecisionRefused('ITEM_NOT_FOUND', `There is no item ${position} at this gate; it shows ${shown.length}, numbered from 0.`);
    return artifact;
  });
}
