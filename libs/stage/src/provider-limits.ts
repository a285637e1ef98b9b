import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { required, settings, type Settings } from '#config';
import type { TurnName } from '#pipeline';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';

/** A request that Redis does not answer by then is given up (ms): what waits here holds a worker. */
const PATIENCE_MS = 2_000;

/** Requests that are spaced over all processes. */
export type PacedRequest = TurnName | 'notion_request';

/** KEYS: the moment of the next turn, the mark of those who have one already and look before they use it. ARGV: how long nobody may (ms). */
const HOLD_TURNS = `
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
if at > tonumber(redis.call('GET', KEYS[1]) or '0') then redis.call('SET', KEYS[1], at, 'PX', ARGV[1] + 1000) end
if at > tonumber(redis.call('GET', KEYS[2]) or '0') then redis.call('SET', KEYS[2], at, 'PX', ARGV[1]) end
return 0`;

/** KEYS: the moment of the next turn. ARGV: spacing (ms). Takes the next turn and returns how long it is until then (ms). */
const TAKE_TURN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], at + ARGV[1], 'PX', at + ARGV[1] - now + 1000)
return at - now`;

/** What all processes share in front of a provider, besides its places: turns for so many requests in a time, and news of its jobs. */
@Injectable()
export class ProviderLimits implements OnApplicationShutdown {
  private readonly logger = new Logger(ProviderLimits.name);
  private readonly news = new EventEmitter();
  private client: Redis | null = null;
  private subscriber: Redis | null = null;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  /** Waits for the next turn of that kind. Without Redis each process keeps the pace by itself. */
  async turn(of: PacedRequest): Promise<void> {
    const spacingMs = {
      clip_submit: this.settings.CLIP_SUBMIT_SPACING_MS,
      clip_ask: this.settings.CLIP_ASK_SPACING_MS,
      notion_request: this.settings.NOTION_REQUEST_SPACING_MS,
    }[of];
    let held = true;
    while (held) {
      if (spacingMs > 0) {
        const waitMs = await this.redis.eval(TAKE_TURN, 1, this.key(`turn:${of}`), spacingMs).catch(() => spacingMs);
        if (Number(waitMs) > 0) await sleep(Number(waitMs));
      }
      const heldMs = await this.redis.pttl(this.key(`held:${of}`)).catch(() => 0);
      held = heldMs > 0;
      if (held) await sleep(heldMs);
    }
  }

  /** Lets nobody have a turn of that kind for that long (ms): its provider has said so. */
  async hold(of: PacedRequest, ms: number): Promise<void> {
    await this.redis.eval(HOLD_TURNS, 2, this.key(`turn:${of}`), this.key(`held:${of}`), Math.ceil(ms)).catch(() => undefined);
  }

  /** Tells every process that a provider's job is worth a look. Nothing depends on it: jobs are asked after anyway. */
  async tell(providerJobId: string): Promise<void> {
    await this.redis.publish(this.key('news'), providerJobId).catch((error: unknown) => {
      this.logger.debug({ event: 'job_news_lost', provider_job_id: providerJobId, error: String(error) });
    });
  }

  /** Calls `look` whenever there is news of a job; returns what ends that. */
  listen(providerJobId: string, look: () => void): () => void {
    this.subscribe();
    this.news.on(providerJobId, look);
    return () => this.news.off(providerJobId, look);
  }

  onApplicationShutdown(): void {
    this.client?.disconnect();
    this.subscriber?.disconnect();
  }

  private subscribe(): void {
    if (this.subscriber) return;
    this.subscriber = this.connect({ maxRetriesPerRequest: null });
    this.subscriber.on('message', (_channel, jobId: string) => this.news.emit(jobId));
    this.subscriber.subscribe(this.key('news')).catch(() => undefined);
    this.news.setMaxListeners(0);
  }

  private get redis(): Redis {
    return (this.client ??= this.connect({ maxRetriesPerRequest: 1, commandTimeout: PATIENCE_MS }));
  }

  private connect(options: { maxRetriesPerRequest: number | null; commandTimeout?: number }): Redis {
    const redis = new Redis(required(this.settings, 'REDIS_URL'), options);
    // The queues speak of a Redis that is away.
    redis.on('error', () => undefined);
    return redis;
  }

  private key(name: string): string {
    return `${this.settings.QUEUE_PREFIX}:limits:${name}`;
  }
}
