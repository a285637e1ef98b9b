import { clipLengths, prices, providerOf, settings, type Settings } from '#config';
import type { ArtifactRow } from '#database';
import { clipLength, motionPrompt, permanent } from '#pipeline';
import type { Reached } from '#providers/registry';
import { written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Composes the images into one picture a scene, then has each picture brought to life. */
@Injectable()
export class VideoStage implements Stage<'video'> {
  private readonly maker: Pick<Reached<'clip'>, 'name' | 'simulated'>;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.maker = providerOf('clip', settings);
  }

  readonly composites: StepHandler<'composite'> = {
    plan: (_task, storyboard) => written(storyboard).scenes.map(({ layout, images }) => ({ layout, images })),
    make: async ({ input, ready, file, run }) => {
      const all = await ready('image');
      const images = input.images.map((key) => imageOf(all, key));
      const [first, second] = images.map(file) as [string, string?];
      if (input.layout === 'split_screen' && second) {
        await run('create-split-screen', { left: first, right: second });
      } else {
        await run('create-composite', { environment: first, ...(second && { character: second }) });
      }
      return { result: {}, simulated: images.some(({ simulated }) => simulated) };
    },
  };

  readonly clips: StepHandler<'clip'> = {
    plan: (_task, storyboard) => {
      const [story, lengths] = [written(storyboard), clipLengths(this.settings)];
      return story.scenes.map((scene) => ({ motion: motionPrompt(story, scene), seconds: clipLength(scene.narration, lengths) }));
    },
    make: async ({ input, position, ready, file, providerJobId, run }) => {
      const composite = (await ready('composite'))[position];
      if (!composite) throw missing('composite', position);
      const { name: provider, simulated } = this.maker;
      const result = await run(
        'generate-video',
        { image: file(composite), motion: input.motion, seconds: input.seconds, ...(providerJobId && { job: providerJobId }) },
        { provider, operation: 'clip', amountUsd: prices(this.settings).clip(input.seconds), simulated },
      );
      return { result, simulated: simulated || composite.simulated };
    },
  };
}

function imageOf(images: readonly ArtifactRow<'image'>[], key: string): ArtifactRow<'image'> {
  const image = images.find(({ input }) => input.key === key);
  if (!image) throw missing(`image "${key}"`);
  return image;
}

function missing(what: string, position?: number) {
  const which = position === undefined ? what : `${what} ${position + 1}`;
  return permanent({
    code: 'ITEM_MISSING',
    message: `The ${which} is not ready`,
    userMessage: `The ${which} that this scene is made from is missing. Ask for it to be made again.`,
  });
}
