import { Module } from '@nestjs/common';
import { Clock } from './clock.js';
import { YouTubeControlController } from './control.controller.js';
import { CallCounts } from './edge/call-counts.js';
import { Edge } from './edge/edge.js';
import { Grants } from './oauth/grants.js';
import { OAuthController } from './oauth/oauth.controller.js';
import { Settings } from './settings.js';
import { CaptionsController } from './youtube/captions/captions.controller.js';
import { Captions } from './youtube/captions/captions.js';
import { ChannelsController } from './youtube/channels.controller.js';
import { PlaylistItemsController } from './youtube/playlists/playlist-items.controller.js';
import { PlaylistsController } from './youtube/playlists/playlists.controller.js';
import { Playlists } from './youtube/playlists/playlists.js';
import { Quota } from './youtube/quota.js';
import { Sessions } from './youtube/uploads/sessions.js';
import { ThumbnailsController } from './youtube/uploads/thumbnails.controller.js';
import { UploadsController } from './youtube/uploads/uploads.controller.js';
import { VideosController } from './youtube/videos/videos.controller.js';
import { Videos } from './youtube/videos/videos.js';

const API = [
  ChannelsController,
  UploadsController,
  ThumbnailsController,
  VideosController,
  PlaylistsController,
  PlaylistItemsController,
  CaptionsController,
];

@Module({
  controllers: [OAuthController, ...API, YouTubeControlController],
  providers: [Settings, Clock, CallCounts, Edge, Grants, Quota, Sessions, Videos, Captions, Playlists],
})
export class GoogleModule {}
