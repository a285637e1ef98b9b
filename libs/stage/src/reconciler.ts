import { Database, type TaskRow } from '#database';
import { STAGES, stepInfo, type StepName } from '#pipeline';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { Dispatcher } from './dispatcher.js';
import { OutboxRelay } from './outbox-relay.js';
import { beginStep, completeStep, runAhead } from './step-flow.js';

/** Work that has been untouched for so long is looked at (ms); younger work may just be on its way. */
const UNTOUCHED_MS = 15_000;
/** States of a BullMQ job that will still be worked. */
const ALIVE = ['waiting', 'prioritized', 'delayed', 'active', 'waiting-children'];

/** The reconciler's name among the heartbeats: when it falls silent, nothing that is lost comes back. */
export const RECONCILER = 'reconciler';

/** Makes Redis agree with Postgres again: gives back what silent workers hold, and issues the tickets of steps that are missing; items are their own. */
@Injectable()
export class Reconciler {
  private readonly logger = new Logger(Reconciler.name);

  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly dispatcher: Dispatcher,
    private readonly modules: ModuleRef,
  ) {}

  /** One round; returns how many items it gave back and steps it had opened. */
  async run(): Promise<number> {
    const items = await this.dispatcher.recall();
    const steps = await this.reopen(this.database, await this.neverOpened());
    const ahead = await this.planAhead();
    const recounted = await this.recount();
    if (steps + ahead + recounted > 0) this.logger.warn({ event: 'reconciler_tickets_issued', steps, ahead, recounted });
    if (items + steps + ahead + recounted > 0) this.relay.wake();
    await this.database.heartbeats.beat(RECONCILER);
    return items + steps;
  }

  /** Has the steps of a channel opened that its pause has kept from that, in the transaction that ends it, without the time that tickets are given elsewhere: none is on its way. */
  async openAtOnce(tx: Database, channelId: string): Promise<void> {
    await this.reopen(tx, await tx.tasks.unopened(0, channelId));
  }

  /** Moves on a task whose items are all ready, and corrects a count of what is left; both would be faults of ours that must not hold a video. */
  private async recount(): Promise<number> {
    const tasks = await this.database.tasks.miscounted(UNTOUCHED_MS);
    for (const { id, step: name } of tasks) {
      await this.database.transaction(async (tx) => {
        const step = stepInfo(name);
        const task = await tx.tasks.lock(id);
        if (task?.step !== name || !task.stepOpened || task.status !== step.working) return;
        const missing = (await tx.artifacts.ofStep(id, name)).filter(({ state }) => state !== 'ready').length;
        if (missing === task.itemsLeft && missing > 0) return;
        this.logger.error({ event: 'reconciler_count_corrected', task_id: id, step: name, items_left: task.itemsLeft, missing });
        await tx.tasks.recount(id, missing);
        if (missing === 0) await completeStep(tx, id, step);
      });
    }
    return tasks.length;
  }

  private async reopen(database: Database, tasks: readonly TaskRow[]): Promise<number> {
    for (const { id, step } of tasks) {
      await database.transaction(async (tx) => {
        const current = await tx.tasks.lock(id);
        if (step && current?.step === step && !current.stepOpened) await beginStep(tx, current, step);
      });
    }
    return tasks.length;
  }

  private async planAhead(): Promise<number> {
    const tasks = await this.database.tasks.notAhead(UNTOUCHED_MS);
    if (tasks.length > 0) await this.database.transaction(async (tx) => Promise.all(tasks.map((task) => runAhead(tx, task))));
    return tasks.length;
  }

  private async neverOpened(): Promise<TaskRow[]> {
    const lost: TaskRow[] = [];
    for (const task of await this.database.tasks.unopened(UNTOUCHED_MS)) {
      if (task.step && !(await this.alive(task.step, `${task.id}-${task.step}-g${task.stepGeneration}`))) lost.push(task);
    }
    return lost;
  }

  private async alive(step: StepName, jobId: string): Promise<boolean> {
    const queue = this.modules.get<Queue>(getQueueToken(STAGES[stepInfo(step).stage].queue), { strict: false });
    return ALIVE.includes(await queue.getJobState(jobId));
  }
}
