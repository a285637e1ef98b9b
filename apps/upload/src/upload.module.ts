import { ChannelGrants } from '#grants';
import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { UploadStage } from './upload.stage.js';

@Module({ imports: [StageModule.forStage('upload', UploadStage, [ChannelGrants])] })
export class UploadModule {}
