import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { AssetStage } from './asset.stage.js';
import { StoryboardWriter } from './storyboard-writer.js';

@Module({ imports: [StageModule.forStage('asset', AssetStage, [StoryboardWriter])] })
export class AssetModule {}
