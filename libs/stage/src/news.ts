import { required, settings, type Settings } from '#config';
import { parse } from '#pipeline';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { IsInt, IsUUID } from 'class-validator';
import { Redis } from 'ioredis';

/** What stands as queue in the outbox rows that are no jobs, but told to whoever listens. */
export const NEWS = 'news';

/** A task has changed in a way that people can see; what it is now, Postgres knows. */
export class TaskNews {
  @IsUUID()
  task_id: string;

  @IsUUID()
  channel_id: string;

  /** The task's version; an item that was finished changes nothing about it. */
  @IsInt()
  version: number;
}

export interface NewsListener {
  heard(news: TaskNews): void;
  /** From now on everything is heard. What was told before, or while Redis was away, was not. */
  listening(): void;
}

/** A Redis that takes longer loses the news (ms): nothing waits for them. */
const PATIENCE_MS = 2_000;

/** Tells all processes of tasks that have changed. Only live updates depend on it; whoever must not miss anything reads the record. */
@Injectable()
export class News implements OnApplicationShutdown {
  private readonly logger = new Logger(News.name);
  private publisher: Redis | null = null;
  private subscriber: Redis | null = null;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  /** Tells each task once, with its newest version. What Redis does not take is lost. */
  async tell(news: readonly TaskNews[]): Promise<void> {
    const newest = new Map<string, TaskNews>();
    for (const one of news) if (one.version >= (newest.get(one.task_id)?.version ?? 0)) newest.set(one.task_id, one);
    this.publisher ??= this.connect({ maxRetriesPerRequest: 1, commandTimeout: PATIENCE_MS });
    const pipeline = this.publisher.pipeline();
    for (const one of newest.values()) pipeline.publish(this.channel, JSON.stringify(one));
    await pipeline.exec().catch((error: unknown) => {
      this.logger.debug({ event: 'news_lost', tasks: newest.size, error: String(error) });
    });
  }

  /** Listens until the process ends, over every loss of Redis; one listener a process. */
  listen(listener: NewsListener): void {
    if (this.subscriber) throw new Error('There is a listener already');
    const subscriber = (this.subscriber = this.connect({ maxRetriesPerRequest: null, autoResubscribe: false }));
    subscriber.on('message', (_channel, message: string) => {
      const news = read(message);
      if (news) listener.heard(news);
    });
    subscriber.on('ready', () => {
      // One that is cut off meanwhile is made again at the next connection.
      subscriber.subscribe(this.channel).then(
        () => listener.listening(),
        () => undefined,
      );
    });
  }

  onApplicationShutdown(): void {
    this.publisher?.disconnect();
    this.subscriber?.disconnect();
  }

  private connect(options: { maxRetriesPerRequest: number | null; commandTimeout?: number; autoResubscribe?: boolean }): Redis {
    const redis = new Redis(required(this.settings, 'REDIS_URL'), { ...options, connectionName: `${this.settings.QUEUE_PREFIX}:news` });
    // The queues speak of a Redis that is away.
    redis.on('error', () => undefined);
    return redis;
  }

  private get channel(): string {
    return `${this.settings.QUEUE_PREFIX}:news:tasks`;
  }
}

/** What is on the channel may be of another release. */
function read(message: string): TaskNews | null {
  try {
    const parsed = parse(TaskNews, JSON.parse(message));
    return parsed.ok ? parsed.value : null;
  } catch {
    return null;
  }
}
