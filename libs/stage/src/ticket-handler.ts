import { randomUUID } from 'node:crypto';
import { Database, type ArtifactRow, type TaskRow } from '#database';
import { Failure, STAGES, permanent, retryDelayMs, stepInfo, type ItemKind, type StepInfo, type Ticket, type TicketName } from '#pipeline';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ItemFiles, type PlacedFile } from './item-files.js';
import { Lease } from './lease.js';
import { OutboxRelay } from './outbox-relay.js';
import type { Cost, Item, Made, StepHandler, TaskView } from './stage.js';
import { completeStep, openStep, stopTask } from './step-flow.js';
import { makeTicket } from './tickets.js';

/** The handlers of this process, by step. */
export type StepHandlers = ReadonlyMap<string, StepHandler<ItemKind>>;
export const STEP_HANDLERS = Symbol('STEP_HANDLERS');

/**
 * Works a ticket: claim -> make -> commit, each write in a transaction of its own and none held while the item is made.
 *
 * What may repeat after a crash: making an item whose artifact is not committed. A provider job that was accepted is not submitted again; its
 * id is stored first. What cannot: a commit without the lease, an item that is counted twice, a step that completes twice.
 */
@Injectable()
export class TicketHandler {
  private readonly logger = new Logger(TicketHandler.name);

  constructor(
    private readonly database: Database,
    private readonly files: ItemFiles,
    private readonly relay: OutboxRelay,
    @Inject(STEP_HANDLERS) private readonly handlers: StepHandlers,
  ) {}

  /** Works one ticket to its end; a ticket that is void ends quietly. Throws only when Postgres cannot be written: then the reconciler issues it again. */
  async handle(name: TicketName, ticket: Ticket, stopping: AbortSignal): Promise<void> {
    if (name === 'open') await this.open(ticket);
    else await this.make(ticket, stopping);
    this.relay.wake();
  }

  private async open(ticket: Ticket): Promise<void> {
    const step = stepInfo(ticket.step);
    await this.database
      .transaction(async (tx) => {
        const task = await tx.tasks.lock(ticket.task_id);
        if (task?.step !== step.name || task.stepOpened || task.stepGeneration !== ticket.generation) return;
        await openStep(tx, task, step, this.handler(step), await this.view(task));
      })
      .catch(async (error: unknown) => {
        const failure = Failure.from(error);
        this.logger.error({ event: 'step_open_failed', ...ids(ticket), code: failure.code, error: failure.message });
        // Planning is pure: what failed once fails again until a person changes something.
        await this.database.transaction((tx) => stopTask(tx, ticket.task_id, step, failure, null));
      });
  }

  private async make(ticket: Ticket, stopping: AbortSignal): Promise<void> {
    if (!ticket.artifact_id) return;
    const step = stepInfo(ticket.step);
    const { lockMs, itemTimeoutMs } = STAGES[step.stage];
    const leaseToken = randomUUID();
    const artifact = await this.database.artifacts.claim(ticket.artifact_id, ticket.generation, leaseToken, lockMs);
    if (!artifact) return;
    const started = Date.now();
    const lease = new Lease(this.database, artifact.id, leaseToken, lockMs);
    try {
      const signal = AbortSignal.any([stopping, lease.lost, AbortSignal.timeout(itemTimeoutMs)]);
      const { made, file } = await this.makeFile(artifact, leaseToken, signal);
      await this.commit(step, artifact, leaseToken, made, file);
      this.logger.log({
        event: 'item_make_done',
        ...ids(ticket),
        kind: artifact.kind,
        position: artifact.position,
        duration_ms: Date.now() - started,
      });
    } catch (error) {
      if (stopping.aborted) await this.handBack(artifact, leaseToken);
      else if (!lease.lost.aborted) await this.failed(step, artifact, leaseToken, Failure.from(error));
    } finally {
      lease.end();
    }
  }

