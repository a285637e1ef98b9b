import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { AudioStage } from './audio.stage.js';

@Module({ imports: [StageModule.forStage('audio', AudioStage)] })
export class AudioModule {}
