import { lanesOf, settings, simulatedKinds, type Lane, type Settings } from '#config';
import { Database } from '#database';
import { GATES, type VideoWork } from '#pipeline';
import { Inject, Injectable } from '@nestjs/common';
import { OutboxRelay } from './outbox-relay.js';
import { NOT_BEGUN, RemainingWork } from './remaining-work.js';
import { admit } from './step-flow.js';

const MINUTE_MS = 60_000;

/**
 * Lets queued tasks into work: the most urgent first, the channels in turn, of each channel what its file allows, at most TASKS_IN_WORK at once and no more than the
 * busiest provider works off in WORK_AHEAD_MINUTES. A channel that has nothing in work gets one in any case. What is queued costs nothing but its row.
 */
@Injectable()
export class Admission {
  private readonly lanes: readonly Lane[];

  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.lanes = lanesOf(settings).filter(({ atOnce }) => atOnce !== null);
  }

  /** Admits as many as fit; returns how many. Another process that is at it already makes this a no-op. */
  async run(): Promise<number> {
    const admitted = await this.database.transaction(async (tx) => {
      if (!(await tx.tryLock('admission'))) return 0;
      const next = await tx.tasks.nextQueued(this.settings.TASKS_IN_WORK);
      // How much is in work is counted only where somebody has to wait for it.
      const fits = next.some(({ turn }) => turn > 1) ? await this.measure(tx) : () => true;
      const tasks = next.filter(({ task, turn }) => fits(task.channelId) || turn === 1);
      for (const { task } of tasks) await admit(tx, task);
      return tasks.length;
    });
    if (admitted > 0) this.relay.wake();
    return admitted;
  }

  /** Tells of one video after the other whether the providers have room for it, counting those before it. */
  private async measure(tx: Database): Promise<(channelId: string) => boolean> {
    const { begun } = await tx.forecasts.unpublished();
    const remaining = new RemainingWork(this.settings, await tx.forecasts.paces(simulatedKinds(this.settings)));
    const scenes = new Map((await tx.channels.all()).map(({ id, settings }) => [id, settings.scenes]));
    const minutes = this.lanes.map(() => 0);
    const add = (work: VideoWork) => {
      this.lanes.forEach(({ steps, atOnce }, index) => {
        const ms = steps.reduce((sum, step) => sum + (work[step]?.ms ?? 0), 0);
        minutes[index] = (minutes[index] ?? 0) + ms / (atOnce ?? 1) / MINUTE_MS;
      });
    };
    for (const video of begun) {
      // One that waits for a person may wait for days, and keeps nobody busy.
      const isBusy = video.status !== 'queued' && !GATES.some((gate) => gate === video.status);
      if (isBusy) add(remaining.of(video, scenes.get(video.channelId) ?? 0).work);
    }
    return (channelId) => {
      const fits = Math.max(...minutes) < this.settings.WORK_AHEAD_MINUTES;
      if (fits) add(remaining.of(NOT_BEGUN, scenes.get(channelId) ?? 0).work);
      return fits;
    };
  }
}
