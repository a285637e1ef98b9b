import 'reflect-metadata';
import { Workspace } from '#media';
import type { StageName } from '#pipeline';
import { ItemFiles, ScriptRunner, endInOrder, startService } from '#stage';
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { AssemblyModule } from '../../apps/assembly/src/assembly.module.js';
import { AssetModule } from '../../apps/asset/src/asset.module.js';
import { AudioModule } from '../../apps/audio/src/audio.module.js';
import { SfxModule } from '../../apps/sfx/src/sfx.module.js';
import { VideoModule } from '../../apps/video/src/video.module.js';
import { UninspectedFiles } from './files.js';
import { Recorder } from './record.js';
import { ModelledScripts, type Timing } from './scripts.js';

/** Stages that the benchmark runs: a video is finished when it waits for its final review. */
export type BenchStage = Exclude<StageName, 'upload'>;

/** What a worker process is told, as JSON, by its first argument. */
export interface WorkerOrder {
  readonly stages: readonly BenchStage[];
  readonly timing: Timing;
  /** Where it writes down its calls. */
  readonly records: string;
  /** Folder of the small files. */
  readonly media: string;
}

const MODULES: Readonly<Record<BenchStage, Type>> = {
  asset: AssetModule,
  video: VideoModule,
  audio: AudioModule,
  sfx: SfxModule,
  assembly: AssemblyModule,
};
/** Longer than any item of the model takes (ms). */
const END_WITHIN_MS = 20_000;

/** A stage's module as it is deployed, but for what makes media and what looks at it. */
function modelled(module: Type, scripts: ModelledScripts): Type {
  const [stage] = Reflect.getMetadata('imports', module) as [DynamicModule];
  const replaced = (provider: Provider): Provider => {
    if (provider === ScriptRunner) return { provide: ScriptRunner, useValue: scripts };
    if (provider === ItemFiles)
      return { provide: ItemFiles, inject: [Workspace], useFactory: (workspace: Workspace) => new UninspectedFiles(workspace) };
    return provider;
  };
  const providers = stage.providers?.map(replaced) ?? [];
  for (const token of [ScriptRunner, ItemFiles])
    if (stage.providers?.includes(token) !== true)
      throw new Error(`${module.name} does not provide ${token.name}, which was to be replaced`);
  @Module({ imports: [{ ...stage, providers }] })
  class ModelledModule {}
  return ModelledModule;
}

if (import.meta.main) {
  const { stages, timing, records, media } = JSON.parse(process.argv[2] ?? '') as WorkerOrder;
  const scripts = new ModelledScripts(timing, new Recorder(records), media);
  for (const stage of stages) endInOrder(await startService(modelled(MODULES[stage], scripts)), END_WITHIN_MS);
  process.stdout.write(`worker of ${stages.join(', ')} is up\n`);
}
