import { Body, Controller, Get, HttpCode, Post, Query as QueryParameters } from '@nestjs/common';
import { missingParameter, refused } from '../../errors.js';
import type { Query } from '../../oauth/consent.js';
import { channelOfUploads, channelTitle } from '../channel-ids.js';
import { oneOf, pageOf, partsOf, pick } from '../parameters.js';
import { Resource } from '../resource.js';
import { thumbnailsOf } from '../videos/video-view.js';
import type { Video } from '../videos/video.js';
import { Videos } from '../videos/videos.js';
import { OfChannel, Serves } from '../youtube-api.js';
import { Playlists } from './playlists.js';

const PARTS = ['id', 'snippet', 'contentDetails', 'status'] as const;

/** A video's place in a playlist. */
interface Entry {
  id: string;
  playlistId: string;
  /** Whose playlist it is. */
  channelId: string;
  position: number;
  addedAt: number;
  video: Video;
}

@Controller('youtube/youtube/v3/playlistItems')
export class PlaylistItemsController {
  constructor(
    private readonly playlists: Playlists,
    private readonly videos: Videos,
  ) {}

  @Get()
  @Serves('playlist_items')
  list(@OfChannel() viewer: string, @QueryParameters() query: Query): object {
    const parts = partsOf(query, PARTS);
    const [playlistId, videoId] = [oneOf(query, 'playlistId'), oneOf(query, 'videoId')];
    if (!playlistId) throw missingParameter('playlistId');
    const entries = this.entriesOf(playlistId, viewer).filter(({ video }) => !videoId || video.id === videoId);
    const { items, wire } = pageOf(entries, query);
    return { kind: 'youtube#playlistItemListResponse', ...wire, items: items.map((entry) => viewEntry(entry, parts)) };
  }

  @Post()
  @HttpCode(200)
  @Serves('playlist_item')
  insert(@OfChannel() channelId: string, @QueryParameters() query: Query, @Body() body: unknown): object {
    const parts = partsOf(query, PARTS);
    const snippet = Resource.of(body).at('snippet');
    const playlistId = snippet.text('playlistId');
    const resource = snippet.at('resourceId');
    const videoId = resource.text('videoId');
    if (!playlistId) throw invalid('playlistIdRequired', 'The request does not specify a value for the required playlistId property.');
    if (!videoId)
      throw invalid('resourceIdRequired', 'The request must contain a resource in which the snippet object specifies a resourceId.');
    if (resource.text('kind') !== 'youtube#video')
      throw invalid('invalidResourceType', 'The type specified for the resource ID is not supported.');
    if (channelOfUploads(playlistId))
      throw invalid('playlistOperationUnsupported', 'The API does not support the ability to insert videos into the specified playlist.');
    const playlist = this.playlists.own(playlistId, channelId);
    const video = this.videos.seen(videoId, channelId);
    if (!video) throw refused(404, 'videoNotFound', 'Video not found.', { domain: 'youtube.playlistItem' });
    const item = this.playlists.put(playlist, video.id, snippet.number('position'));
    const { id, addedAt } = item;
    return viewEntry({ id, playlistId, channelId, position: playlist.items.indexOf(item), addedAt, video }, parts);
  }

  private entriesOf(playlistId: string, viewer: string): Entry[] {
    const uploader = channelOfUploads(playlistId);
    if (uploader)
      return this.videos.listed(uploader, viewer).map((video, position) => {
        const id = Buffer.from(`${playlistId}.${video.id}`).toString('base64url');
        return { id, playlistId, channelId: uploader, position, addedAt: video.uploadedAt, video };
      });
    const { channelId, items } = this.playlists.seen(playlistId, viewer);
    return items.flatMap(({ id, videoId, addedAt }, position) => {
      const video = this.videos.seen(videoId, viewer);
      return video ? [{ id, playlistId, channelId, position, addedAt, video }] : [];
    });
  }
}

function viewEntry({ id, playlistId, channelId, position, addedAt, video }: Entry, parts: readonly string[]): object {
  const { snippet, status } = video.metadata;
  return {
    kind: 'youtube#playlistItem',
    id,
    ...pick(parts, {
      snippet: {
        publishedAt: new Date(addedAt).toISOString(),
        channelId,
        title: snippet.title,
        description: snippet.description,
        thumbnails: thumbnailsOf(video.id),
        channelTitle: channelTitle(channelId),
        playlistId,
        position,
        resourceId: { kind: 'youtube#video', videoId: video.id },
        videoOwnerChannelTitle: channelTitle(video.channelId),
        videoOwnerChannelId: video.channelId,
      },
      contentDetails: {
        videoId: video.id,
        ...(video.publishedAt !== null && { videoPublishedAt: new Date(video.publishedAt).toISOString() }),
      },
      status: { privacyStatus: status.privacyStatus },
    }),
  };
}

function invalid(reason: string, message: string): Error {
  return refused(400, reason, message, { domain: 'youtube.playlistItem' });
}
