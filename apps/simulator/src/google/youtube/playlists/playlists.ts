import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock.js';
import { forbidden, refused } from '../../errors.js';
import type { Privacy } from '../../settings.js';
import { isChannelId } from '../channel-ids.js';

const DOMAIN = 'youtube.playlistItem';

export interface Playlist {
  id: string;
  channelId: string;
  title: string;
  description: string;
  privacy: Privacy;
  madeAt: number;
  items: PlaylistItem[];
}

interface PlaylistItem {
  id: string;
  videoId: string;
  addedAt: number;
}

/** The playlists that people make. Every channel has one from the start, `PL` and its id without `UC`. */
@Injectable()
export class Playlists {
  private readonly playlists = new Map<string, Playlist>();

  constructor(private readonly clock: Clock) {}

  add(channelId: string, { title, description, privacy }: Pick<Playlist, 'title' | 'description' | 'privacy'>): Playlist {
    this.first(channelId);
    return this.keep(`PL${randomBytes(24).toString('base64url')}`, channelId, { title, description, privacy });
  }

  of(channelId: string): Playlist[] {
    this.first(channelId);
    return [...this.playlists.values()].filter((playlist) => playlist.channelId === channelId);
  }

  find(id: string): Playlist | null {
    const channelId = `UC${id.slice(2)}`;
    return id.startsWith('PL') && isChannelId(channelId) ? this.first(channelId) : (this.playlists.get(id) ?? null);
  }

  /**
   * A playlist as far as somebody may see it.
   * @throws WireError when there is none, or it is another's private one
   */
  seen(id: string, viewer: string): Playlist {
    const playlist = this.find(id);
    if (!playlist) throw playlistNotFound();
    if (playlist.privacy === 'private' && playlist.channelId !== viewer)
      throw refused(403, 'playlistItemsNotAccessible', 'The request is not properly authorized to retrieve the specified playlist items.', {
        domain: DOMAIN,
      });
    return playlist;
  }

  /** @throws WireError when there is no such playlist, or it is another's */
  own(id: string, channelId: string): Playlist {
    const playlist = this.find(id);
    if (!playlist) throw playlistNotFound();
    if (playlist.channelId !== channelId) throw forbidden('The playlist item cannot be created.', DOMAIN);
    return playlist;
  }

  /**
   * Puts a video into a playlist, once more if it is there already.
   * @param position left out: at the end
   */
  put({ items }: Playlist, videoId: string, position = items.length): PlaylistItem {
    if (position < 0 || position > items.length)
      throw refused(400, 'invalidPlaylistItemPosition', 'The request attempts to set the playlist item to an invalid position.', {
        domain: DOMAIN,
      });
    const item = { id: randomBytes(24).toString('base64url'), videoId, addedAt: this.clock.now() };
    items.splice(position, 0, item);
    return item;
  }

  /** How often a video is in which playlists. */
  holding(videoId: string): { id: string; count: number }[] {
    const counts = [...this.playlists.values()].map(({ id, items }) => ({
      id,
      count: items.filter((item) => item.videoId === videoId).length,
    }));
    return counts.filter(({ count }) => count > 0);
  }

  /** Takes a video that is no more out of every playlist. */
  forget(videoId: string): void {
    for (const playlist of this.playlists.values()) playlist.items = playlist.items.filter((item) => item.videoId !== videoId);
  }

  /** The one that a channel has from the start. */
  private first(channelId: string): Playlist {
    const id = `PL${channelId.slice(2)}`;
    return this.playlists.get(id) ?? this.keep(id, channelId, { title: 'Videos', description: '', privacy: 'public' });
  }

  private keep(id: string, channelId: string, says: Pick<Playlist, 'title' | 'description' | 'privacy'>): Playlist {
    const playlist = { id, channelId, ...says, madeAt: this.clock.now(), items: [] };
    this.playlists.set(id, playlist);
    return playlist;
  }
}

function playlistNotFound(): Error {
  return refused(404, 'playlistNotFound', "The playlist identified with the request's playlistId parameter cannot be found.", {
    domain: DOMAIN,
    location: 'playlistId',
    locationType: 'parameter',
  });
}
