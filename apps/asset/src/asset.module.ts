import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { AssetStage } from './asset.stage.js';

@Module({ imports: [StageModule.forStage('asset', AssetStage)] })
export class AssetModule {}
