import { setTimeout as sleep } from 'node:timers/promises';
import { slotsAfter } from '#config';
import { Database, type PublicationRow } from '#database';
import { permanent, reached, type YouTubeVideo } from '#pipeline';
import type { YouTubeClient } from '#providers/youtube';
import type { TaskView } from '#stage';
import { ChannelYouTube, Clock } from '#youtube';
import { Injectable } from '@nestjs/common';
import type { Uploaded } from './transfer.js';

/** YouTube takes a moment that is too near for one that has passed (ms). */
const EARLIEST_MS = 15 * 60_000;
/** Moments of a schedule that are looked at for one that is free: years of videos. */
const MOST_SLOTS = 2_000;
/** When YouTube is first asked whether it can play the video, and whether it has made it public (ms). */
const PROCESSING_LOOK_MS = 5 * 60_000;
const APPEARANCE_LOOK_MS = 2 * 60_000;

/** Between looks at a video after its switch (ms); null: no more come. */
const LOOK_AFTER_MS = [1_000, 3_000, 10_000, null];

/** What YouTube is to show of a released video. */
interface Wanted {
  privacy: PublicationRow['privacy'];
  publishAt: Date | null;
}

/** Lets a private video be seen as its channel wants it, and sees for itself that it is so: by a look before and a look after. */
@Injectable()
export class Release {
  constructor(
    private readonly database: Database,
    private readonly youtube: ChannelYouTube,
    private readonly clock: Clock,
  ) {}

  /** @throws Failure when YouTube has refused the video, no longer has it, or lets it be seen otherwise than it was told */
  async release(video: Uploaded, task: TaskView): Promise<Uploaded> {
    if (video.state === 'released') return video;
    const client = this.youtube.client(video.channelId);
    const before = await this.look(video, await client.video(video.videoId));
    const scheduled = before.privacy === 'private' ? await this.schedule(video, task) : video;
    const wanted = this.wanted(scheduled, before);
    let shown = before;
    if (differences(scheduled, wanted, before).length > 0) {
      if (before.privacy !== 'private' && before.privacy !== scheduled.privacy) throw seenTooEarly(scheduled, before);
      await client.update(video.videoId, video.metadata, wanted.privacy, wanted.publishAt);
      reached('video_switched');
      shown = await this.lookAfter(scheduled, wanted, client);
    }
    await this.released(scheduled, shown, differences(scheduled, wanted, shown));
    reached('video_released');
    return Object.assign(scheduled, { state: 'released' as const });
  }

  /** The video as it is shown after the switch; YouTube may take a moment to show it. */
  private async lookAfter(video: Uploaded, wanted: Wanted, client: YouTubeClient): Promise<YouTubeVideo> {
    for (const waitMs of LOOK_AFTER_MS) {
      const shown = await this.look(video, await client.video(video.videoId));
      const wrong = differences(video, wanted, shown);
      if (wrong.length === 0) return shown;
      if (waitMs === null) {
        if (wrong.some((what) => MATTERS.includes(what))) throw shownOtherwise(video, wrong);
        return shown;
      }
      await sleep(waitMs);
    }
    throw new Error('The last look has no wait');
  }

  private async look(video: Uploaded, shown: YouTubeVideo | null): Promise<YouTubeVideo> {
    await this.database.publications.change(video.id, shown ? { shown } : { state: 'gone' });
    if (!shown) throw gone(video);
    if (['failed', 'rejected', 'deleted'].includes(shown.upload_status)) throw refused(video, shown);
    return shown;
  }

  /** The moment at which the video appears: the creator's own, or else the next of the channel's schedule that no other video has. */
  private async schedule(video: Uploaded, { channel }: TaskView): Promise<Uploaded> {
    const { schedule } = channel.youtube;
    const isLate = video.fromSchedule && video.publishAt !== null && video.publishAt <= this.clock.now();
    if (!schedule || (video.publishAt && !isLate)) return video;
    const after = new Date(this.clock.now().getTime() + EARLIEST_MS);
    let looked = 0;
    for (const publishAt of slotsAfter(schedule, after)) {
      if (await this.database.publications.takeSlot(video, publishAt)) return Object.assign(video, { publishAt, fromSchedule: true });
      if (++looked === MOST_SLOTS) break;
    }
    throw permanent({
      code: 'SCHEDULE_FULL',
      message: `No moment of the schedule is free among the next ${MOST_SLOTS}`,
      userMessage: "The channel's schedule has no free moment left. Add times to youtube.schedule in the channel's file, then retry.",
    });
  }

