/** What is asked of the simulated Google, as it is counted and can be answered otherwise. */
export const CALLS = [
  /** `videos.insert`, step 1 of a resumable upload. */
  'open',
  /** `videos.insert` in one request, which cannot go on after a cut. */
  'multipart',
  /** Bytes for an upload session. */
  'chunk',
  /** A question to an upload session: how far it is. */
  'ask',
  'list',
  'update',
  'delete',
  'thumbnail',
  /** `captions.list` */
  'captions',
  /** `captions.insert` */
  'caption',
  'channels',
  /** `playlists.list` */
  'playlists',
  /** `playlists.insert` */
  'playlist',
  /** `playlistItems.list` */
  'playlist_items',
  /** `playlistItems.insert` */
  'playlist_item',
  'token',
  'revoke',
] as const;
export type Call = (typeof CALLS)[number];

/** Calls that carry an access token's name on them and cost quota; the others are Google's OAuth and what goes to an upload session. */
export type ApiCall = Exclude<Call, 'chunk' | 'ask' | 'token' | 'revoke'>;

export function isOAuth(call: Call): call is 'token' | 'revoke' {
  return call === 'token' || call === 'revoke';
}
