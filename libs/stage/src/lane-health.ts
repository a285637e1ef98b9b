import { Database } from '#database';
import type { Failure, StepName } from '#pipeline';
import { Injectable, Logger } from '@nestjs/common';
import { Dispatcher } from './dispatcher.js';
import { announceProgress } from './tickets.js';

/** So many calls in a row that failed at a provider are its fault, not theirs. */
const FAULTS = 5;
/** How long nothing is begun at a provider that fails, doubled each time that it fails again (ms). */
const FIRST_HOLD_MS = 30_000;
const LONGEST_HOLD_MS = 600_000;
/** How long nothing is begun at a provider that was asked for too much and does not say for how long (ms). */
const RATE_HOLD_MS = 5_000;
/** A quota of which nobody knows when it ends is tried again after this time (ms). */
const QUOTA_HOLD_MS = 3_600_000;

const failing = (lane: string) => `provider_failing:${lane}`;

/** Learns from calls how much a provider takes now, and begins no more: what waits for it costs no try, no worker and no alert of its own. */
@Injectable()
export class LaneHealth {
  private readonly logger = new Logger(LaneHealth.name);

  constructor(
    private readonly database: Database,
    private readonly dispatcher: Dispatcher,
  ) {}

  /** A provider says how many requests it takes at once. */
  async said(step: StepName, count: number): Promise<void> {
    await this.database.dispatch.said(this.dispatcher.laneOf(step).name, count);
  }

  /** An item was made by its provider. */
  async succeeded(step: StepName): Promise<void> {
    const lane = this.dispatcher.laneOf(step);
    if (!lane.provider || !this.dispatcher.isRecovering(lane)) return;
    if (!(await this.database.dispatch.success(lane.name, lane.atOnce ?? Number.MAX_SAFE_INTEGER))) return;
    await this.database.alerts.resolve(failing(lane.name));
  }

  /** An item was not made. */
  async failed(step: StepName, failure: Failure): Promise<void> {
    const { name, provider, steps } = this.dispatcher.laneOf(step);
    const { dispatch, alerts } = this.database;
    // Codes begin with their provider's name; what else fails is not its fault.
    if (!provider || !failure.code.startsWith(`${provider.toUpperCase()}_`)) return;
    if (failure.kind === 'quota') {
      const ms = failure.retryAfterMs ?? QUOTA_HOLD_MS;
      await this.database.transaction(async (tx) => {
        const waiting = await tx.dispatch.holdStep(name, step, ms, { code: failure.code, message: failure.userMessage });
        for (const taskId of waiting) await announceProgress(tx, taskId);
      });
      this.logger.warn({ event: 'lane_step_held', lane: name, step, code: failure.code, for_ms: ms });
    } else if (failure.rateLimited) {
      const ms = failure.retryAfterMs ?? RATE_HOLD_MS;
      await dispatch.slow(name, steps, ms);
      this.logger.warn({ event: 'lane_slowed', lane: name, code: failure.code, for_ms: ms });
    } else if (failure.kind === 'transient') {
      const faults = await dispatch.fault(name);
      if (faults === null || faults < FAULTS) return;
      const ms = Math.min(FIRST_HOLD_MS * 2 ** (faults - FAULTS), LONGEST_HOLD_MS);
      await dispatch.hold(name, ms, 1);
      this.logger.error({ event: 'lane_held', lane: name, code: failure.code, faults, for_ms: ms });
      await alerts.raise({
        kind: 'provider_failing',
        key: failing(name),
        title: `${name} fails`,
        text: `${FAULTS} calls in a row have failed, the last with ${failure.code}. Nothing is begun there until it answers again; it is tried every few minutes, and what waits goes on by itself.`,
      });
    }
  }
}
