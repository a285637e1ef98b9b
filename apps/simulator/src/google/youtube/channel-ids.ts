/** Channels that the consent page offers; any id of the right form is taken. */
export const CHANNEL_IDS = Array.from({ length: 12 }, (_, index) => `UCsimulatedchannel${String(index + 1).padStart(6, '0')}`);

export function isChannelId(value: string): boolean {
  return /^UC[\w-]{22}$/.test(value);
}

/** The playlist of everything that a channel has uploaded. */
export function uploadsPlaylistOf(channelId: string): string {
  return `UU${channelId.slice(2)}`;
}

/** Whose uploads a playlist lists; null when it is no such playlist. */
export function channelOfUploads(playlistId: string): string | null {
  const channelId = `UC${playlistId.slice(2)}`;
  return playlistId.startsWith('UU') && isChannelId(channelId) ? channelId : null;
}

export function channelTitle(channelId: string): string {
  return `Simulated channel ${channelId.slice(-6)}`;
}
