import { randomUUID } from 'node:crypto';
import { settings, type Settings } from '#config';
import { Database, type ArtifactRow, type ChannelRow, type Claimed, type TaskRow } from '#database';
import {
  Failure,
  permanent,
  reached,
  retryDelayMs,
  STAGES,
  stepInfo,
  type Finding,
  type ItemKind,
  type ItemProgress,
  type ScriptArguments,
  type ScriptName,
  type ScriptResult,
  type StepInfo,
  type Ticket,
  type TicketName,
} from '#pipeline';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ItemFiles, type PlacedFile } from './item-files.js';
import { ProgressRecorder } from './item-progress.js';
import { closeQuota, isDisconnection, reportDisconnection, reportLimit } from './incidents.js';
import { LaneHealth } from './lane-health.js';
import { LEASE_MS, Leases, type Lease } from './lease.js';
import { OutboxRelay } from './outbox-relay.js';
import { PaidCalls } from './paid-calls.js';
import { MadeAgain, makeAgainOnce } from './remakes.js';
import { ScriptRunner, type RunOptions } from './script-runner.js';
import { AWAITS_ITEM, type Item, type Made, type Price, type StepHandler, type TaskView } from './stage.js';
import { completeStep, openAhead, openStep, stopTask, type StepOpening } from './step-flow.js';
import { announceProgress, announceProgressOf } from './tickets.js';

/** What is known of an item when its file is in its place. */
interface Finished {
  readonly made: Made<ItemKind>;
  readonly file: PlacedFile;
  readonly findings: Finding[];
  readonly paid: { callId: string; amountUsd: number } | null;
}

/** A quota of which nobody knows when it ends is asked again after this time (ms). */
const QUOTA_LOOK_AGAIN_MS = 3_600_000;

/** An item whose channel is not connected is looked at again after this time (ms); whoever connects the channel wakes it. */
const PARKED_LOOK_AGAIN_MS = 6 * 3_600_000;

/** Whoever looks at a task is told of waits from this length on (ms). */
const LONG_WAIT_MS = 5 * 60_000;

/** Takes back a commit for which it is too late: somebody else has the item, and with it the bill for what it has cost. */
class LeaseGone extends Error {
  override readonly name = 'LeaseGone';
}

/** The handlers of this process, by step. */
export type StepHandlers = ReadonlyMap<string, StepHandler<ItemKind>>;
export const STEP_HANDLERS = Symbol('STEP_HANDLERS');

/**
 * Works a ticket: claim -> make -> commit, each write in a transaction of its own and none held while the item is made.
 *
 * What may repeat after a crash: making an item whose artifact is not committed, and inspecting it. What was paid for by then is not: see `PaidCalls`.
 * What cannot: a commit without the lease, an item that is counted twice, a step that completes twice, an item that is made again by itself twice.
 */
@Injectable()
export class TicketHandler {
  private readonly logger = new Logger(TicketHandler.name);
  private readonly ladder: readonly number[];

