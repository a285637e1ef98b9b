/**
 * What requests to YouTube cost of a day's units, by YouTube's quota calculator of 2026-06-03. A video's upload costs none: it counts among the
 * day's uploads. A request that is refused costs the same.
 */
export const YOUTUBE_CALL_UNITS = {
  'channels.list': 1,
  'playlistItems.list': 1,
  'videos.list': 1,
  'captions.insert': 400,
  'playlistItems.insert': 50,
  'thumbnails.set': 50,
  'videos.update': 50,
} as const;
export type YouTubeCall = keyof typeof YOUTUBE_CALL_UNITS;
export const YOUTUBE_CALLS = Object.keys(YOUTUBE_CALL_UNITS) as YouTubeCall[];

/** Without these a video that was uploaded cannot be released: who the channel is, what became of the upload, the switch, and a look at its effect. */
export const RELEASE_CALLS: readonly YouTubeCall[] = ['channels.list', 'videos.list', 'videos.update', 'videos.list'];

/** What can wait until there are units for it, the sooner the further to the left. */
export const DEFERRABLE_CALLS = ['thumbnails.set', 'playlistItems.insert', 'captions.insert'] as const satisfies readonly YouTubeCall[];
