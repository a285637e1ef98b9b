import { Database, type ArtifactRow, type TaskRow } from '#database';
import { gateAt, type Decision, type Status } from '#pipeline';
import { Injectable } from '@nestjs/common';
import { OutboxRelay } from './outbox-relay.js';
import { beginStep, resumeTask } from './step-flow.js';
import { makeTicket, showInNotion } from './tickets.js';

/** Why a decision could not be taken; the code is what the API answers. */
export class DecisionRefused extends Error {
  override readonly name = 'DecisionRefused';
  constructor(
    readonly code: 'TASK_NOT_FOUND' | 'TASK_NOT_AT_GATE' | 'TASK_NOT_IN_ERROR' | 'ITEM_NOT_FOUND',
    message: string,
  ) {
    super(message);
  }
}

export interface Review {
  decision: Decision;
  reviewer: string;
  note: string | null;
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
        await this.makeAgain(tx, task, step.working, pick(shown, review.positions));
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
      await resumeTask(tx, task);
      return { from: task.status, step: task.step };
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
      await showInNotion(tx, taskId);
      return tx.tasks.get(taskId);
    });
    this.relay.wake();
    return decided;
  }

  private async makeAgain(tx: Database, task: TaskRow, working: Status, rejected: readonly ArtifactRow[]): Promise<void> {
    const revised = await tx.artifacts.revise(rejected);
    await tx.tasks.move(task.id, task.status, working, { itemsLeft: revised.length });
    await tx.outbox.add(revised.map((artifact) => makeTicket(task, artifact)));
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
