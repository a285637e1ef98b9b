import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock.js';
import { uploadLimit } from '../../edge/answers.js';
import { forbidden, videoNotFound } from '../../errors.js';
import { Settings, fateOf, type Fate } from '../../settings.js';
import type { Metadata, UploadedFile, Video } from './video.js';

const DAY_SECONDS = 86_400;

/** Everything that was uploaded. The bytes were counted and summed, not kept. */
@Injectable()
export class Videos {
  private readonly videos = new Map<string, Video>();

  constructor(
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** @throws WireError when the channel has got as many videos as it may */
  checkLimit(channelId: string): void {
    const most = this.settings.current.channel_uploads_a_day;
    const recent = [...this.videos.values()].filter(
      (video) => video.channelId === channelId && !this.clock.isPast(video.uploadedAt, DAY_SECONDS),
    );
    if (most !== null && recent.length >= most) throw uploadLimit();
  }

  /** Makes a file that came whole a video. */
  add(file: UploadedFile): Video {
    const { processing_seconds: processingSeconds, listing_lag_seconds: lag, lock_private: isLockedPrivate } = this.settings.current;
    const now = this.clock.now();
    const video: Video = {
      ...file,
      id: randomBytes(8).toString('base64url'),
      uploadedAt: now,
      publishedAt: null,
      fate: { ...this.fateOf(file), at: now + processingSeconds * 1_000, processingSeconds },
      isLockedPrivate,
      listedAt: now + lag * 1_000,
      isDeleted: false,
      thumbnail: null,
    };
    this.videos.set(video.id, video);
    this.describe(video, file.metadata);
    return video;
  }

  /** Says of a video what it is like from now on. */
  describe(video: Video, metadata: Metadata): void {
    const { status } = metadata;
    video.metadata = video.isLockedPrivate ? { ...metadata, status: { ...status, privacyStatus: 'private', publishAt: null } } : metadata;
    this.settle(video);
  }

  /** Every video that there is or was, in the order in which they came. */
  all(): Video[] {
    return [...this.videos.values()].map((video) => this.settle(video));
  }

  /** A channel's videos as somebody sees them in its list of uploads, the newest first. */
  listed(channelId: string, viewer: string): Video[] {
    const now = this.clock.now();
    return this.all()
      .filter((video) => video.channelId === channelId && !video.isDeleted && video.listedAt <= now)
      .filter((video) => viewer === channelId || privacyOf(video) === 'public')
      .reverse();
  }

  /** A video as far as somebody may see it; null when there is none for them. */
  seen(id: string, viewer: string): Video | null {
    const video = this.videos.get(id);
    if (!video || video.isDeleted) return null;
    this.settle(video);
    return video.channelId === viewer || privacyOf(video) !== 'private' ? video : null;
  }

  /** @throws WireError when there is no such video for this channel, or it is another's */
  own(id: string, channelId: string): Video {
    const video = this.seen(id, channelId);
    if (!video) throw videoNotFound();
    if (video.channelId !== channelId) throw forbidden('The request is not authorized to change this video.', 'youtube.video');
    return video;
  }

  private fateOf({ channelId, sha256 }: UploadedFile): Fate {
    const { current } = this.settings;
    const isDuplicate = this.all().some((video) => video.channelId === channelId && video.sha256 === sha256 && !video.isDeleted);
    return current.reject_duplicates && isDuplicate ? { outcome: 'rejected', reason: 'duplicate' } : fateOf(current);
  }

  /** Publishes a video whose time has come. */
  private settle(video: Video): Video {
    const { metadata } = video;
    const { privacyStatus, publishAt } = metadata.status;
    const now = this.clock.now();
    if (privacyStatus === 'public') video.publishedAt ??= now;
    else if (publishAt !== null && publishAt <= now) {
      video.publishedAt ??= Math.max(publishAt, video.uploadedAt);
      video.metadata = { ...metadata, status: { ...metadata.status, privacyStatus: 'public', publishAt: null } };
    }
    return video;
  }
}

function privacyOf({ metadata }: Video): string {
  return metadata.status.privacyStatus;
}
