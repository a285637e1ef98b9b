import { settings, type Settings } from '#config';
import { Database, type QuotaDay, type QuotaLimits, type QuotaUse } from '#database';
import {
  DEFERRABLE_CALLS,
  Failure,
  RELEASE_CALLS,
  YOUTUBE_CALL_UNITS,
  pacificDay,
  quotaExhausted,
  sincePacificMidnightMs,
  untilPacificMidnightMs,
  waiting,
  type PublicationStepName,
  type YouTubeCall,
} from '#pipeline';
import { unitsUsedUp, uploadsUsedUp, type CallMeter, type QuotaCall } from '#providers/youtube';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from './clock.js';

/** When something whose units are kept for uploads is worth another look (ms): fewer uploads may come than were expected. */
const KEPT_LOOK_AGAIN_MS = 10 * 60_000;
/** Google's day may begin a little after ours: a refusal within this time of midnight is asked about again that often (ms), later ones hold for the day. */
const YOUNG_DAY_MS = 30 * 60_000;
const YOUNG_DAY_LOOK_AGAIN_MS = 5 * 60_000;
/** After the reset, so that everybody's midnight has passed (ms). */
const AFTER_RESET_MS = 60_000;
/** YouTube's limit for one channel does not say when it ends (ms). */
const CHANNEL_LIMIT_MS = 24 * 3_600_000;

/** What the steps of a publication call, one request each. */
const STEP_CALLS: Partial<Record<PublicationStepName, YouTubeCall>> = {
  thumbnail: 'thumbnails.set',
  playlist: 'playlistItems.insert',
  captions: 'captions.insert',
};

/** A day's quota, and when what waits will be done if nothing else comes. */
export interface QuotaForecast {
  readonly day: string;
  readonly resetsAt: Date;
  readonly limits: QuotaLimits;
  readonly use: QuotaUse;
  /** Units that the videos that wait, and everything that was put off, will take. */
  readonly unitsOwed: number;
  /** Days of Pacific time on which the last video goes up, and the last caption; null when none waits. */
  readonly lastUploadOn: string | null;
  readonly lastStepOn: string | null;
}

/**
 * What the Google project may still ask of YouTube today. Every request is counted before it is made; when Google says that there is no more, it is believed.
 * Uploads come first: what can wait leaves the units that every upload still expected today will need.
 */
