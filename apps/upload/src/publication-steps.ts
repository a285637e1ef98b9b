import { Database, type PublicationStepRow } from '#database';
import { Workspace } from '#media';
import { Failure, PUBLICATION_STEPS, RETRY_LADDER_MS, permanent, reached, type PublicationStepName } from '#pipeline';
import type { YouTubeClient } from '#providers/youtube';
import { announceProgress, closeQuota, isDisconnection, reportLimit } from '#stage';
import { ChannelYouTube, Clock } from '#youtube';
import { Injectable, Logger } from '@nestjs/common';
import type { Uploaded } from './transfer.js';

/** A step whose channel is not connected is looked at again after this time (ms); whoever connects the channel wakes it. */
export const PARKED_MS = 3_600_000;

/** What is done for a video besides its upload, before it is released or, for want of units, after. */
type Dressing = Extract<PublicationStepName, 'thumbnail' | 'playlist' | 'captions'>;

/** Does what dresses a video on YouTube. None of it holds up the video: what cannot be done now is done later, what cannot be done at all is told. */
@Injectable()
export class PublicationSteps {
  private readonly logger = new Logger(PublicationSteps.name);

  private readonly dressings: Record<Dressing, (video: Uploaded, client: YouTubeClient) => Promise<void>> = {
    thumbnail: async ({ videoId, taskId }, client) => {
      const { thumbnail } = await this.database.tasks.get(taskId);
      await client.setThumbnail(videoId, await this.file(taskId, 'thumbnail', (thumbnail ?? 1) - 1));
    },
    playlist: async ({ videoId, channelId }, client) => {
      const { playlist_id } = (await this.database.channels.get(channelId)).settings.youtube;
      if (playlist_id) await client.addToPlaylist(playlist_id, videoId);
    },
    captions: async ({ videoId, taskId, metadata }, client) => {
      await client.addCaptions(videoId, metadata.language, await this.file(taskId, 'caption', 0));
    },
  };

  constructor(
    private readonly database: Database,
    private readonly youtube: ChannelYouTube,
    private readonly workspace: Workspace,
    private readonly clock: Clock,
  ) {}

  /**
   * Tries every step of a video that is not done yet.
   * @throws Failure only when the channel is not connected any more
   */
  async takeAll(video: Uploaded): Promise<void> {
    const steps = await this.database.publications.steps(video.id);
    const due = steps.filter(({ name, state, nextAt }) => isDressing(name) && state === 'due' && nextAt <= this.clock.now());
    const client = this.youtube.client(video.channelId);
    for (const step of due.sort(inOrder)) await this.take(step, video, client);
  }

  /** Tries one. */
  async take(step: PublicationStepRow, video: Uploaded, client: YouTubeClient): Promise<void> {
    if (!isDressing(step.name)) throw new RangeError(`${step.name} is no dressing`);
    try {
      await this.dressings[step.name](video, client);
      await this.database.transaction(async (tx) => {
        await tx.publications.stepDone(step);
        if (!step.errorCode) return;
        // It had to wait, which the row says until now.
        await closeQuota(tx, step.errorCode, video.channelId);
        await announceProgress(tx, video.taskId);
      });
      reached('step_done');
    } catch (error) {
      await this.failed(step, video, Failure.from(error));
    }
  }

  private async file(taskId: string, kind: 'thumbnail' | 'caption', position: number): Promise<string> {
    const found = (await this.database.artifacts.ready(taskId, kind)).find((artifact) => artifact.position === position);
    if (found?.path) return this.workspace.absolute(found.path);
    throw permanent({
      code: 'ITEM_MISSING',
      message: `The video has no ${kind} ${position}`,
      userMessage: `The ${kind} is missing.`,
    });
  }

  private async failed(step: PublicationStepRow, video: Uploaded, failure: Failure): Promise<void> {
    const { code, message, userMessage } = failure;
    const waitMs = waitOf(failure, step.attempt);
    this.logger.warn({
      event: waitMs === null ? 'publication_step_given_up' : 'publication_step_put_off',
      task_id: video.taskId,
      step: step.name,
      code,
      error: message,
    });
    const nextAt = waitMs === null ? null : new Date(this.clock.now().getTime() + waitMs);
    await this.database.transaction(async (tx) => {
      await tx.publications.stepFailed(step, { code, message: userMessage }, nextAt);
      if (nextAt) await reportLimit(tx, failure, video.channelId);
      else await told(tx, video, step.name, failure);
    });
    // Without a connection the whole video has to wait, and its channel with it.
    if (isDisconnection(failure)) throw failure;
  }
}

/** People hear that something is missing; the video goes on without it. */
async function told(tx: Database, { channelId, taskId, videoId }: Uploaded, name: string, failure: Failure): Promise<void> {
  const details = { step: name, code: failure.code, message: failure.message, video_id: videoId };
  await tx.auditLogs.add({ channelId, taskId, actor: 'system', action: 'publication_step_given_up', details });
  const { title } = await tx.tasks.get(taskId);
  await tx.alerts.notice({
    kind: 'publication_incomplete',
    key: `publication_incomplete:${taskId}:${name}`,
    channelId,
    taskId,
    title: `"${title}" goes up without its ${name}`,
    text: `${failure.userMessage} It can be added in YouTube Studio: https://studio.youtube.com/video/${videoId}/edit`,
  });
}

/** How long a step waits (ms); null: it is given up. */
function waitOf(failure: Failure, attempt: number): number | null {
  if (isDisconnection(failure)) return PARKED_MS;
  if (failure.kind === 'permanent') return null;
  const rung = RETRY_LADDER_MS[Math.min(attempt, RETRY_LADDER_MS.length - 1)] ?? 0;
  return failure.kind === 'transient' ? Math.max(rung, failure.retryAfterMs ?? 0) : (failure.retryAfterMs ?? rung);
}

export function isDressing(name: PublicationStepName): name is Dressing {
  return name !== 'processing' && name !== 'appearance';
}

/** In the order in which steps count for a video. */
export function inOrder(one: Pick<PublicationStepRow, 'name'>, other: Pick<PublicationStepRow, 'name'>): number {
  return PUBLICATION_STEPS.indexOf(one.name) - PUBLICATION_STEPS.indexOf(other.name);
}
