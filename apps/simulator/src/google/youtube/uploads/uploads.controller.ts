import { Body, Controller, HttpCode, Post, Put, Query as QueryParameters, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { urlOf } from '../../../files.js';
import { Clock } from '../../clock.js';
import { backendError, mediaBodyRequired } from '../../errors.js';
import type { Query } from '../../oauth/consent.js';
import { Settings } from '../../settings.js';
import { oneOf } from '../parameters.js';
import { readVideo } from '../videos/read-video.js';
import { viewVideo, type ReadPart } from '../videos/video-view.js';
import { readMetadata, type UploadedFile } from '../videos/video.js';
import { Videos } from '../videos/videos.js';
import { OfChannel, Serves } from '../youtube-api.js';
import { badRequest } from './bad-request.js';
import { readRelatedParts } from './multipart.js';
import { checkChunk, takeChunk } from './receiving.js';
import { OfSession, SessionGuard, type SessionRequest } from './session.guard.js';
import { Sessions, type UploadSession } from './sessions.js';

/** YouTube's limit for a file (bytes): 256 GB. */
const LARGEST_VIDEO = 256e9;
const UNKNOWN_LENGTH = '';

@Controller('youtube/upload/youtube/v3/videos')
export class UploadsController {
  constructor(
    private readonly sessions: Sessions,
    private readonly videos: Videos,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** Announces a video: all that is wrong with what is said of it shows now, before a byte is sent. */
  @Post()
  @HttpCode(200)
  @Serves((request) => (request.query.uploadType === 'multipart' ? 'multipart' : 'open'))
  async insert(
    @OfChannel() channelId: string,
    @QueryParameters() query: Query,
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object | undefined> {
    this.videos.checkLimit(channelId);
    const type = oneOf(query, 'uploadType');
    if (type === 'multipart') return this.takeWhole(channelId, query, request);
    if (type !== 'resumable') throw badRequest('Only the upload types resumable and multipart are simulated.');
    const { resource, parts } = readVideo(body, query);
    const metadata = readMetadata(resource, parts);
    const length = request.get('x-upload-content-length') ?? UNKNOWN_LENGTH;
    const total = length === UNKNOWN_LENGTH ? null : Number(length);
    if (total !== null && !Number.isInteger(total)) throw badRequest('X-Upload-Content-Length must be a number of bytes.');
    if (total !== null && (total <= 0 || total > LARGEST_VIDEO)) throw mediaBodyRequired();
    const id = this.sessions.open({ channelId, metadata, parts, total });
    const address = new URLSearchParams({ uploadType: type, part: parts.join(','), upload_id: id });
    response.set('location', urlOf(request, `/youtube/upload/youtube/v3/videos?${address.toString()}`));
    return undefined;
  }

  @Put()
  @UseGuards(SessionGuard)
  async send(
    @OfSession() { session, range, planned }: SessionRequest,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object | undefined> {
    if (session.completion) request.resume();
    else if (range.asks) {
      if (session.total !== null && range.total !== session.total)
        throw badRequest(`The upload was announced with ${session.total} bytes, not ${range.total}.`);
    } else {
      checkChunk(session, range, request);
      session.total = range.total;
      await takeChunk(session, range, request, planned);
      if (session.kept.length === session.total) this.complete(session);
    }
    if (planned?.answer === 'saved_but_unavailable') throw backendError(503);
    if (session.completion) {
      response.status(session.completion.status);
      return session.completion.body;
    }
    response.status(308);
    if (session.kept.length > 0) response.set('range', `bytes=0-${session.kept.length - 1}`);
    return undefined;
  }

  /** The way of Google's own client: everything in one request, of which nothing is left after a cut. */
  private async takeWhole(channelId: string, query: Query, request: Request): Promise<object> {
    const { json, media } = await readRelatedParts(request, LARGEST_VIDEO);
    if (media.bytes === 0) throw mediaBodyRequired();
    const { resource, parts } = readVideo(json, query);
    return this.publish({ channelId, metadata: readMetadata(resource, parts), bytes: media.bytes, sha256: media.sha256 }, parts);
  }

  private complete(session: UploadSession): void {
    // A request that another has taken over from ends later, and must not publish once more.
    if (session.completion) return;
    const { channelId, metadata, kept } = session;
    const body = this.publish({ channelId, metadata, bytes: kept.length, sha256: kept.sha256() }, session.parts);
    session.completion = { status: this.settings.current.completion_status, body };
  }

  /** The video as YouTube shows it when it has just come: not processed yet, however fast that will be. */
  private publish(file: UploadedFile, parts: readonly ReadPart[]): object {
    const video = this.videos.add(file);
    const now = Math.min(this.clock.now(), video.fate.at - 1);
    return viewVideo(video, parts, { now, viewer: file.channelId, privacyShown: this.settings.current.privacy_shown });
  }
}
