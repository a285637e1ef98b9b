import { Body, Controller, Get, HttpCode, Post, Query as QueryParameters } from '@nestjs/common';
import { noFilter, refused } from '../../errors.js';
import type { Query } from '../../oauth/consent.js';
import { channelTitle } from '../channel-ids.js';
import { listOf, oneOf, pageOf, partsOf, pick } from '../parameters.js';
import { Resource } from '../resource.js';
import { charactersOf } from '../videos/metadata.js';
import { OfChannel, Serves } from '../youtube-api.js';
import { Playlists, type Playlist } from './playlists.js';

const PARTS = ['id', 'snippet', 'status', 'contentDetails'] as const;
/** YouTube's limits: characters of a title, bytes of a description. */
const LONGEST = { title: 150, description: 5_000 } as const;

@Controller('youtube/youtube/v3/playlists')
export class PlaylistsController {
  constructor(private readonly playlists: Playlists) {}

  @Get()
  @Serves('playlists')
  list(@OfChannel() viewer: string, @QueryParameters() query: Query): object {
    const parts = partsOf(query, PARTS);
    const ids = listOf(query, 'id');
    if (oneOf(query, 'mine') !== 'true' && ids.length === 0) throw noFilter(['id', 'mine']);
    const found = ids.length > 0 ? ids.map((id) => this.playlists.find(id)).filter((one) => one !== null) : this.playlists.of(viewer);
    const seen = found.filter(({ channelId, privacy }) => channelId === viewer || privacy !== 'private');
    const { items, wire } = pageOf(seen, query);
    return { kind: 'youtube#playlistListResponse', ...wire, items: items.map((playlist) => viewPlaylist(playlist, parts)) };
  }

  @Post()
  @HttpCode(200)
  @Serves('playlist')
  insert(@OfChannel() channelId: string, @QueryParameters() query: Query, @Body() body: unknown): object {
    const parts = partsOf(query, PARTS);
    const resource = Resource.of(body);
    const snippet = resource.at('snippet');
    const [title = '', description = ''] = [snippet.text('title'), snippet.text('description')];
    if (!title.trim()) throw invalid('playlistTitleRequired', 'The request must specify a playlist title.');
    if (charactersOf(title) > LONGEST.title || /[<>]/.test(title))
      throw invalid('invalidPlaylistSnippet', 'The playlist title is invalid.');
    if (Buffer.byteLength(description) > LONGEST.description)
      throw invalid('invalidPlaylistSnippet', 'The playlist description is too long.');
    const privacy = resource.at('status').oneOf('privacyStatus', ['private', 'unlisted', 'public']) ?? 'public';
    return viewPlaylist(this.playlists.add(channelId, { title, description, privacy }), parts);
  }
}

function viewPlaylist({ id, channelId, title, description, privacy, madeAt, items }: Playlist, parts: readonly string[]): object {
  return {
    kind: 'youtube#playlist',
    id,
    ...pick(parts, {
      snippet: {
        publishedAt: new Date(madeAt).toISOString(),
        channelId,
        title,
        description,
        thumbnails: {},
        channelTitle: channelTitle(channelId),
        localized: { title, description },
      },
      status: { privacyStatus: privacy },
      contentDetails: { itemCount: items.length },
    }),
  };
}

function invalid(reason: string, message: string): Error {
  return refused(400, reason, message, { domain: 'youtube.playlist' });
}
