import { StageModule } from '#stage';
import { ChannelGrants, ChannelYouTube, Clock, YouTubeQuota } from '#youtube';
import { Module } from '@nestjs/common';
import { FollowUps } from './follow-ups.js';
import { PublicationRecord } from './publication-record.js';
import { PublicationSteps } from './publication-steps.js';
import { Release } from './release.js';
import { Transfer } from './transfer.js';
import { UploadStage } from './upload.stage.js';

const PROVIDERS = [Clock, ChannelGrants, YouTubeQuota, ChannelYouTube, PublicationRecord, Transfer, PublicationSteps, Release, FollowUps];

@Module({ imports: [StageModule.forStage('upload', UploadStage, PROVIDERS)] })
export class UploadModule {}
