import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { Database } from '#database';
import { ITEM_KINDS, STEPS, type ItemInputs, type ItemKind, type ItemResults, type StageName } from '#pipeline';
import { StageModule, startService, type Item, type Made, type Stage, type StepHandler } from '#stage';
import { intendCall } from '#testing';
import { Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** What each paid item costs here (USD): powers of two in cents, so that a sum tells what it is made of. */
const COSTS_USD: Partial<Record<ItemKind, number>> = {
  storyboard: 0.01,
  image: 0.02,
  clip: 0.04,
  narration: 0.08,
  sound_effect: 0.16,
};
/** What a video of one scene and these costs comes to. */
export const VIDEO_COST_USD = Math.round(Object.values(COSTS_USD).reduce((sum, usd) => sum + usd * 100, 0)) / 100;

const INPUTS: ItemInputs = {
  storyboard: {},
  image: { key: 'reef', role: 'environment', prompt: 'a reef', references: [] },
  composite: { layout: 'full_frame', images: ['reef'] },
  clip: { motion: 'still', seconds: 1 },
  narration: { text: 'The sea is old.', before: '', after: '' },
  sound_effect: { prompt: 'waves', seconds: 2 },
  cut: { scenes: 1 },
  caption: { language: 'en' },
  thumbnail: { title: 'The Reef' },
  publication: { title: 't', description: '', tags: [] },
};
const STORYBOARD: ItemResults['storyboard']['storyboard'] = {
  title: 'The Reef',
  description: 'A reef.',
  tags: ['sea'],
  research: ['Reefs grow slowly.'],
  characters: [],
  images: [{ key: 'reef', role: 'environment', prompt: 'a reef', characters: [] }],
  scenes: [{ narration: 'The sea is old.', layout: 'full_frame', images: ['reef'], motion: 'still', effect: 'waves', chapter: '' }],
};
const resultOf = (kind: ItemKind, taskId: string): ItemResults[ItemKind] => {
  const results: ItemResults = {
    storyboard: { model: 'hands', storyboard: STORYBOARD, estimate: { scenes: 1, images: 1, seconds: 2, usd: VIDEO_COST_USD - 0.01 } },
    image: { model: 'hands' },
    composite: {},
    clip: { model: 'hands' },
    narration: { model: 'hands', words: [] },
    sound_effect: { model: 'hands' },
    cut: { scenes: [{ start_ms: 0, duration_ms: 1_000 }] },
    caption: { captions: 1 },
    thumbnail: { at_ms: 500 },
    publication: { video_id: taskId, url: `https://youtu.be/${taskId}`, privacy: 'private' },
  };
  return results[kind];
};

/** The six services, which work as ever, but make each item in no time: the same small file, with a cost. For tests of what is around the making. */
export class Hands {
  private constructor(
    private readonly services: readonly INestApplicationContext[],
    private readonly folder: string,
  ) {}

  /** Starts them on the settings of this process. */
  static async start(): Promise<Hands> {
    const folder = await mkdtemp(join(tmpdir(), 'hands-'));
    const files = await makeFiles(folder);
    const stages = Map.groupBy(STEPS, ({ stage }) => stage);
    const services: INestApplicationContext[] = [];
    for (const [stage, steps] of stages) services.push(await startService(moduleFor(stage, steps, files)));
    return new Hands(services, folder);
  }

  async close(): Promise<void> {
    for (const service of this.services) await service.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function moduleFor(stage: StageName, steps: typeof STEPS, files: ReadonlyMap<string, string>): Type {
  class HandsOfStage {
    readonly stage = stage;

    constructor(dataSource: DataSource) {
      for (const { name, item } of steps) Object.assign(this, { [name]: handlerOf(item, files, dataSource) });
    }
  }
  Reflect.defineMetadata('design:paramtypes', [DataSource], HandsOfStage);

  @Module({ imports: [StageModule.forStage(stage, HandsOfStage as Type as Type<Stage<typeof stage>>)] })
  class HandsModule {}
  return HandsModule;
}

function handlerOf(kind: ItemKind, files: ReadonlyMap<string, string>, dataSource: DataSource): StepHandler<ItemKind> {
  return {
    plan: () => [INPUTS[kind]],
    make: async ({ out, task }: Item<ItemKind>): Promise<Made<ItemKind>> => {
      const file = files.get(kind);
      if (file) await copyFile(file, out);
      else await writeFile(out, '{}');
      await pay(kind, task.id, dataSource);
      return { result: resultOf(kind, task.id), simulated: true };
    },
  };
}

async function pay(kind: ItemKind, taskId: string, dataSource: DataSource): Promise<void> {
  const database = new Database(dataSource.manager);
  const amountUsd = COSTS_USD[kind];
  const artifact = (await database.artifacts.ofTask(taskId)).find((one) => one.kind === kind);
  if (!amountUsd || !artifact) return;
  const { channelId, id: artifactId } = artifact;
  const call = await intendCall(dataSource, {
    channelId,
    taskId,
    artifactId,
    provider: 'kie',
    operation: kind,
    amountUsd,
    simulated: true,
  });
  await database.costs.settle(call.id, { state: 'billed' });
  await database.artifacts.charge(artifactId, amountUsd);
}

/** A small file of each kind that is media, by kind. */
async function makeFiles(folder: string): Promise<Map<string, string>> {
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:d=1:r=25'];
  const sound = ['-f', 'lavfi', '-i', 'sine=d=1'];
  const made: Partial<Record<ItemKind, string[]>> = {
    image: [...picture, '-frames:v', '1', 'image.png'],
    composite: [...picture, '-frames:v', '1', 'composite.png'],
    clip: [...picture, '-preset', 'ultrafast', 'clip.mp4'],
    narration: [...sound, 'narration.mp3'],
    sound_effect: [...sound, 'sound_effect.wav'],
    thumbnail: [...picture, '-frames:v', '1', '-s', '1280x720', 'thumbnail.jpg'],
    cut: [...picture, ...sound, '-preset', 'ultrafast', '-shortest', 'cut.mp4'],
  };
  const files = new Map<string, string>();
  for (const kind of ITEM_KINDS) {
    const args = made[kind];
    if (!args) continue;
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...args], { cwd: folder });
    files.set(kind, join(folder, `${kind}${extname(args.at(-1) ?? '')}`));
  }
  return files;
}
