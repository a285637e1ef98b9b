import { setTimeout as sleep } from 'node:timers/promises';
import { Database, type LiveFilter, type TaskProgress } from '#database';
import { News, type NewsListener, type TaskNews } from '#stage';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { withoutNulls } from '../http/envelope.js';
import { updateOf } from '../tasks/task-view.js';
import type { EventStream } from './event-stream.js';

/** A task that changes all the time is read and told no more often (ms). */
const SPACING_MS = 1_000;
/** What is told again on coming back (ms): changes are dated when their transaction begins and seen when it ends. */
const OVERLAP_MS = 10_000;
/** Tasks that are read at once for a client that was away. */
const PAGE = 100;

interface Client {
  readonly stream: EventStream;
  readonly filter: LiveFilter;
  /** Everything before has been told. */
  toldUntil: Date;
  /** What has changed while the client is told what it has missed; null: it has missed nothing. */
  held: Map<string, TaskProgress> | null;
}

/**
 * Tells clients of every task that changes, in whatever process: a change is heard from Redis and read from Postgres, once for all clients of this gateway.
 * What was not heard, because a client or Redis was away, is read when it is back.
 */
@Injectable()
export class TaskFeed implements NewsListener, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TaskFeed.name);
  private readonly clients = new Set<Client>();
  /** Tasks that were told a moment ago, and those among them that have changed since. */
  private readonly told = new Set<string>();
  private readonly changed = new Set<string>();
  private closing = false;

  constructor(
    private readonly database: Database,
    private readonly news: News,
  ) {}

  onApplicationBootstrap(): void {
    this.news.listen(this);
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
    for (const { stream } of this.clients) stream.end();
  }

  /**
   * Tells a client of changes until it goes, first of those that it has missed.
   * @param since when it was last told anything
   */
  async follow(stream: EventStream, filter: LiveFilter, since: Date): Promise<void> {
    const client: Client = { stream, filter, toldUntil: since, held: null };
    stream.begin(since.toISOString());
    if (this.closing) stream.end();
    this.clients.add(client);
    stream.onceClosed(() => this.clients.delete(client));
    await this.catchUp(client);
  }

  heard({ task_id, channel_id }: TaskNews): void {
    if (![...this.clients].some(({ filter }) => wants(filter, task_id, channel_id))) return;
    if (this.told.has(task_id)) this.changed.add(task_id);
    else void this.show(task_id);
  }

  listening(): void {
    for (const client of this.clients) void this.catchUp(client);
  }

  /** Tells of a task now, and once more each second for as long as it has changed meanwhile. */
  private async show(taskId: string): Promise<void> {
    this.told.add(taskId);
    do {
      try {
        const found = await this.database.live.find(taskId);
        for (const client of this.clients) if (found && wants(client.filter, taskId, found.task.channelId)) tell(client, found);
      } catch (error) {
        this.logger.warn({ event: 'live_read_failed', task_id: taskId, error: String(error) });
        this.changed.add(taskId);
      }
      await sleep(SPACING_MS, undefined, { ref: false });
    } while (this.changed.delete(taskId) && this.clients.size > 0);
    this.told.delete(taskId);
  }

  /** Tells a client what has changed since it was last told anything; what changes meanwhile comes after. */
  private async catchUp(client: Client): Promise<void> {
    const held = (client.held = new Map<string, TaskProgress>());
    try {
      for await (const missed of this.missed(client)) {
        // Another loss of Redis has begun this anew.
        if (client.held !== held || !client.stream.open) return;
        const newer = held.get(missed.task.id);
        if (newer && newer.task.updatedAt > missed.task.updatedAt) continue;
        held.delete(missed.task.id);
        send(client, missed);
        await client.stream.read();
      }
      if (client.held !== held) return;
      client.held = null;
      for (const progress of held.values()) send(client, progress);
    } catch (error) {
      this.logger.warn({ event: 'live_catch_up_failed', error: String(error) });
      client.stream.end();
    }
  }

  private async *missed({ filter, toldUntil }: Client): AsyncGenerator<TaskProgress> {
    let from: Parameters<Database['live']['changed']>[0] | null = new Date(toldUntil.getTime() - OVERLAP_MS);
    while (from) {
      const page: Awaited<ReturnType<Database['live']['changed']>> = await this.database.live.changed(from, filter, PAGE);
      yield* page.tasks;
      from = page.next;
    }
  }
}

function wants(filter: LiveFilter, taskId: string, channelId: string): boolean {
  return (filter.taskId ?? taskId) === taskId && (filter.channelId ?? channelId) === channelId;
}

function tell(client: Client, progress: TaskProgress): void {
  if (client.held) client.held.set(progress.task.id, progress);
  else send(client, progress);
}

function send(client: Client, progress: TaskProgress): void {
  const { task } = progress;
  if (task.updatedAt > client.toldUntil) client.toldUntil = task.updatedAt;
  client.stream.send('task', client.toldUntil.toISOString(), withoutNulls(updateOf(progress)));
}
