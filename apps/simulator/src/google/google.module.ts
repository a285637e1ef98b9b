import { Module } from '@nestjs/common';
import { GoogleAccounts } from './accounts.js';
import { OAuthController } from './oauth.controller.js';
import { Videos } from './videos.js';
import { YouTubeController, YouTubeViewerController } from './youtube.controller.js';

@Module({ controllers: [OAuthController, YouTubeController, YouTubeViewerController], providers: [GoogleAccounts, Videos] })
export class GoogleModule {}
