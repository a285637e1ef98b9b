import type { Privacy } from '../../settings.js';
import { channelTitle } from '../channel-ids.js';
import { pick } from '../parameters.js';
import type { Video } from './video.js';

/** Parts of a video that can be asked for. */
export const READ_PARTS = [
  'id',
  'snippet',
  'status',
  'processingDetails',
  'fileDetails',
  'localizations',
  'recordingDetails',
  'paidProductPlacementDetails',
] as const;
export type ReadPart = (typeof READ_PARTS)[number];

/** Parts that only the owner gets. */
const OF_OWNER: readonly ReadPart[] = ['processingDetails', 'fileDetails'];
/** In how many parts YouTube says that it processes a video. */
const PROCESSING_PARTS = 100;

interface Viewing {
  now: number;
  viewer: string;
  /** Told instead of the true privacy. */
  privacyShown: Privacy | null;
}

/** A video as the API shows it. */
export function viewVideo(video: Video, parts: readonly ReadPart[], { now, viewer, privacyShown }: Viewing): object {
  const visible = parts.filter((part) => viewer === video.channelId || !OF_OWNER.includes(part));
  return {
    kind: 'youtube#video',
    id: video.id,
    ...pick(visible, {
      snippet: snippetOf(video),
      status: statusOf(video, now, privacyShown),
      processingDetails: processingOf(video, now),
      fileDetails: { fileName: 'unknown', fileSize: String(video.bytes), fileType: 'video' },
      ...video.metadata.plain,
    }),
  };
}

/** How far a video is: `uploaded`, or what has become of it. */
export function uploadStatusOf({ fate, isDeleted }: Video, now: number): string {
  if (isDeleted) return 'deleted';
  return now < fate.at ? 'uploaded' : fate.outcome;
}

function snippetOf(video: Video): object {
  const { title, description, tags, categoryId, defaultLanguage, defaultAudioLanguage } = video.metadata.snippet;
  return {
    publishedAt: new Date(video.publishedAt ?? video.uploadedAt).toISOString(),
    channelId: video.channelId,
    title,
    description,
    thumbnails: thumbnailsOf(video.id),
    channelTitle: channelTitle(video.channelId),
    ...(tags.length > 0 && { tags }),
    categoryId,
    liveBroadcastContent: 'none',
    ...(defaultLanguage && { defaultLanguage }),
    localized: { title, description },
    ...(defaultAudioLanguage && { defaultAudioLanguage }),
  };
}

function statusOf(video: Video, now: number, privacyShown: Privacy | null): object {
  const { publishAt, privacyStatus, ...status } = video.metadata.status;
  const uploadStatus = uploadStatusOf(video, now);
  const { reason } = video.fate;
  return {
    uploadStatus,
    ...(uploadStatus === 'failed' && { failureReason: reason }),
    ...(uploadStatus === 'rejected' && { rejectionReason: reason }),
    privacyStatus: privacyShown ?? privacyStatus,
    ...(publishAt !== null && { publishAt: new Date(publishAt).toISOString() }),
    ...status,
    madeForKids: status.selfDeclaredMadeForKids ?? false,
  };
}

function processingOf({ fate, uploadedAt }: Video, now: number): object {
  if (now < fate.at) {
    const done = Math.floor(((now - uploadedAt) / (fate.at - uploadedAt)) * PROCESSING_PARTS);
    return {
      processingStatus: 'processing',
      processingProgress: {
        partsTotal: String(PROCESSING_PARTS),
        partsProcessed: String(Math.max(0, done)),
        timeLeftMs: String(fate.at - now),
      },
      fileDetailsAvailability: 'available',
      thumbnailsAvailability: 'inProgress',
    };
  }
  const processingStatus = { processed: 'succeeded', failed: 'failed', rejected: 'terminated' }[fate.outcome];
  return {
    processingStatus,
    ...(fate.outcome === 'failed' && { processingFailureReason: 'transcodeFailed' }),
    fileDetailsAvailability: 'available',
    thumbnailsAvailability: fate.outcome === 'processed' ? 'available' : 'failed',
  };
}

const SIZES = { default: [120, 90], medium: [320, 180], high: [480, 360] } as const;

/** Where a video's thumbnails would be. */
export function thumbnailsOf(videoId: string): object {
  const pictures = Object.entries(SIZES).map(([name, [width, height]]) => [
    name,
    { url: `https://i.ytimg.com/vi/${videoId}/${name}.jpg`, width, height },
  ]);
  return Object.fromEntries(pictures) as object;
}
