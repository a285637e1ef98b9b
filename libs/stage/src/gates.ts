import { Database, type ArtifactRow, type TaskRow } from '#database';
import { FIRST_STEP, gateAt, isLegalTransition, stepInfo, type Decision, type Gate, type ItemKind } from '#pipeline';
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
      | 'ITEM_NOT_FOUND'
      | 'CHANNEL_NOT_FOUND'
      | typeof CHANNEL_REMOVED,
    message: string,
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

/** Where the making of items begins. */
const FIRST_WORKING = stepInfo(FIRST_STEP).working;

export interface Review {
  decision: Decision;
  reviewer: string;
  note: string | null;
  /** The gate that the reviewer was shown; left out, the one where the task waits. */
  gate?: Gate;
  /** Positions of the items that are to be made again on a rejection; empty: all of the gate's step. */
  positions: readonly number[];
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
      const shown = await tx.artifacts.ofStep(task.id, step.name);
      await tx.reviews.add({
        channelId: task.channelId,
        taskId: task.id,
        gate: step.gate.waiting,
        decision: review.decision,
        reviewer: review.reviewer,
        note: review.note,
        shown: shown.map(({ id, checksum }) => ({ artifact_id: id, checksum })),
      });
      if (review.decision === 'reject') {
        await remake(tx, task, pick(shown, review.positions), review.reviewer);
      } else {
        await tx.tasks.move(task.id, task.status, step.gate.approved);
        if (step.next) await beginStep(tx, task, step.next);
      }
      return { gate: step.gate.waiting, note: review.note };
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
      const rests = gateAt(task.status) !== null || (task.status.endsWith('_error') && isLegalTransition(task.status, FIRST_WORKING));
      if (!rests)
        throw new DecisionRefused('TASK_NOT_AT_REST', `The task is ${task.status}; items can be made again at a review or after an error.`);
      const all = await tx.artifacts.ofTask(task.id);
      const named = items.map(({ kind, position }) => {
        const found = all.find((artifact) => artifact.kind === kind && artifact.position === position);
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

  private async decide(
    taskId: string,
    actor: string,
    action: string,
    act: (tx: Database, task: TaskRow) => Promise<object>,
  ): Promise<TaskRow> {
    const decided = await this.database.transaction(async (tx) => {
      const task = await tx.tasks.lock(taskId);
      if (!task) throw new DecisionRefused('TASK_NOT_FOUND', 'There is no task with this id.');
      const details = await act(tx, task);
      await tx.auditLogs.add({ channelId: task.channelId, taskId, actor, action, details });
      await announce(tx, taskId);
      return tx.tasks.get(taskId);
    });
    this.relay.wake();
    return decided;
  }
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
