import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { SfxStage } from './sfx.stage.js';

@Module({ imports: [StageModule.forStage('sfx', SfxStage)] })
export class SfxModule {}