  private async makeFile(
    artifact: ArtifactRow,
    leaseToken: string,
    signal: AbortSignal,
  ): Promise<{ made: Made<ItemKind>; file: PlacedFile }> {
    const task = await this.view(await this.database.tasks.get(artifact.taskId));
    return this.files.place(artifact, (out) => {
      const item: Item<ItemKind> = {
        task,
        position: artifact.position,
        input: artifact.input,
        out,
        providerJobId: artifact.providerJobId,
        signal,
        ready: (kind) => this.database.artifacts.ready(artifact.taskId, kind),
        file: (other) => this.files.absolute(other),
        submitted: (providerJobId, cost) => this.submitted(artifact, leaseToken, providerJobId, cost),
      };
      return this.handler(stepInfo(artifact.step)).make(item);
    });
  }

  private async submitted(artifact: ArtifactRow, leaseToken: string, providerJobId: string, cost: Cost): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.artifacts.submitted(artifact.id, leaseToken, providerJobId);
      await charge(tx, artifact, cost);
    });
  }

  private async commit(step: StepInfo, artifact: ArtifactRow, leaseToken: string, made: Made<ItemKind>, file: PlacedFile): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { result, simulated, cost } = made;
      const kept = await tx.artifacts.commit(artifact.id, leaseToken, { ...file, result, simulated });
      if (!kept) return;
      if (cost) await charge(tx, artifact, cost);
      const left = await tx.tasks.countReady(artifact.taskId, step.name);
      if (left === 0) await completeStep(tx, artifact.taskId, step);
    });
  }

  private async failed(step: StepInfo, artifact: ArtifactRow, leaseToken: string, failure: Failure): Promise<void> {
    const countsAttempt = failure.kind !== 'quota';
    const delayMs =
      failure.kind === 'permanent' ? null : countsAttempt ? retryDelayMs(artifact.attempt, failure) : (failure.retryAfterMs ?? 3_600_000);
    const error = { code: failure.code, message: failure.userMessage };
    this.logger.warn({
      event: delayMs === null ? 'item_make_failed' : 'item_make_put_off',
      task_id: artifact.taskId,
      artifact_id: artifact.id,
      code: failure.code,
      error: failure.message,
      ...(delayMs !== null && { retry_in_ms: delayMs }),
    });
    await this.database.transaction(async (tx) => {
      if (delayMs === null) {
        if (await tx.artifacts.fail(artifact.id, leaseToken, error)) await stopTask(tx, artifact.taskId, step, failure, artifact);
      } else if (await tx.artifacts.putOff(artifact.id, leaseToken, new Date(Date.now() + delayMs), error, countsAttempt)) {
        await this.reticket(tx, artifact);
      }
    });
  }

  /** A process that stops gives its unfinished items back at once; a provider's job goes on and is picked up. */
  private async handBack(artifact: ArtifactRow, leaseToken: string): Promise<void> {
    const error = { code: 'HANDED_BACK', message: 'The service was stopped; the item goes on by itself.' };
    await this.database.transaction(async (tx) => {
      if (await tx.artifacts.putOff(artifact.id, leaseToken, new Date(), error, false)) await this.reticket(tx, artifact);
    });
  }

  private async reticket(tx: Database, artifact: ArtifactRow): Promise<void> {
    const [again, task] = [await tx.artifacts.find(artifact.id), await tx.tasks.get(artifact.taskId)];
    if (again) await tx.outbox.add([makeTicket(task, again)]);
  }

  private handler(step: StepInfo): StepHandler<ItemKind> {
    const handler = this.handlers.get(step.name);
    if (handler) return handler;
    throw permanent({
      code: 'NO_HANDLER',
      message: `This process has no handler for step ${step.name}`,
      userMessage: `A ticket of the ${step.name} step reached a service that does not make it. Check the queue names of the installation.`,
    });
  }

  private async view(task: TaskRow): Promise<TaskView> {
    const { id, channelId, title, topic, storyDirection } = task;
    const channel = await this.database.channels.get(channelId);
    return { id, channelId, title, topic, storyDirection, channel: channel.settings };
  }
}

async function charge(tx: Database, artifact: ArtifactRow, cost: Cost): Promise<void> {
  const { channelId, taskId, id: artifactId } = artifact;
  await tx.costs.add({ channelId, taskId, artifactId, ...cost });
  await tx.artifacts.charge(artifactId, cost.amountUsd);
}

function ids({ task_id, channel_id, step, artifact_id, request_id }: Ticket) {
  return { task_id, channel_id, step, ...(artifact_id && { artifact_id }), ...(request_id && { request_id }) };
}
