import { lanesOf, settings, simulatedKinds, type Settings } from '#config';
import { Database, type ChannelRow, type TaskRow } from '#database';
import { IN_WORK, QueueForecast, STAGES, stepInfo, type LaneForecast, type LanePlaces, type Priority, type VideosInLine } from '#pipeline';
import { perMinute } from '#providers/registry';
import { NOT_BEGUN, RemainingWork } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** However many ask, what is left is counted no more often (ms). */
const COUNTED_FOR_MS = 5_000;

/** What some videos still cost (USD), and when they are done; null: nothing is to be done, or it is held. */
export interface Outlook {
  readonly usd: number;
  readonly finishesAt: Date | null;
}

/** What a channel has queued and in work. */
interface ChannelOutlook extends Outlook {
  readonly channelId: string;
  readonly tasks: number;
}

/** Everything that is queued and in work, at one moment. */
export interface Forecast extends Outlook {
  readonly measuredAt: Date;
  readonly tasks: number;
  /** Those that have something queued or in work. */
  readonly channels: readonly ChannelOutlook[];
  readonly lanes: readonly LaneForecast[];
}

/** What has been counted, for forecasts of single videos. */
interface Counted {
  readonly forecast: Forecast;
  readonly queue: QueueForecast;
  readonly remaining: RemainingWork;
  readonly channels: ReadonlyMap<string, ChannelRow>;
  /** Ids of the videos in work, line by line. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

/** Says what everything that is queued or in work will still cost, and when machines will be done with it. */
@Injectable()
export class Forecasts {
  private counted: { readonly at: number; readonly what: Promise<Counted> } | null = null;

  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  async whole(): Promise<Forecast> {
    return (await this.count()).forecast;
  }

  /** What is to be expected of one video; null when it is published, a draft, or stopped. */
  async of({ id, channelId, priority, status }: TaskRow): Promise<Outlook | null> {
    if (status !== 'queued' && !IN_WORK.includes(status)) return null;
    const [{ forecast, queue, remaining, channels, lines }, video, earlier] = await Promise.all([
      this.count(),
      this.database.forecasts.video(id),
      status === 'queued' ? this.database.forecasts.queuedBefore(id) : 0,
    ]);
    const channel = channels.get(channelId);
    const { work, usd } = remaining.of(video, scenesOf(channel));
    if (isHeld(channel, status === 'queued')) return { usd, finishesAt: null };
    const inWork = lines.get(lineOf(channelId, priority)) ?? [];
    const found = inWork.indexOf(id);
    // One that was admitted since is the last of those in work.
    const place = found >= 0 ? found + 1 : inWork.length + earlier + 1;
    return { usd, finishesAt: after(forecast.measuredAt, queue.videoFinishMs({ channelId, priority, place, work })) };
  }

  private async count(): Promise<Counted> {
    if (!this.counted || Date.now() - this.counted.at > COUNTED_FOR_MS) {
      const counted = { at: Date.now(), what: this.measure() };
      this.counted = counted;
      counted.what.catch(() => (this.counted = null));
    }
    return this.counted.what;
  }

  /** One question after the other: whoever else needs a connection should not have to wait. */
  private async measure(): Promise<Counted> {
    const measuredAt = new Date();
    const all = await this.database.channels.all();
    const { queued, begun } = await this.database.forecasts.unpublished();
    const remaining = new RemainingWork(this.settings, await this.database.forecasts.paces(simulatedKinds(this.settings)));
    const channels = new Map(all.map((channel) => [channel.id, channel]));
    const videos = [
      ...begun.map((video) => ({ ...video, count: 1, isQueued: video.status === 'queued' })),
      ...queued.map((some) => ({ ...some, ...NOT_BEGUN, isQueued: true })),
    ].map((some) => ({ ...some, ...remaining.of(some, scenesOf(channels.get(some.channelId))) }));
    const moving: VideosInLine[] = videos.filter(({ channelId, isQueued }) => !isHeld(channels.get(channelId), isQueued));
    const queue = new QueueForecast(placesOf(this.settings, all, await this.database.forecasts.saidPlaces()), moving);
    const outlook = (some: typeof videos, finishMs: number | null) => ({
      tasks: some.reduce((sum, { count }) => sum + count, 0),
      usd: some.reduce((sum, { usd, count }) => sum + count * usd, 0),
      finishesAt: finishMs === null ? null : after(measuredAt, finishMs),
    });
    return {
      forecast: {
        measuredAt,
        ...outlook(videos, queue.finishMs()),
        channels: all.flatMap(({ id: channelId }) => {
          const own = videos.filter((some) => some.channelId === channelId);
          return own.length === 0 ? [] : [{ channelId, ...outlook(own, queue.channelFinishMs(channelId)) }];
        }),
        lanes: queue.laneForecasts(),
      },
      queue,
      remaining,
      channels,
      lines: linesOf(begun.filter(({ status }) => status !== 'queued')),
    };
  }
}

/**
 * Lanes that nobody limits have as many places as one process of each of their stages takes.
 * @param said how many at once providers say they take; the smaller of that and the setting counts
 */
function placesOf(settings: Settings, channels: readonly ChannelRow[], said: ReadonlyMap<string, number>): LanePlaces[] {
  return lanesOf(settings).map(({ name, provider, atOnce, steps }) => {
    const stages = new Set(steps.map((step) => stepInfo(step).stage));
    const workers = [...stages].reduce((sum, stage) => sum + concurrencyOf(stage, settings), 0);
    const requests = provider ? perMinute(provider, settings) : 0;
    const caps = channels.flatMap(({ id, settings: { provider_caps: own } }) => {
      const cap = provider && own?.[provider];
      return cap ? [[id, cap] as const] : [];
    });
    return {
      name,
      places: Math.min(atOnce ?? said.get(name) ?? workers, said.get(name) ?? Number.POSITIVE_INFINITY),
      spacingMs: requests > 0 ? 60_000 / requests : 0,
      steps,
      caps: new Map(caps),
    };
  });
}

function concurrencyOf(stage: keyof typeof STAGES, settings: Settings): number {
  return settings[`${stage.toUpperCase() as Uppercase<typeof stage>}_CONCURRENCY`];
}

/** The same key for the videos of a channel and a priority. */
const lineOf = (channelId: string, priority: Priority) => `${channelId} ${priority}`;

function linesOf(videos: readonly { id: string; channelId: string; priority: Priority }[]): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const { id, channelId, priority } of videos) {
    const line = lineOf(channelId, priority);
    lines.set(line, [...(lines.get(line) ?? []), id]);
  }
  return lines;
}

/** Nothing of a paused channel goes on; of one that has lost its file only what is in work. */
const isHeld = (channel: ChannelRow | undefined, isQueued: boolean) =>
  Boolean(channel?.pausedAt) || (isQueued && Boolean(channel?.removedAt));

/** Every channel's file says; a row of tasks without its channel does not exist. */
const scenesOf = (channel: ChannelRow | undefined) => channel?.settings.scenes ?? 18;

const after = (moment: Date, ms: number) => new Date(moment.getTime() + ms);
