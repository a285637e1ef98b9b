import { Database, type OutgoingJob } from '#database';
import { DEAD_LETTER_QUEUE, HOUSEKEEPING_QUEUE, NOTION_QUEUE, STAGES, STAGE_NAMES, reached } from '#pipeline';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { NEWS, News, type TaskNews } from './news.js';

/** Every queue of the product. */
export const QUEUES: readonly string[] = [
  ...STAGE_NAMES.map((stage) => STAGES[stage].queue),
  NOTION_QUEUE,
  HOUSEKEEPING_QUEUE,
  DEAD_LETTER_QUEUE,
];

/** Jobs that are handed to BullMQ at a time. */
const BATCH = 500;

/**
 * Takes jobs from the outbox to their queues. A job may be handed over twice (a crash between the two writes); its id is the same, and a
 * ticket that comes twice finds nothing to do. None is lost: its row goes only after BullMQ has it.
 */
@Injectable()
export class OutboxRelay {
  private readonly logger = new Logger(OutboxRelay.name);
  private running: Promise<number> | null = null;
  private again = false;

  constructor(
    private readonly database: Database,
    private readonly modules: ModuleRef,
    private readonly news: News,
  ) {}

  /** Relays soon, in the background: for whoever has just committed. What fails now is left to the sweep. */
  wake(): void {
    this.flush().catch((error: unknown) => {
      this.logger.warn({ event: 'outbox_relay_failed', error: error instanceof Error ? error.message : String(error) });
    });
  }

  /** Relays everything whose time has come; returns how many jobs that were. One flush at a time: a second call joins in. */
  async flush(): Promise<number> {
    this.again = true;
    this.running ??= this.drain().finally(() => (this.running = null));
    return this.running;
  }

  private async drain(): Promise<number> {
    let relayed = 0;
    while (this.again) {
      this.again = false;
      const jobs = await this.database.outbox.due(BATCH);
      const groups = Map.groupBy(jobs, (job) => job.queue);
      for (const [name, group] of groups) {
        if (name === NEWS) continue;
        await this.queue(name).addBulk(group.map(bullJob));
        reached('tickets_relayed');
        await this.database.outbox.remove(group);
      }
      const news = groups.get(NEWS) ?? [];
      // Their rows go first, and nobody waits for them: whatever becomes of news, they hold up no job.
      await this.database.outbox.remove(news);
      if (news.length > 0) void this.news.tell(news.map(({ payload }) => payload as TaskNews));
      relayed += jobs.length;
      this.again ||= jobs.length === BATCH;
    }
    return relayed;
  }

  private queue(name: string): Queue {
    return this.modules.get<Queue>(getQueueToken(name), { strict: false });
  }
}

function bullJob({ name, jobId, payload, priority }: OutgoingJob) {
  // History and retries are Postgres's: a finished job leaves nothing behind that could swallow a later one of its id.
  return { name, data: payload, opts: { jobId, priority, attempts: 1, removeOnComplete: true, removeOnFail: true } };
}