@Injectable()
export class YouTubeQuota {
  private readonly project: string;
  private readonly limits: QuotaLimits;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    // Client ids begin with the project's number; all of its clients share the quota.
    this.project = (settings.GOOGLE_CLIENT_ID ?? 'simulated').split('-')[0] ?? '';
    this.limits = { uploads: settings.YOUTUBE_UPLOADS_A_DAY, units: settings.YOUTUBE_UNITS_A_DAY };
  }

  /** What counts a channel's requests. */
  meter(channelId: string): CallMeter {
    return {
      spend: (call) => (call === 'videos.insert' ? this.spendUpload(channelId) : this.spendUnits(call)),
      giveBack: (call) => this.giveBack(call),
      refused: (call, failure) => this.refused(call, failure, channelId),
    };
  }

  async forecast(): Promise<QuotaForecast> {
    const now = this.clock.now();
    const day = this.day(now);
    const [use, owed] = await Promise.all([this.database.youtubeQuota.use(day), this.database.youtubeQuota.owedSteps()]);
    const stepUnits = owed.reduce((sum, { name, count }) => sum + count * this.stepUnits(name), 0);
    const dressing = DEFERRABLE_CALLS.reduce((sum, call) => sum + this.units(call), 0);
    const owedNow = stepUnits + use.inFlight * this.releaseUnits;
    const last = this.lastDays(use, owedNow, dressing);
    return {
      day: day.day,
      resetsAt: new Date(now.getTime() + untilPacificMidnightMs(now)),
      limits: this.limits,
      use,
      unitsOwed: owedNow + use.waiting * (this.releaseUnits + dressing),
      lastUploadOn: last.upload === null ? null : later(day.day, last.upload),
      lastStepOn: last.step === null ? null : later(day.day, last.step),
    };
  }

  private async spendUnits(call: YouTubeCall): Promise<void> {
    const now = this.clock.now();
    const day = this.day(now);
    const units = this.units(call);
    const order = { call, units, keepEach: this.keptBefore(call), limits: this.limits, now };
    if (await this.database.youtubeQuota.spend(day, order)) return;
    const use = await this.database.youtubeQuota.use(day);
    const message = `${use.unitsUsed} of ${this.limits.units} units are used, ${call} takes ${units}`;
    const isRefused = use.unitsRefusedUntil !== null && use.unitsRefusedUntil > now;
    if (isRefused) throw unitsUsedUp({ message, retryAfterMs: use.unitsRefusedUntil.getTime() - now.getTime() });
    if (use.unitsUsed + units > this.limits.units) throw unitsUsedUp({ message, retryAfterMs: this.untilReset(now) });
    throw waiting({
      code: 'YOUTUBE_UNITS_KEPT',
      message: `${message}; the rest is kept for ${use.inFlight + use.waiting} uploads`,
      userMessage: "What is left of today's quota of YouTube is kept for uploads. It goes on by itself.",
      retryAfterMs: Math.min(KEPT_LOOK_AGAIN_MS, this.untilReset(now)),
    });
  }

  private async spendUpload(channelId: string): Promise<void> {
    const now = this.clock.now();
    const { uploadsRefusedUntil: channelRefusedUntil } = await this.database.channels.get(channelId);
    if (channelRefusedUntil && channelRefusedUntil > now) throw channelLimit(channelRefusedUntil.getTime() - now.getTime());
    const day = this.day(now);
    const { releaseUnits, limits } = this;
    if (await this.database.youtubeQuota.spendUpload(day, { releaseUnits, limits, now })) return;
    const use = await this.database.youtubeQuota.use(day);
    const message = `${use.uploadsUsed} of ${limits.uploads} uploads and ${use.unitsUsed} of ${limits.units} units are used`;
    if (use.uploadsRefusedUntil && use.uploadsRefusedUntil > now)
      throw uploadsUsedUp({ message, retryAfterMs: use.uploadsRefusedUntil.getTime() - now.getTime() });
    if (use.uploadsUsed >= limits.uploads) throw uploadsUsedUp({ message, retryAfterMs: this.untilReset(now) });
    throw unitsUsedUp({ message, retryAfterMs: this.untilReset(now) });
  }

  private async giveBack(call: QuotaCall): Promise<void> {
    const units = call === 'videos.insert' ? 0 : this.units(call);
    await this.database.youtubeQuota.giveBack(this.day(this.clock.now()), { call, units, uploads: call === 'videos.insert' ? 1 : 0 });
  }

  private async refused(call: QuotaCall, failure: Failure, channelId: string): Promise<Failure> {
    const now = this.clock.now();
    if (failure.code === 'YOUTUBE_UPLOAD_LIMIT_EXCEEDED') {
      await this.database.channels.refuseUploads(channelId, new Date(now.getTime() + CHANNEL_LIMIT_MS));
      return channelLimit(CHANNEL_LIMIT_MS);
    }
    const isYoung = sincePacificMidnightMs(now) < YOUNG_DAY_MS;
    const retryAfterMs = isYoung ? YOUNG_DAY_LOOK_AGAIN_MS : this.untilReset(now);
    const what = failure.code === 'YOUTUBE_UPLOADS_USED_UP' || call === 'videos.insert' ? 'uploads' : 'units';
    await this.database.youtubeQuota.refused(this.day(now), what, new Date(now.getTime() + retryAfterMs));
    const { message } = failure;
    return what === 'uploads' ? uploadsUsedUp({ message, retryAfterMs }) : unitsUsedUp({ message, retryAfterMs });
  }

  /** What a request leaves for each upload that is still expected: everything that comes before it. */
  private keptBefore(call: YouTubeCall): number {
    const rank = DEFERRABLE_CALLS.findIndex((deferrable) => deferrable === call);
    if (rank < 0) return 0;
    return this.releaseUnits + DEFERRABLE_CALLS.slice(0, rank).reduce((sum, before) => sum + this.units(before), 0);
  }

  private get releaseUnits(): number {
    return RELEASE_CALLS.reduce((sum, call) => sum + this.units(call), 0);
  }

  private stepUnits(step: string): number {
    const call = STEP_CALLS[step as PublicationStepName];
    return call ? this.units(call) : 0;
  }

  private units(call: YouTubeCall): number {
    return this.settings.YOUTUBE_UNIT_COSTS?.[call] ?? YOUTUBE_CALL_UNITS[call];
  }

  /** Counted from today: the day of the last upload and of the last step, when no more comes than waits now. */
  private lastDays(use: QuotaUse, owedNow: number, dressing: number): { upload: number | null; step: number | null } {
    let [waitingUploads, owed] = [use.waiting, owedNow];
    let [uploads, units] = [this.limits.uploads - use.uploadsUsed, this.limits.units - use.unitsUsed];
    let upload: number | null = null;
    for (let day = 0; ; day += 1) {
      if (waitingUploads === 0 && owed === 0) return { upload, step: day === 0 ? null : day - 1 };
      const going = Math.max(0, Math.min(waitingUploads, uploads, Math.floor(units / this.releaseUnits)));
      if (going > 0) upload = day;
      waitingUploads -= going;
      owed += going * dressing;
      owed -= Math.max(0, Math.min(owed, units - going * this.releaseUnits));
      // A limit that lets nothing through would never end.
      if (day > 0 && going === 0 && this.limits.units < this.releaseUnits) return { upload, step: null };
      [uploads, units] = [this.limits.uploads, this.limits.units];
    }
  }

  private untilReset(now: Date): number {
    return untilPacificMidnightMs(now) + AFTER_RESET_MS;
  }

  private day(now: Date): QuotaDay {
    return { project: this.project, day: pacificDay(now) };
  }
}

function channelLimit(retryAfterMs: number): Failure {
  return quotaExhausted({
    code: 'YOUTUBE_UPLOAD_LIMIT_EXCEEDED',
    message: 'YouTube takes no more videos of this channel for now',
    userMessage: 'YouTube takes no more videos for this channel today. The upload is tried again tomorrow.',
    retryAfterMs,
  });
}

/** A calendar day, so many days after another. */
function later(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