  /** A moment that has passed while the video was on its way is none any more: it appears at once. What people see already is not hidden again. */
  private wanted({ privacy, publishAt }: Uploaded, shown: YouTubeVideo): Wanted {
    const isAhead = publishAt !== null && publishAt > this.clock.now() && shown.privacy === 'private';
    return isAhead ? { privacy: 'private', publishAt } : { privacy, publishAt: null };
  }

  private async released(video: Uploaded, shown: YouTubeVideo, wrong: readonly string[]): Promise<void> {
    const now = this.clock.now().getTime();
    await this.database.transaction(async (tx) => {
      if (wrong.length > 0) await tellOfDifference(tx, video, wrong.join(', '));
      await tx.publications.released(video.id, shown);
      await tx.publications.addSteps(video.id, ['processing'], new Date(now + PROCESSING_LOOK_MS));
      if (shown.publish_at && video.publishAt)
        await tx.publications.addSteps(video.id, ['appearance'], new Date(video.publishAt.getTime() + APPEARANCE_LOOK_MS));
    });
  }
}

/** What must be as it was told, whatever else YouTube makes of a text: who sees the video, when, and what was declared of it. */
const MATTERS = ['privacy', 'publish time', 'made for kids', 'synthetic media'];

/** In what YouTube shows a video otherwise than wanted, in words. */
function differences({ metadata }: Uploaded, wanted: Wanted, shown: YouTubeVideo): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['privacy', wanted.privacy, shown.privacy],
    ['publish time', wanted.publishAt?.getTime() ?? null, shown.publish_at === null ? null : Date.parse(shown.publish_at)],
    ['made for kids', metadata.made_for_kids, shown.made_for_kids ?? false],
    ['synthetic media', metadata.synthetic_media, shown.synthetic_media ?? false],
    ['title', metadata.title.trim(), shown.title.trim()],
    ['description', metadata.description.trim(), shown.description.trim()],
    ['tags', [...metadata.tags].sort().join(), [...shown.tags].sort().join()],
    ['category', metadata.category_id, shown.category_id],
  ];
  return pairs.filter(([, one, other]) => one !== other).map(([name]) => name);
}

async function tellOfDifference(tx: Database, { channelId, taskId, videoId }: Uploaded, what: string): Promise<void> {
  const { title } = await tx.tasks.get(taskId);
  const details = { video_id: videoId, what };
  await tx.auditLogs.add({ channelId, taskId, actor: 'system', action: 'video_shown_otherwise', details });
  await tx.alerts.notice({
    kind: 'video_shown_otherwise',
    key: `video_shown_otherwise:${videoId}`,
    channelId,
    taskId,
    title: `YouTube shows "${title}" with another ${what} than it was told`,
    text: `It is published all the same. Look at it in YouTube Studio: https://studio.youtube.com/video/${videoId}/edit`,
  });
}

function gone({ videoId }: Uploaded) {
  return permanent({
    code: 'YOUTUBE_VIDEO_GONE',
    message: `YouTube does not know ${videoId}`,
    userMessage: `YouTube no longer has the video ${videoId}. Look in YouTube Studio what became of it; to send it anew, have it made again (redo: publication).`,
  });
}

function refused({ videoId }: Uploaded, { upload_status, reason }: YouTubeVideo) {
  return permanent({
    code: `YOUTUBE_VIDEO_${upload_status.toUpperCase()}`,
    message: `YouTube shows ${videoId} as ${upload_status}: ${reason ?? 'no reason given'}`,
    userMessage: `YouTube has not taken the video: ${upload_status}${reason ? `, ${reason}` : ''}. Look at ${videoId} in YouTube Studio.`,
  });
}

function seenTooEarly({ videoId, privacy }: Uploaded, shown: YouTubeVideo) {
  return permanent({
    code: 'PRIVACY_DIFFERS',
    message: `YouTube shows ${videoId} as ${shown.privacy} before it was switched; wanted is ${privacy}`,
    userMessage: `The video is on YouTube as ${shown.privacy}, but the channel wants ${privacy}. Change it in YouTube Studio, then retry the task.`,
  });
}

function shownOtherwise({ videoId }: Uploaded, wrong: readonly string[]) {
  const what = wrong.join(', ');
  return permanent({
    code: wrong.includes('privacy') ? 'PRIVACY_DIFFERS' : 'VIDEO_DIFFERS',
    message: `YouTube shows ${videoId} with another ${what} than it was told`,
    userMessage: `YouTube shows the video otherwise than it was told (${what}). Mend it in YouTube Studio, or retry the task: https://studio.youtube.com/video/${videoId}/edit`,
  });
}
