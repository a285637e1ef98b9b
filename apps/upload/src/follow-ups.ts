import { settings, type Settings } from '#config';
import { Database, type DueStep } from '#database';
import { Workspace } from '#media';
import { Failure, reached, type YouTubeVideo } from '#pipeline';
import { isDisconnection, reportDisconnection } from '#stage';
import { ChannelYouTube, Clock } from '#youtube';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { PARKED_MS, PublicationSteps, inOrder, isDressing } from './publication-steps.js';

/** How often it is looked for what is due (ms). */
const EVERY_MS = 30_000;
/** Steps that are taken at once, and how long they are kept from other processes for it (ms). */
const BATCH = 50;
const HOLD_MS = 10 * 60_000;
/** Looks at a video that YouTube still works on come at longer and longer intervals (ms), and end here. */
const LOOK_AGAIN_MS = [5, 10, 20, 40, 60].map((minutes) => minutes * 60_000);
const LONGEST_PROCESSING_MS = 48 * 3_600_000;
/** A video that should have appeared so long ago, and has not, is a person's affair (ms). */
const LATE_MS = 30 * 60_000;

/**
 * What is left to do for videos that are published: what had to wait for units, a look at what YouTube has made of them, and the files that nobody needs
 * any more. By a timer: what is due here is due at a time.
 */
@Injectable()
export class FollowUps implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(FollowUps.name);
  private timer: NodeJS.Timeout | null = null;
  private round: Promise<void> | null = null;
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly steps: PublicationSteps,
    private readonly youtube: ChannelYouTube,
    private readonly workspace: Workspace,
    private readonly clock: Clock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.round ??= this.run()
        .catch((error: unknown) => {
          this.logger.warn({ event: 'follow_ups_failed', error: String(error) });
        })
        .finally(() => (this.round = null));
    }, EVERY_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    if (this.timer) clearInterval(this.timer);
    await this.round;
  }

  /** Does everything that is due, of all channels. */
  async run(): Promise<void> {
    while (!this.stopping) {
      const due = await this.database.publications.takeSteps(this.clock.now(), HOLD_MS, BATCH);
      if (due.length === 0) break;
      for (const [channelId, steps] of Map.groupBy(due, ({ publication }) => publication.channelId)) await this.ofChannel(channelId, steps);
    }
    await this.clean();
  }

  private async ofChannel(channelId: string, due: readonly DueStep[]): Promise<void> {
    try {
      const { client } = await this.youtube.own(channelId);
      for (const { step, publication } of [...due].sort((one, other) => inOrder(one.step, other.step)))
        if (isDressing(step.name)) await this.steps.take(step, publication, client);
      const looks = due.filter(({ step }) => !isDressing(step.name));
      const shown = new Map((await client.videos(looks.map(({ publication }) => publication.videoId))).map((video) => [video.id, video]));
      for (const look of looks) await this.look(look, shown.get(look.publication.videoId) ?? null);
      reached('steps_followed_up');
    } catch (error) {
      // Whatever is wrong with the channel or YouTube: what was taken comes again by itself, other channels go on.
      const failure = Failure.from(error);
      const { code, message, userMessage } = failure;
      this.logger.warn({ event: 'follow_ups_put_off', channel_id: channelId, code, error: message });
      if (!isDisconnection(failure)) return;
      const nextAt = new Date(this.clock.now().getTime() + PARKED_MS);
      for (const { step } of due) await this.database.publications.stepFailed(step, { code, message: userMessage }, nextAt);
      await reportDisconnection(this.database, await this.database.channels.get(channelId), failure);
    }
  }

  private async look({ step, publication }: DueStep, video: YouTubeVideo | null): Promise<void> {
    const { id, privacy } = publication;
    const now = this.clock.now();
    if (video) await this.database.publications.change(id, { shown: video });
    const ended = endOf(video);
    if (ended) {
      await this.tell({ step, publication }, ended);
      return;
    }
    const isThere = step.name === 'processing' ? video?.upload_status === 'processed' : video?.privacy === privacy;
    if (isThere) {
      if (step.name === 'processing') await this.database.publications.change(id, { processedAt: now });
      await this.database.publications.stepDone(step);
      return;
    }
    const since = step.name === 'processing' ? publication.uploadedAt : publication.publishAt;
    const patience = step.name === 'processing' ? LONGEST_PROCESSING_MS : LATE_MS;
    if (since && now.getTime() - since.getTime() > patience) {
      await this.tell({ step, publication }, step.name === 'processing' ? 'is still not processed' : `is still ${video?.privacy ?? ''}`);
      return;
    }
    const waitMs = LOOK_AGAIN_MS[Math.min(step.attempt, LOOK_AGAIN_MS.length) - 1] ?? 0;
    await this.database.publications.stepFailed(step, null, new Date(now.getTime() + waitMs));
  }

  /** Something has become of a published video that a person has to know of. */
  private async tell({ step, publication }: DueStep, what: string): Promise<void> {
    const { id, channelId, taskId, videoId } = publication;
    await this.database.transaction(async (tx) => {
      const { title } = await tx.tasks.get(taskId);
      await tx.publications.stepFailed(step, { code: 'YOUTUBE_VIDEO_TROUBLE', message: `On YouTube it ${what}.` }, null);
      if (what === GONE) await tx.publications.change(id, { state: 'gone' });
      const details = { video_id: videoId, what };
      await tx.auditLogs.add({ channelId, taskId, actor: 'system', action: 'video_trouble', details });
      await tx.alerts.raise({
        kind: 'video_trouble',
        key: `video_trouble:${videoId}`,
        channelId,
        taskId,
        title: `"${title}" ${what} on YouTube`,
        text: `Look at it in YouTube Studio: https://studio.youtube.com/video/${videoId}/edit. Its files are kept.`,
      });
    });
  }

  /** Removes the files of videos that YouTube can play, as the settings say. */
  private async clean(): Promise<void> {
    const { CLEAN_AFTER_HOURS, KEEP_AFTER_PUBLISHING } = this.settings;
    if (KEEP_AFTER_PUBLISHING === 'everything') return;
    const before = new Date(this.clock.now().getTime() - CLEAN_AFTER_HOURS * 3_600_000);
    for (const { id, channelId, taskId } of await this.database.publications.uncleaned(before, BATCH)) {
      const artifacts = KEEP_AFTER_PUBLISHING === 'nothing' ? [] : await this.database.artifacts.ofTask(taskId);
      const keep = artifacts.filter(({ kind }) => KEPT.includes(kind)).flatMap(({ path }) => path ?? []);
      const freedBytes = await this.workspace.clean({ channelId, taskId }, keep);
      await this.database.publications.change(id, { cleanedAt: this.clock.now() });
      this.logger.log({ event: 'workspace_cleaned', task_id: taskId, freed_bytes: freedBytes });
    }
  }
}

const GONE = 'is no longer there';
/** What is kept of a published video: what it was published from and as. */
const KEPT: readonly string[] = ['storyboard', 'cut', 'caption', 'thumbnail', 'publication'];

/** What YouTube has made of a video, if that is its end. */
function endOf(video: YouTubeVideo | null): string | null {
  if (!video) return GONE;
  if (!['failed', 'rejected', 'deleted'].includes(video.upload_status)) return null;
  return `was ${video.upload_status === 'failed' ? 'not processed' : video.upload_status}${video.reason ? ` (${video.reason})` : ''}`;
}
