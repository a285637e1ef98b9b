import { Body, Controller, Delete, Get, HttpCode, Put, Query as QueryParameters } from '@nestjs/common';
import { Clock } from '../../clock.js';
import { invalidParameter, noFilter } from '../../errors.js';
import type { Query } from '../../oauth/consent.js';
import { Settings } from '../../settings.js';
import { listOf, oneOf, partsOf } from '../parameters.js';
import { Playlists } from '../playlists/playlists.js';
import { OfChannel, Serves } from '../youtube-api.js';
import { readVideo } from './read-video.js';
import { READ_PARTS, viewVideo, type ReadPart } from './video-view.js';
import { replaced, type Video } from './video.js';
import { Videos } from './videos.js';

/** YouTube's limit for one question (videos). */
const MOST_IDS = 50;

@Controller('youtube/youtube/v3')
export class VideosController {
  constructor(
    private readonly videos: Videos,
    private readonly playlists: Playlists,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  @Get('videos')
  @Serves('list')
  list(@OfChannel() viewer: string, @QueryParameters() query: Query): object {
    const parts = partsOf(query, READ_PARTS);
    const ids = listOf(query, 'id');
    if (ids.length === 0) throw noFilter(['id']);
    if (ids.length > MOST_IDS) throw invalidParameter('id', `At most ${MOST_IDS} ids can be asked for at once.`);
    // An unknown id is no error: it is only not among the items.
    const found = [...new Set(ids)].map((id) => this.videos.seen(id, viewer)).filter((video) => video !== null);
    return {
      kind: 'youtube#videoListResponse',
      items: found.map((video) => this.view(video, parts, viewer)),
      pageInfo: { totalResults: found.length, resultsPerPage: found.length },
    };
  }

  @Put('videos')
  @Serves('update')
  update(@OfChannel() channelId: string, @QueryParameters() query: Query, @Body() body: unknown): object {
    const { resource, parts } = readVideo(body, query);
    const video = this.videos.own(resource.text('id') ?? '', channelId);
    this.videos.describe(video, replaced(video, resource, parts));
    return this.view(video, parts, channelId);
  }

  @Delete('videos')
  @HttpCode(204)
  @Serves('delete')
  delete(@OfChannel() channelId: string, @QueryParameters() query: Query): void {
    const video = this.videos.own(oneOf(query, 'id'), channelId);
    video.isDeleted = true;
    this.playlists.forget(video.id);
  }

  private view(video: Video, parts: readonly ReadPart[], viewer: string): object {
    return viewVideo(video, parts, { now: this.clock.now(), viewer, privacyShown: this.settings.current.privacy_shown });
  }
}
