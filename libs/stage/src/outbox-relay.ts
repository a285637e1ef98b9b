import { setTimeout as sleep } from 'node:timers/promises';
import { Database, type OutboxRow, type OutgoingJob } from '#database';
import { DEAD_LETTER_QUEUE, HOUSEKEEPING_QUEUE, NOTION_QUEUE, STAGES, STAGE_NAMES, reached, type StepName } from '#pipeline';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { Dispatcher, type MovedTicket } from './dispatcher.js';
import { NEWS, News, type TaskNews } from './news.js';
import { placeInQueue } from './tickets.js';

/** Every queue of the product. */
export const QUEUES: readonly string[] = [
  ...STAGE_NAMES.map((stage) => STAGES[stage].queue),
  NOTION_QUEUE,
  HOUSEKEEPING_QUEUE,
  DEAD_LETTER_QUEUE,
];

/** Jobs that are handed to BullMQ at a time. */
const BATCH = 500;

/** Jobs that wait in the queue of Notion at most: a minute's work, so that it is never empty before the next sweep. */
const NOTION_WINDOW = 150;

/** Rounds begin no more often (ms), so that many commits share one. */
const ROUND_EVERY_MS = 10;

/** The longest time for which a relay sets itself a clock (ms); beyond it the sweep is enough. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Takes jobs from the outbox, and the tickets of items that may begin, to their queues. A job may be handed over twice (a crash between the two writes); its id is
 * the same, and a ticket that comes twice finds nothing to do. None is lost: its row goes only after BullMQ has it, and a ticket that nobody takes up is taken back.
 */
@Injectable()
export class OutboxRelay implements OnApplicationShutdown {
  private readonly logger = new Logger(OutboxRelay.name);
  private running: Promise<number> | null = null;
  private again = false;
  private beganAt = -Infinity;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly modules: ModuleRef,
    private readonly news: News,
    private readonly dispatcher: Dispatcher,
  ) {}

  /** Relays soon, in the background: for whoever has just committed. What fails now is left to the sweep. */
  wake(): void {
    this.flush().catch((error: unknown) => {
      this.logger.warn({ event: 'outbox_relay_failed', error: error instanceof Error ? error.message : String(error) });
    });
  }

  /** What the fast paths have missed: takes back what is lost or was left lying, then relays. Returns how many jobs that were. */
  async sweep(): Promise<number> {
    await this.dispatcher.recall();
    return this.flush();
  }

  /** Gives the tickets of a task that wait in their queues the places that its priority asks for now; soon, in the background. */
  reprioritize(taskId: string): void {
    this.dispatcher
      .placesOf(taskId)
      .then((tickets) => this.move(tickets))
      .catch((error: unknown) => {
        this.logger.warn({ event: 'tickets_not_moved', task_id: taskId, error: String(error) });
      });
  }

  /** A ticket of that step was taken up: where only workers count, the next one may be brought. */
  takenUp(step: StepName): void {
    if (this.dispatcher.laneOf(step).atOnce === null) this.wake();
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
      // Whoever wakes it meanwhile is served together: under load a round is for many items, and without it nobody waits.
      const restMs = this.beganAt + ROUND_EVERY_MS - performance.now();
      if (restMs > 0) await sleep(restMs);
      this.beganAt = performance.now();
      this.again = false;
      // Beside each other: a place at a provider is empty until its next ticket is there.
      const [jobs, tickets] = await Promise.all([this.relay(), this.dispatch()]);
      this.again ||= jobs >= BATCH;
      relayed += jobs + tickets;
    }
    return relayed;
  }

  /** Takes jobs from the outbox; returns how many. */
  private async relay(): Promise<number> {
    const jobs = [...(await this.database.outbox.due(BATCH)), ...(await this.patient())];
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
    return jobs.length;
  }

  /** What waits for room in the queue of Notion, as far as there is any. */
  private async patient(): Promise<OutboxRow[]> {
    const jobs = await this.database.outbox.patient(NOTION_WINDOW);
    if (jobs.length === 0) return [];
    return jobs.slice(0, Math.max(0, NOTION_WINDOW - (await this.queue(NOTION_QUEUE).getJobCountByTypes('prioritized', 'wait'))));
  }

  private async dispatch(): Promise<number> {
    const { tickets, moved, againInMs } = await this.dispatcher.round();
    for (const [name, group] of Map.groupBy(tickets, (ticket) => ticket.queue)) {
      await this.queue(name).addBulk(group.map(bullJob));
      reached('tickets_relayed');
    }
    await this.move(moved);
    if (againInMs !== null) this.wakeIn(againInMs);
    return tickets.length;
  }

  /** A ticket that was taken up meanwhile, or lost, needs no place any more. */
  private async move(tickets: readonly MovedTicket[]): Promise<void> {
    for (const ticket of tickets) {
      const job = await this.queue(ticket.queue).getJob(ticket.jobId);
      await job?.changePriority({ priority: placeInQueue(ticket) }).catch((error: unknown) => {
        this.logger.debug({ event: 'ticket_not_moved', job_id: ticket.jobId, error: String(error) });
      });
    }
  }

  private wakeIn(ms: number): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.wake();
      },
      Math.min(ms, LONGEST_WAIT_MS),
    ).unref();
  }

  onApplicationShutdown(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private queue(name: string): Queue {
    return this.modules.get<Queue>(getQueueToken(name), { strict: false });
  }
}

function bullJob({ name, jobId, payload, priority }: OutgoingJob) {
  // History and retries are Postgres's: a finished job leaves nothing behind that could swallow a later one of its id.
  return { name, data: payload, opts: { jobId, priority, attempts: 1, removeOnComplete: true, removeOnFail: true } };
}
