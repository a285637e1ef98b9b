import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { VideoStage } from './video.stage.js';

@Module({ imports: [StageModule.forStage('video', VideoStage)] })
export class VideoModule {}