  constructor(
    private readonly database: Database,
    private readonly files: ItemFiles,
    private readonly calls: PaidCalls,
    private readonly scripts: ScriptRunner,
    private readonly leases: Leases,
    private readonly health: LaneHealth,
    private readonly relay: OutboxRelay,
    @Inject(STEP_HANDLERS) private readonly handlers: StepHandlers,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.ladder = settings.RETRY_LADDER_SECONDS.map((seconds) => seconds * 1_000);
  }

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
        if (ticket.ahead) {
          if (task) await openAhead(tx, await this.opening(tx, task, step));
          return;
        }
        if (task?.step !== step.name || task.stepOpened || task.stepGeneration !== ticket.generation) return;
        // Whoever resumes the channel issues the ticket again.
        if ((await tx.channels.get(task.channelId)).pausedAt) return;
        await openStep(tx, await this.opening(tx, task, step));
      })
      .catch(async (error: unknown) => {
        const failure = Failure.from(error);
        this.logger.error({ event: 'step_open_failed', ...ids(ticket), code: failure.code, error: failure.message });
        // What the database did not take is opened again by the reconciler; what cannot be planned fails again until a person changes something.
        if (failure.kind !== 'permanent') throw error;
        // Told when its turn has come.
        if (ticket.ahead) return;
        await this.database.transaction((tx) => stopTask(tx, ticket.task_id, step, failure, null));
      });
  }

  private async make(ticket: Ticket, stopping: AbortSignal): Promise<void> {
    if (!ticket.artifact_id) return;
    reached('ticket_taken');
    const step = stepInfo(ticket.step);
    const { itemTimeoutMs } = STAGES[step.stage];
    const leaseToken = randomUUID();
    const claimed = await this.database.artifacts.claim(ticket.artifact_id, ticket.generation, leaseToken, LEASE_MS);
    if (!claimed) return;
    const { artifact } = claimed;
    reached('item_claimed');
    this.relay.takenUp(step.name);
    const started = Date.now();
    const lease = this.leases.hold(artifact.id, leaseToken);
    try {
      const signal = AbortSignal.any([stopping, lease.lost, AbortSignal.timeout(itemTimeoutMs)]);
      const finished = await this.makeFile(claimed, lease, signal);
      await this.commit(step, artifact, leaseToken, finished);
      await this.health.succeeded(step.name);
      this.logger.log({
        event: 'item_make_done',
        ...ids(ticket),
        kind: artifact.kind,
        position: artifact.position,
        duration_ms: Date.now() - started,
      });
    } catch (error) {
      // Recorded already, with the ticket for its next try.
      if (error instanceof MadeAgain) return;
      const failure = Failure.from(error);
      if (lease.lost.aborted) this.logger.warn({ event: 'item_make_taken_over', ...ids(ticket), error: failure.message });
      // What stopping has broken off goes on by itself; what has become of a paid call does not change with it.
      else if (stopping.aborted && failure.kind === 'transient' && failure.code !== 'PAID_CALL_LOST')
        await this.handBack(artifact, leaseToken);
      else await this.failed(step, artifact, leaseToken, failure);
    } finally {
      lease.end();
    }
  }

  private async makeFile({ artifact, openCall, ...of }: Claimed, lease: Lease, signal: AbortSignal): Promise<Finished> {
    const task = viewOf(of.task, of.channel);
    const recovered = await this.calls.recover(artifact, openCall);
    const providerJobId = recovered.providerJobId ?? artifact.providerJobId;
    let paid: Finished['paid'] = null;
    const progress = new ProgressRecorder((progress) => this.record(artifact, lease.token, progress));
    const options: RunOptions = {
      signal,
      onProgress: (event) => {
        progress.heard(event);
      },
      onAtOnce: (count) => this.health.said(artifact.step, count),
    };
    const make = async (out: string): Promise<Made<ItemKind>> => {
      const run = async <N extends ScriptName>(
        name: N,
        args: Omit<ScriptArguments<N>, 'out'>,
        price?: Price<N>,
      ): Promise<ScriptResult<N>> => {
        const perform = () => this.scripts.run(name, { ...args, out } as ScriptArguments<N>, options);
        if (!price) return perform();
        const call = providerJobId ? null : await this.calls.make({ artifact, lease, out, options }, recovered.finished, name, args, price);
        paid = call;
        const result = call?.result ?? (await perform());
        await this.leavePlace(artifact, lease);
        return result;
      };
      const item: Item<ItemKind> = {
        id: artifact.id,
        task,
        position: artifact.position,
        revision: artifact.revision,
        input: artifact.input,
        out,
        providerJobId,
        signal,
        ready: (kind) => this.database.artifacts.ready(artifact.taskId, kind),
        file: (other) => this.files.absolute(other),
        run,
        submitted: async (jobId) => {
          if (!(await this.database.artifacts.submitted(artifact.id, lease.token, jobId)))
            throw new Error('The lease was lost before a job was stored');
        },
      };
      return this.handler(stepInfo(artifact.step)).make(item);
    };
    const ours = async (findings: readonly Finding[]): Promise<boolean> => {
      if (await makeAgainOnce(this.database, this.calls, { artifact, leaseToken: lease.token, findings, paid })) throw new MadeAgain();
      return lease.isOurs(this.database);
    };
    return { ...(await this.files.place(artifact, make, ours, signal)), paid };
  }

  /** Its provider has done its part: the next item need not wait until this one is inspected and in its place. */
  private async leavePlace({ id }: ArtifactRow, { token }: Lease): Promise<void> {
    await this.database.artifacts.leavePlace(id, token);
    this.relay.wake();
  }

  /** Shows how far an item is for as long as it is ours. */
  private async record(artifact: ArtifactRow, leaseToken: string, progress: ItemProgress): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await tx.artifacts.progressed(artifact.id, leaseToken, progress))) return;
      artifact.progress = progress;
      await announceProgress(tx, artifact.taskId);
    });
    this.relay.wake();
  }

  private async commit(step: StepInfo, artifact: ArtifactRow, leaseToken: string, { made, file, findings, paid }: Finished): Promise<void> {
    const work = async (tx: Database) => {
      const { result, simulated } = made;
      // Its step may be opened at this moment, which counts what is not ready.
      if (artifact.ahead) await tx.tasks.lock(artifact.taskId);
      const chargedUsd = paid ? await this.calls.settled(tx, paid) : 0;
      if (!(await tx.artifacts.commit(artifact.id, leaseToken, { ...file, result, simulated, findings }, chargedUsd)))
        throw new LeaseGone();
      if (artifact.errorCode) await closeQuota(tx, artifact.errorCode, artifact.channelId);
      // Those of the same step that have to look like this one.
      if (artifact.kind === 'image') await tx.artifacts.wake(artifact.taskId, step.name, AWAITS_ITEM);
      const counted = await tx.tasks.countReady(artifact.taskId, step.name);
      if (counted?.itemsLeft === 0) await completeStep(tx, artifact.taskId, step);
      else if (counted) await announceProgressOf(tx, counted);
    };
    await this.database.transaction(work).catch((error: unknown) => {
      if (!(error instanceof LeaseGone)) throw error;
    });
    reached('item_committed');
  }

  private async failed(step: StepInfo, artifact: ArtifactRow, leaseToken: string, failure: Failure): Promise<void> {
    const delayMs = this.delayMs(artifact, failure);
    const error = { code: failure.code, message: failure.userMessage, endsJob: failure.endsJob };
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
        return;
      }
      const countsAttempt = failure.kind === 'transient';
      if (!(await tx.artifacts.putOff(artifact.id, leaseToken, new Date(Date.now() + delayMs), error, countsAttempt))) return;
      await reportLimit(tx, failure, artifact.channelId);
      // A wait of hours is news to whoever looks at the row, and so is that nobody makes what was shown in the making.
      if (delayMs >= LONG_WAIT_MS || artifact.progress) await announceProgress(tx, artifact.taskId);
      if (isDisconnection(failure)) await reportDisconnection(tx, await tx.channels.get(artifact.channelId), failure);
    });
    await this.health.failed(step.name, failure);
  }

  /** How long the item waits (ms); null: it is given up. */
  private delayMs(artifact: ArtifactRow, failure: Failure): number | null {
    if (isDisconnection(failure)) return PARKED_LOOK_AGAIN_MS;
    if (failure.kind === 'permanent') return null;
    if (failure.kind === 'transient') return retryDelayMs(artifact.attempt, failure, this.ladder);
    return failure.retryAfterMs ?? QUOTA_LOOK_AGAIN_MS;
  }

  /** A process that stops gives its unfinished items back at once; a provider's job goes on and is picked up. */
  private async handBack(artifact: ArtifactRow, leaseToken: string): Promise<void> {
    const error = { code: 'HANDED_BACK', message: 'The service was stopped; the item goes on by itself.', endsJob: false };
    await this.database.transaction(async (tx) => {
      if (!(await tx.artifacts.putOff(artifact.id, leaseToken, new Date(), error, false))) return;
      if (artifact.progress) await announceProgress(tx, artifact.taskId);
    });
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

  /** Through the transaction: another connection beside it is one that others may be waiting for. */
  private async opening(tx: Database, task: TaskRow, step: StepInfo): Promise<StepOpening<ItemKind>> {
    const view = viewOf(task, await tx.channels.get(task.channelId));
    return { task, step, handler: this.handler(step), view, settings: this.settings };
  }
}

function viewOf(
  { id, channelId, title, topic, storyDirection, ownScript, publishAt, thumbnail }: TaskRow,
  { settings }: ChannelRow,
): TaskView {
  return { id, channelId, title, topic, storyDirection, ownScript, publishAt, channel: settings, thumbnail: thumbnail ?? 1 };
}

function ids({ task_id, channel_id, step, artifact_id, request_id }: Ticket) {
  return { task_id, channel_id, step, ...(artifact_id && { artifact_id }), ...(request_id && { request_id }) };
}
