import { StageModule } from '#stage';
import { Module } from '@nestjs/common';
import { AssemblyStage } from './assembly.stage.js';

@Module({ imports: [StageModule.forStage('assembly', AssemblyStage)] })
export class AssemblyModule {}
