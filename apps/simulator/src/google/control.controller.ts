import { Body, Controller, Get, HttpCode, Post, Put } from '@nestjs/common';
import { IsOptional, Matches } from 'class-validator';
import { read } from '../control-body.js';
import { Clock } from './clock.js';
import { CallCounts } from './edge/call-counts.js';
import { Grants } from './oauth/grants.js';
import { Settings, YouTubeSettings } from './settings.js';
import { Captions } from './youtube/captions/captions.js';
import { CHANNEL_IDS } from './youtube/channel-ids.js';
import { Playlists } from './youtube/playlists/playlists.js';
import { Quota } from './youtube/quota.js';
import { Sessions } from './youtube/uploads/sessions.js';
import { uploadStatusOf } from './youtube/videos/video-view.js';
import type { Video } from './youtube/videos/video.js';
import { Videos } from './youtube/videos/videos.js';

const CHANNEL_ID = /^UC[\w-]{22}$/;

class ChannelBody {
  @Matches(CHANNEL_ID)
  channel_id: string;
}

class AnyChannelBody {
  /** Left out: every channel. */
  @IsOptional()
  @Matches(CHANNEL_ID)
  channel_id?: string;
}

/** How Google and YouTube are, what has come to them, and what happens to them behind our back. */
@Controller('simulator/youtube')
export class YouTubeControlController {
  constructor(
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly videos: Videos,
    private readonly captions: Captions,
    private readonly playlists: Playlists,
    private readonly sessions: Sessions,
    private readonly quota: Quota,
    private readonly counts: CallCounts,
    private readonly grants: Grants,
  ) {}

  /** Sets all that can be set: what is left out is as it was at the start. What was counted is forgotten, what quota was used is not. */
  @Put()
  set(@Body() body: unknown): YouTubeSettings {
    this.settings.set(read(YouTubeSettings, body));
    return this.settings.current;
  }

  /** Every video that there is or was. */
  @Get('videos')
  list(): object[] {
    return this.videos.all().map((video) => this.view(video));
  }

  @Get('channels')
  channels(): string[] {
    return CHANNEL_IDS;
  }

  /** Every upload session, finished or not. */
  @Get('sessions')
  uploads(): object[] {
    return this.sessions.all().map((session) => ({
      channel_id: session.channelId,
      title: session.metadata.snippet.title,
      state: this.sessions.stateOf(session),
      bytes_announced: session.total,
      bytes_kept: session.kept.length,
      requests: session.requests,
      opened_at: new Date(session.openedAt).toISOString(),
    }));
  }

  /** What the project has used of its quotas, by day of Pacific time. */
  @Get('quota')
  usage(): object[] {
    return this.quota.view();
  }

  /** What has been asked since the settings were last set. */
  @Get('traffic')
  traffic(): object {
    return this.counts.view();
  }

  /** The owner of a channel takes back what was granted: every token dies at once. */
  @Post('revoke')
  @HttpCode(200)
  revoke(@Body() body: unknown): object {
    return { revoked: this.grants.revokeChannel(read(ChannelBody, body).channel_id) };
  }

  /** Upload sessions are known no more, the finished ones neither. */
  @Post('sessions/expire')
  @HttpCode(200)
  expire(@Body() body: unknown): object {
    return { expired: this.sessions.expire(read(AnyChannelBody, body).channel_id ?? null) };
  }

  private view(video: Video): object {
    const { id, channelId, metadata, bytes, sha256, thumbnail } = video;
    const { snippet, status } = metadata;
    const sameName = this.sessions.all().filter((one) => one.channelId === channelId && one.metadata.snippet.title === snippet.title);
    return {
      id,
      channel_id: channelId,
      title: snippet.title,
      description: snippet.description,
      tags: snippet.tags,
      category_id: snippet.categoryId,
      language: snippet.defaultLanguage ?? null,
      audio_language: snippet.defaultAudioLanguage ?? null,
      privacy: status.privacyStatus,
      publish_at: moment(status.publishAt),
      published_at: moment(video.publishedAt),
      made_for_kids: status.selfDeclaredMadeForKids ?? null,
      contains_synthetic_media: status.containsSyntheticMedia ?? null,
      upload_status: uploadStatusOf(video, this.clock.now()),
      bytes,
      sha256,
      thumbnail: thumbnail && { bytes: thumbnail.bytes, sha256: thumbnail.sha256, content_type: thumbnail.contentType },
      captions: this.captions.of(id).map((caption) => ({
        language: caption.language,
        name: caption.name,
        sha256: caption.sha256,
        bytes: caption.bytes,
      })),
      playlists: this.playlists.holding(id),
      // How many uploads were begun under this name: more than one, and somebody has begun anew.
      sessions: sameName.length,
    };
  }
}

function moment(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
