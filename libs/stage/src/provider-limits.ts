import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { required, settings, type Settings } from '#config';
import { waiting, type TurnName } from '#pipeline';
import { atOnce, type ProviderName } from '#providers/registry';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';

/** A request that Redis does not answer by then is given up (ms): what waits here holds a worker. */
const PATIENCE_MS = 2_000;
/** A place that nobody renews is free after that time (ms): its process was killed. */
const PLACE_MS = 15_000;
const RENEW_MS = 5_000;
/** How long a worker waits for a place before it takes up something else, and how often it looks (ms). */
const WAIT_MS = 10_000;
const LOOK_MS = 250;
/** What a provider says of its limits is believed for that long (ms): plans change. */
const BELIEVED_MS = 3_600_000;

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

/** KEYS: places, what the provider said. ARGV: who, limit (0: none), time to live (ms). 1: has a place; 0: all are taken. */
const TAKE_PLACE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit = tonumber(ARGV[2])
local said = tonumber(redis.call('GET', KEYS[2]) or '0')
if said > 0 and (limit == 0 or said < limit) then limit = said end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and limit > 0 and redis.call('ZCARD', KEYS[1]) >= limit then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2)
return 1`;

/** What all processes share in front of a provider: places for so many requests at once, turns for so many in a time, and news of its jobs. */
@Injectable()
export class ProviderLimits implements OnApplicationShutdown {
  private readonly logger = new Logger(ProviderLimits.name);
  private readonly news = new EventEmitter();
  private client: Redis | null = null;
  private subscriber: Redis | null = null;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  /**
   * Does some work while holding one of the provider's places.
   * @param who the item; it holds one place however often it asks
   * @throws Failure `waiting` PROVIDER_FULL when none came free in time
   */
  async holding<T>(provider: ProviderName, who: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const take = () => this.takePlace(provider, who);
    const until = Date.now() + WAIT_MS;
    while (!(await take())) {
      if (Date.now() > until) throw full(provider);
      await sleep(LOOK_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => {
        throw full(provider);
      });
    }
    const renewing = setInterval(() => {
      take().catch(() => undefined);
    }, RENEW_MS);
    try {
      return await work();
    } finally {
      clearInterval(renewing);
      await this.redis.zrem(this.key(`places:${provider}`), who).catch(() => undefined);
    }
  }

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

  /** Remembers how many requests a provider says it takes at once; the smaller of that and the setting counts. */
  async learn(provider: ProviderName, count: number): Promise<void> {
    await this.redis.set(this.key(`said:${provider}`), count, 'PX', BELIEVED_MS).catch(() => undefined);
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

  private async takePlace(provider: ProviderName, who: string): Promise<boolean> {
    const keys = [this.key(`places:${provider}`), this.key(`said:${provider}`)];
    const taken = await this.redis.eval(TAKE_PLACE, 2, ...keys, who, atOnce(provider, this.settings), PLACE_MS).catch((error: unknown) => {
      this.logger.warn({ event: 'provider_limits_away', error: String(error) });
      return 0;
    });
    return taken === 1;
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

function full(provider: ProviderName) {
  return waiting({
    code: 'PROVIDER_FULL',
    message: `All places at ${provider} are taken`,
    userMessage: 'The provider is working on as much as it may at a time; the item waits for its turn.',
    retryAfterMs: 2_000 + Math.random() * 2_000,
  });
}
