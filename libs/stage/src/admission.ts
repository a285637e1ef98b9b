import { settings, type Settings } from '#config';
import { Database } from '#database';
import { Inject, Injectable } from '@nestjs/common';
import { OutboxRelay } from './outbox-relay.js';
import { admit } from './step-flow.js';

/**
 * Lets queued tasks into work: the most urgent first, the channels in turn, at most TASKS_IN_WORK at once and of each channel what its file allows. A channel that has
 * nothing in work gets one in any case.
 */
@Injectable()
export class Admission {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Admits as many as fit; returns how many. Another process that is at it already makes this a no-op. */
  async run(): Promise<number> {
    const admitted = await this.database.transaction(async (tx) => {
      if (!(await tx.tryLock('admission'))) return 0;
      const tasks = await tx.tasks.nextQueued(this.settings.TASKS_IN_WORK);
      for (const task of tasks) await admit(tx, task);
      return tasks.length;
    });
    if (admitted > 0) this.relay.wake();
    return admitted;
  }
}
