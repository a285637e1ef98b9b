import { Database, type ArtifactRow, type TaskRow } from '#database';
import { STAGES, stepInfo, type StepName } from '#pipeline';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { OutboxRelay } from './outbox-relay.js';
import { beginStep, completeStep } from './step-flow.js';
import { announceProgress, makeTicket } from './tickets.js';

/** Work that has been untouched for so long is looked at (ms); younger work may just be on its way. */
const UNTOUCHED_MS = 15_000;
/** States of a BullMQ job that will still be worked. */
const ALIVE = ['waiting', 'prioritized', 'delayed', 'active', 'waiting-children'];

/** The reconciler's name among the heartbeats: when it falls silent, nothing that is lost comes back. */
export const RECONCILER = 'reconciler';

/** Makes Redis agree with Postgres again: gives back what silent workers hold, and issues every ticket that is missing. */
@Injectable()
export class Reconciler {
  private readonly logger = new Logger(Reconciler.name);

  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly modules: ModuleRef,
  ) {}

  /** One round; returns how many tickets it issued. */
  async run(): Promise<number> {
    const expired = await this.database.artifacts.leaseExpired();
    const overdue = await this.missing(await this.database.artifacts.overdue(UNTOUCHED_MS));
    const items = await this.reissue(this.database, [...expired, ...overdue]);
    const steps = await this.reopen(this.database, await this.neverOpened());
    const recounted = await this.recount();
    if (items + steps + recounted > 0) {
      this.logger.warn({ event: 'reconciler_tickets_issued', leases_expired: expired.length, items, steps, recounted });
      this.relay.wake();
    }
    await this.database.heartbeats.beat(RECONCILER);
    return items + steps;
  }

  /** Issues every ticket of a channel that has been paused, in the transaction that ends that, without the time that tickets are given elsewhere: none is on its way. */
  async issueAtOnce(tx: Database, channelId: string): Promise<void> {
    await this.reissue(tx, await tx.artifacts.overdue(0, channelId));
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

  private async reissue(database: Database, artifacts: readonly ArtifactRow[]): Promise<number> {
    if (artifacts.length === 0) return 0;
    return database.transaction(async (tx) => {
      const issued = await tx.artifacts.reissue(artifacts);
      const tasks = new Map((await tx.tasks.byIds(issued.map(({ taskId }) => taskId))).map((task) => [task.id, task]));
      await tx.outbox.add(
        issued.flatMap((artifact) => {
          const task = tasks.get(artifact.taskId);
          return task ? [makeTicket(task, artifact)] : [];
        }),
      );
      const shown = artifacts.filter(({ progress }) => progress).map(({ taskId }) => taskId);
      for (const taskId of new Set(shown)) await announceProgress(tx, taskId);
      return issued.length;
    });
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

  private async neverOpened(): Promise<TaskRow[]> {
    const lost: TaskRow[] = [];
    for (const task of await this.database.tasks.unopened(UNTOUCHED_MS)) {
      if (task.step && !(await this.alive(task.step, `${task.id}-${task.step}-g${task.stepGeneration}`))) lost.push(task);
    }
    return lost;
  }

  private async missing(artifacts: readonly ArtifactRow[]): Promise<ArtifactRow[]> {
    const alive = await Promise.all(artifacts.map(({ id, step, generation }) => this.alive(step, `${id}-g${generation}`)));
    return artifacts.filter((_, index) => !alive[index]);
  }

  private async alive(step: StepName, jobId: string): Promise<boolean> {
    const queue = this.modules.get<Queue>(getQueueToken(STAGES[stepInfo(step).stage].queue), { strict: false });
    return ALIVE.includes(await queue.getJobState(jobId));
  }
}
