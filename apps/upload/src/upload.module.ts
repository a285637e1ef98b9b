import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { ChannelGrants } from './channel-grants.js';
import { UploadStage } from './upload.stage.js';

@Module({ imports: [StageModule.forStage('upload', UploadStage, [ChannelGrants])] })
export class UploadModule {}
