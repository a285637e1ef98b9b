import { Controller, Get, HttpCode, Post, Query as QueryParameters, Req } from '@nestjs/common';
import type { Request } from 'express';
import { missingParameter, refused } from '../../errors.js';
import type { Query } from '../../oauth/consent.js';
import { oneOf, partsOf, pick } from '../parameters.js';
import { Resource } from '../resource.js';
import { badRequest } from '../uploads/bad-request.js';
import { readRelatedParts } from '../uploads/multipart.js';
import { charactersOf } from '../videos/metadata.js';
import { Videos } from '../videos/videos.js';
import { OfChannel, Serves } from '../youtube-api.js';
import { Captions, viewCaption, type Caption } from './captions.js';

/** YouTube's limit for a track (bytes), and for its name (characters). */
const [LARGEST_TRACK, LONGEST_NAME] = [100 * 1024 * 1024, 150];
const DOMAIN = 'youtube.caption';
const PARTS = ['id', 'snippet'] as const;

@Controller('youtube')
export class CaptionsController {
  constructor(
    private readonly captions: Captions,
    private readonly videos: Videos,
  ) {}

  @Get('youtube/v3/captions')
  @Serves('captions')
  list(@OfChannel() channelId: string, @QueryParameters() query: Query): object {
    const parts = partsOf(query, PARTS);
    const videoId = oneOf(query, 'videoId');
    if (!videoId) throw missingParameter('videoId');
    const video = this.videos.own(videoId, channelId);
    return { kind: 'youtube#captionListResponse', items: this.captions.of(video.id).map((caption) => shown(caption, parts)) };
  }

  /** Google's client sends the track's description and its text in one request. */
  @Post('upload/youtube/v3/captions')
  @HttpCode(200)
  @Serves('caption')
  async insert(@OfChannel() channelId: string, @QueryParameters() query: Query, @Req() request: Request): Promise<object> {
    const parts = partsOf(query, PARTS);
    if (oneOf(query, 'uploadType') !== 'multipart') throw badRequest('Only the upload type multipart is simulated for captions.');
    const { json, media } = await readRelatedParts(request, LARGEST_TRACK);
    const snippet = Resource.of(json).at('snippet');
    snippet.checkNames(['videoId', 'language', 'name', 'isDraft']);
    const [videoId, language, name] = [snippet.text('videoId'), snippet.text('language'), snippet.text('name')];
    if (!videoId || !language || name === undefined || charactersOf(name) > LONGEST_NAME)
      throw refused(400, 'invalidMetadata', 'The request contains invalid metadata values, which prevent the track from being created.', {
        domain: DOMAIN,
      });
    const video = this.videos.own(videoId, channelId);
    if (media.bytes === 0)
      throw refused(400, 'contentRequired', 'The request does not contain the caption track contents.', { domain: DOMAIN });
    const { bytes, sha256 } = media;
    const isDraft = snippet.flag('isDraft') ?? false;
    return shown(this.captions.add({ videoId: video.id, language, name, isDraft, bytes, sha256 }), parts);
  }
}

function shown(caption: Caption, parts: readonly string[]): object {
  const { kind, id, snippet } = viewCaption(caption);
  return { kind, id, ...pick(parts, { snippet }) };
}
