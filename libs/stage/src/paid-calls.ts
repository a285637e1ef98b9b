import { copyFile, link, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { settings, type Settings } from '#config';
import { Database, type ArtifactRow, type VideoCostRow } from '#database';
import { Failure, permanent, reached, transient, waiting, type ScriptArguments, type ScriptName, type ScriptResult } from '#pipeline';
import { Inject, Injectable } from '@nestjs/common';
import { readOutcome } from './call-journal.js';
import { ItemFiles } from './item-files.js';
import type { Lease } from './lease.js';
import { resultOf, type Outcome } from './script-events.js';
import { ScriptRunner, type RunOptions } from './script-runner.js';
import type { Price } from './stage.js';

/** No call of a script takes longer: the longest time-out of the providers' clients, and what it takes to write the answer down (ms). */
const CALL_ENDS_WITHIN_MS = 180_000;
/** How often a call that may still be under way is looked at (ms). */
const LOOK_AGAIN_MS = 5_000;

/** The item that is paid for, and who makes it. */
export interface Payer {
  readonly artifact: ArtifactRow;
  readonly lease: Lease;
  /** Where the item's file belongs while it is made. */
  readonly out: string;
  readonly options: RunOptions;
}

/** What an earlier worker of an item has left of the call that it had begun. */
export interface Recovered {
  /** The call whose file is whole and has only to be taken. */
  readonly finished: VideoCostRow | null;
  /** The provider's job that it turned out to have submitted. */
  readonly providerJobId: string | null;
}

/** A call that has brought its file; it is settled with the commit of the item. */
export interface MadeCall<N extends ScriptName> {
  readonly result: ScriptResult<N>;
  readonly callId: string;
  readonly amountUsd: number;
}

/**
 * Pays for things once. A call is written down before it is made; its script keeps a journal in the workspace, where it also leaves what it made,
 * so that both outlive the process that asked for it. Whoever works on the item next reads what became of the call before any other is made.
 */
@Injectable()
export class PaidCalls {
  constructor(
    private readonly database: Database,
    private readonly files: ItemFiles,
    private readonly scripts: ScriptRunner,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Finds out what became of the call that an earlier worker left open, before the item is made again.
   * @param call the one that is open; null: none is
   * @throws Failure `waiting` while it may still end well, or the failure that it ended with
   */
  async recover(artifact: ArtifactRow, call: VideoCostRow | null): Promise<Recovered> {
    const nothing = { finished: null, providerJobId: null };
    if (!call) return nothing;
    const outcome = await this.outcome(artifact, call);
    if (outcome.event === 'done') return { finished: call, providerJobId: null };
    if (outcome.event === 'submitted') {
      await this.accepted(artifact, call, outcome.providerJobId);
      return { finished: null, providerJobId: outcome.providerJobId };
    }
    const age = Date.now() - call.createdAt.getTime();
    if (outcome.event === 'calling' && age < CALL_ENDS_WITHIN_MS) throw underWay(Math.min(LOOK_AGAIN_MS, CALL_ENDS_WITHIN_MS - age));
    const failure = await this.settle(artifact, call, outcome);
    // It was paid for and came to nothing, or nobody knows: that is the item's failure, not this worker's.
    if (failure && failure.billed !== 'no') throw failure;
    return nothing;
  }

  /** Makes a paid call, or takes what a recovered one has made. */
  async make<N extends ScriptName>(
    payer: Payer,
    finished: VideoCostRow | null,
    name: N,
    args: Omit<ScriptArguments<N>, 'out'>,
    price: Price<N>,
  ): Promise<MadeCall<N>> {
    const call = finished ?? (await this.intend(payer, price));
    const { product, journal } = this.files.call(payer.artifact, call.id);
    if (!finished) {
      await mkdir(dirname(product), { recursive: true });
      reached('intent_recorded');
      const callback = this.callbackOf(call);
      const onSubmitted = (jobId: string) => this.accepted(payer.artifact, call, jobId);
      await this.scripts
        .run(name, { ...args, ...(callback && { callback }), out: product } as ScriptArguments<N>, {
          ...payer.options,
          journal,
          onSubmitted,
        })
        .catch((error: unknown) => this.broken(payer.artifact, call, Failure.from(error)));
    }
    reached('product_made');
    const outcome = await this.outcome(payer.artifact, call);
    if (outcome.event !== 'done') throw new Error(`The journal of call ${call.id} ends with ${outcome.event}, though its script succeeded`);
    await place(product, payer.out);
    const result = resultOf(name, outcome.result);
    return { result, callId: call.id, amountUsd: price.exactly?.(result) ?? call.amountUsd };
  }

  /** Records, in the commit of its item, that a call was billed; returns what the item has to be charged with (USD): nothing when that is done already. */
  async settled(tx: Database, { callId, amountUsd }: Pick<MadeCall<ScriptName>, 'callId' | 'amountUsd'>): Promise<number> {
    return (await tx.costs.settle(callId, { state: 'billed', amountUsd })) ? amountUsd : 0;
  }

  private async intend({ artifact, lease }: Payer, { provider, operation, amountUsd, simulated }: Price<never>): Promise<VideoCostRow> {
    const { channelId, taskId, id: artifactId } = artifact;
    const call = { channelId, taskId, artifactId, provider, operation, amountUsd, simulated };
    const intended = await this.database.costs.intend(call, lease.token);
    if (intended) return intended;
    lease.lose();
    throw transient({
      code: 'LEASE_LOST',
      message: 'The lease was lost before a paid call',
      userMessage: 'The item goes on by itself.',
    });
  }

  /** A provider has accepted a job: whoever learns it first records it, and the item has the job from then on. */
  private async accepted(artifact: ArtifactRow, call: VideoCostRow, providerJobId: string): Promise<void> {
    reached('job_known');
    await recordJob(this.database, call, providerJobId);
    artifact.providerJobId = providerJobId;
    reached('job_stored');
  }

  /** What to make of a script that failed; returns only when it had done its work all the same. */
  private async broken(artifact: ArtifactRow, call: VideoCostRow, failure: Failure): Promise<void> {
    const outcome = await this.outcome(artifact, call);
    if (outcome.event === 'done') return;
    if (outcome.event === 'submitted') {
      if (artifact.providerJobId !== outcome.providerJobId) await this.accepted(artifact, call, outcome.providerJobId);
      throw failure;
    }
    throw (await this.settle(artifact, call, outcome)) ?? failure;
  }

  /** Settles a call that brought nothing; returns the failure that follows from it, null when the provider was not even asked. */
  private async settle(artifact: ArtifactRow, call: VideoCostRow, outcome: Outcome): Promise<Failure | null> {
    if (outcome.event === 'failed' && outcome.failure.billed !== 'unknown') {
      const { failure } = outcome;
      const billed = failure.billed === 'yes';
      await this.database.transaction(async (tx) => {
        const settled = await tx.costs.settle(call.id, { state: billed ? 'billed' : 'not_billed', note: failure.message });
        if (settled && billed) await tx.artifacts.charge(artifact.id, call.amountUsd);
      });
      return failure;
    }
    if (outcome.event === 'void') {
      await this.database.costs.settle(call.id, { state: 'not_billed', note: 'The provider was never asked.' });
      return null;
    }
    return this.lost(artifact, call, outcome.event === 'failed' ? outcome.failure.message : 'its script was ended in the middle');
  }

  /**
   * A call whose answer was lost. It is looked for as far as the provider lets itself be asked; then it is reported, and made again only where it was
   * looked for in vain or costs little.
   */
  private async lost(artifact: ArtifactRow, call: VideoCostRow, why: string): Promise<Failure> {
    const sought = this.callbackOf(call) !== null;
    const waitedMs = Date.now() - call.createdAt.getTime();
    const toWaitMs = this.settings.KIE_CALLBACK_WAIT_SECONDS * 1_000 - waitedMs;
    if (sought && toWaitMs > 0) return notAnswered(toWaitMs);
    const again = sought || call.amountUsd <= this.settings.REPEAT_LOST_CALLS_UP_TO_USD;
    const what = `${call.provider} ${call.operation}, USD ${call.amountUsd.toFixed(3)}`;
    await this.database.transaction(async (tx) => {
      if (!(await tx.costs.settle(call.id, { state: 'lost', note: why }))) return;
      await tx.artifacts.charge(artifact.id, call.amountUsd);
      await tx.alerts.notice({
        kind: 'paid_call_lost',
        key: `paid_call_lost:${call.id}`,
        channelId: call.channelId,
        taskId: call.taskId,
        title: `The answer to a paid call was lost (${what})`,
        text: `${why}. ${again ? 'It is made again.' : 'It is not made again by itself; the task says what to do.'} Call ${call.id}, item ${artifact.id}.`,
      });
    });
    const about = { code: 'PAID_CALL_LOST', message: `${what}: ${why}`, billed: 'unknown' } as const;
    return again
      ? transient({ ...about, userMessage: `The answer to a paid call (${what}) was lost. It is made again by itself.` })
      : permanent({
          ...about,
          userMessage: `The answer to a paid call (${what}) was lost; it may have been billed. Look in the provider's log, then retry the task: a retry is billed again.`,
        });
  }

  /** Where KIE says that a job is over, and so that there is one; null where nobody can be told. */
  private callbackOf({ id, provider }: VideoCostRow): string | null {
    const { PUBLIC_URL } = this.settings;
    return PUBLIC_URL && provider === 'kie' ? `${PUBLIC_URL}/webhook/kie/${id}` : null;
  }

  private async outcome(artifact: ArtifactRow, call: VideoCostRow): Promise<Outcome> {
    return readOutcome(this.files.call(artifact, call.id).journal);
  }
}

/** Records that a provider has accepted a call's job, and gives it to the item. Also for calls that were taken for lost. */
export async function recordJob(database: Database, call: VideoCostRow, providerJobId: string): Promise<void> {
  await database.transaction(async (tx) => {
    const before = await tx.costs.find(call.id);
    if (!(await tx.costs.settle(call.id, { state: 'billed', providerJobId }))) return;
    await tx.artifacts.adopt(call.artifactId, providerJobId);
    // What was taken for lost is in the item's cost already.
    if (before?.state === 'intended') await tx.artifacts.charge(call.artifactId, call.amountUsd);
  });
}

/** The product stays where it is until the commit, under a second name. */
async function place(product: string, out: string): Promise<void> {
  await link(product, out).catch(() => copyFile(product, out));
}

function underWay(retryAfterMs: number): Failure {
  return waiting({
    code: 'CALL_UNDER_WAY',
    message: 'A paid call of an earlier worker may still be under way',
    userMessage: 'A call that was begun before is still under way; it is waited for.',
    retryAfterMs,
  });
}

function notAnswered(retryAfterMs: number): Failure {
  return waiting({
    code: 'CALL_SOUGHT',
    message: 'The answer to a submission was lost; its callback is waited for',
    userMessage: "The provider's answer was lost. If the job is running, its callback will say so; until then nothing is submitted again.",
    billed: 'unknown',
    retryAfterMs,
  });
}
