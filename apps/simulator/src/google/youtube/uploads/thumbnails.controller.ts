import { Controller, HttpCode, Post, Query as QueryParameters, Req } from '@nestjs/common';
import type { Request } from 'express';
import { Clock } from '../../clock.js';
import { GLOBAL, forbidden, mediaBodyRequired, missingParameter, refused } from '../../errors.js';
import type { Query } from '../../oauth/consent.js';
import { Settings } from '../../settings.js';
import { oneOf } from '../parameters.js';
import { thumbnailsOf, uploadStatusOf } from '../videos/video-view.js';
import { Videos } from '../videos/videos.js';
import { OfChannel, Serves } from '../youtube-api.js';
import { badRequest } from './bad-request.js';
import { readMedia, type Media } from './media.js';

/** YouTube's limit since September 2026 (bytes). */
const LARGEST_THUMBNAIL = 50 * 1024 * 1024;
const TYPES = ['image/jpeg', 'image/png', 'application/octet-stream'];
/** How files of the kinds begin that are taken. */
const BEGINNINGS = { 'image/jpeg': [0xff, 0xd8, 0xff], 'image/png': [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] } as const;

@Controller('youtube/upload/youtube/v3/thumbnails')
export class ThumbnailsController {
  constructor(
    private readonly videos: Videos,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  @Post('set')
  @HttpCode(200)
  @Serves('thumbnail')
  async set(@OfChannel() channelId: string, @QueryParameters() query: Query, @Req() request: Request): Promise<object> {
    const videoId = oneOf(query, 'videoId');
    if (!videoId) throw missingParameter('videoId');
    if (oneOf(query, 'uploadType') !== 'media') throw badRequest('Only the upload type media is simulated for thumbnails.');
    const video = this.videos.own(videoId, channelId);
    const { thumbnails_allowed: isAllowed, shorts: areShorts } = this.settings.current;
    if (areShorts && uploadStatusOf(video, this.clock.now()) !== 'processed')
      throw forbidden("The thumbnail can't be set for the specified video.", 'youtube.thumbnail');
    if (!isAllowed)
      throw forbidden("The authenticated user doesn't have permissions to upload and set custom video thumbnails.", 'youtube.thumbnail');
    const type = request.get('content-type') ?? '';
    if (!TYPES.includes(type))
      throw refused(400, 'badContent', `Media type '${type}' is not supported. Valid media types: [${TYPES.join(', ')}]`, {
        domain: GLOBAL,
      });
    const media = await readMedia(request, LARGEST_THUMBNAIL);
    if (media.bytes === 0) throw mediaBodyRequired();
    const contentType = kindOf(media);
    if (!contentType) throw refused(400, 'invalidImage', 'The provided image content is invalid.', { domain: 'youtube.thumbnail' });
    video.thumbnail = { bytes: media.bytes, sha256: media.sha256, contentType };
    return { kind: 'youtube#thumbnailSetResponse', items: [thumbnailsOf(video.id)] };
  }
}

/** What a picture is by its content, whatever it was called. */
function kindOf({ head }: Media): string | null {
  const found = Object.entries(BEGINNINGS).find(([, beginning]) => beginning.every((byte, index) => head[index] === byte));
  return found?.[0] ?? null;
}
