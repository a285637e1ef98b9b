import { createHash } from 'node:crypto';
import { Body, Controller, Get, Headers, HttpCode, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { WireError } from '../answer.js';
import { urlOf } from '../files.js';
import { Ledger } from '../ledger.js';
import { GoogleAccounts } from './accounts.js';
import { Videos, type UploadSession, type VideoResource } from './videos.js';

const UNIT = 256 * 1024;

interface VideoBody {
  id?: string;
  snippet?: Partial<VideoResource['snippet']>;
  status?: Partial<VideoResource['status']>;
}

/** An error as YouTube answers it. */
function refuse(code: number, reason: string, message: string): WireError {
  return new WireError(code, { error: { code, message, errors: [{ message, domain: 'youtube', reason }] } });
}

@Controller('youtube')
export class YouTubeController {
  constructor(
    private readonly accounts: GoogleAccounts,
    private readonly videos: Videos,
    private readonly ledger: Ledger,
  ) {}

  @Get('youtube/v3/channels')
  channels(@Headers('authorization') authorization: string | undefined): object {
    return { kind: 'youtube#channelListResponse', items: [{ kind: 'youtube#channel', id: this.channel(authorization) }] };
  }

  @Get('youtube/v3/videos')
  list(@Headers('authorization') authorization: string | undefined, @Query('id') ids = ''): object {
    const channelId = this.channel(authorization);
    // An unknown id is no error: it is only not among the items.
    const items = ids
      .split(',')
      .map((id) => this.videos.find(id, channelId))
      .filter((video) => video !== null);
    return { kind: 'youtube#videoListResponse', items };
  }

  @Put('youtube/v3/videos')
  update(@Headers('authorization') authorization: string | undefined, @Body() body: VideoBody): object {
    const video = this.videos.find(body.id ?? '', this.channel(authorization));
    if (!video) throw refuse(404, 'videoNotFound', 'The video that you are trying to update cannot be found.');
    // The whole part is replaced; what was left out is gone, and privacy left out is public.
    this.videos.replaceStatus(video.id, { privacyStatus: 'public', uploadStatus: video.status.uploadStatus, ...body.status });
    this.ledger.record({ provider: 'youtube', operation: 'update', usd: 0 });
    return this.videos.find(video.id, video.snippet.channelId) ?? {};
  }

  @Post('upload/youtube/v3/videos')
  @HttpCode(200)
  open(
    @Headers() headers: Record<string, string | undefined>,
    @Query('uploadType') type: string,
    @Body() body: VideoBody,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    const channelId = this.channel(headers.authorization);
    const total = Number(headers['x-upload-content-length']);
    if (type !== 'resumable' || !Number.isInteger(total) || total <= 0)
      throw refuse(400, 'invalidRequest', 'Only resumable uploads of a stated length are served.');
    const { title = '', description = '' } = body.snippet ?? {};
    if (!title.trim() || title.length > 100 || /[<>]/.test(title))
      throw refuse(400, 'invalidTitle', 'The request metadata specifies an invalid or empty video title.');
    if (Buffer.byteLength(description) > 5_000 || /[<>]/.test(description))
      throw refuse(400, 'invalidDescription', 'The request metadata specifies an invalid video description.');
    const resource: UploadSession['resource'] = {
      snippet: { ...body.snippet, title, channelId },
      status: { privacyStatus: 'public', ...body.status, uploadStatus: 'uploaded' },
    };
    const id = this.videos.open({ channelId, total, received: 0, hash: createHash('sha256'), resource, video: null });
    this.ledger.record({ provider: 'youtube', operation: 'upload', usd: 0 });
    response.set('location', urlOf(request, `/youtube/upload/youtube/v3/videos?uploadType=resumable&upload_id=${id}`)).end();
  }

  @Put('upload/youtube/v3/videos')
  async send(
    @Headers('content-range') range = '',
    @Query('upload_id') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const session = this.videos.session(id);
    if (!session) throw refuse(404, 'notFound', 'The upload session is not known.');
    if (session.video) {
      request.resume();
      response.status(200).json(session.video);
      return;
    }
    const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(range) ?? [];
    if (total === undefined || Number(total) !== session.total)
      throw refuse(400, 'badRequest', 'Content-Range does not fit the announced length.');
    if (first !== undefined) await this.take(session, Number(first), Number(last), request);
    if (session.received === session.total) {
      response.status(201).json(this.videos.publish(session));
      return;
    }
    if (session.received > 0) response.set('range', `bytes=0-${session.received - 1}`);
    response.status(308).end();
  }

  private async take(session: UploadSession, first: number, last: number, request: Request): Promise<void> {
    const whole = last + 1 === session.total;
    if (first !== session.received || (!whole && (last + 1 - first) % UNIT !== 0))
      throw refuse(400, 'badRequest', 'Chunks must follow each other and be multiples of 256 KiB.');
    for await (const piece of request as AsyncIterable<Buffer>) {
      session.hash.update(piece);
      session.received += piece.length;
    }
  }

  private channel(authorization: string | undefined): string {
    const channelId = this.accounts.channelOf(authorization);
    if (!channelId) throw refuse(401, 'authError', 'Invalid Credentials');
    return channelId;
  }
}

/** What people would see on YouTube, and which channels there are. */
@Controller('simulator/youtube')
export class YouTubeViewerController {
  constructor(
    private readonly accounts: GoogleAccounts,
    private readonly videos: Videos,
  ) {}

  @Get('videos')
  list(): object[] {
    return this.videos.list();
  }

  @Get('channels')
  channels(): string[] {
    return this.accounts.channels;
  }
}
