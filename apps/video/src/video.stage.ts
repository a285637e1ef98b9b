import { kieAccess, prices, settings, type Settings } from '#config';
import type { ArtifactRow } from '#database';
import { narrationSeconds, permanent, type ClipSeconds } from '#pipeline';
import { written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Composes the images into one picture a scene, then has each picture brought to life. */
@Injectable()
export class VideoStage implements Stage<'video'> {
  private readonly simulated: boolean;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.simulated = kieAccess(settings).simulated;
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
    plan: (_task, storyboard) => written(storyboard).scenes.map(({ motion, narration }) => ({ motion, seconds: clipSeconds(narration) })),
    make: async ({ input, position, ready, file, providerJobId, run }) => {
      const composite = (await ready('composite'))[position];
      if (!composite) throw missing('composite', position);
      const { simulated } = this;
      const result = await run(
        'generate-video',
        { image: file(composite), motion: input.motion, seconds: input.seconds, ...(providerJobId && { job: providerJobId }) },
        { provider: 'kie', operation: 'clip', amountUsd: prices(this.settings).clip(input.seconds), simulated },
      );
      return { result, simulated: simulated || composite.simulated };
    },
  };
}

/** The shortest clip that the narration will fit in; the cut holds the last frame when the voice takes longer after all. */
function clipSeconds(narration: string): ClipSeconds {
  return narrationSeconds(narration) <= 5 ? 5 : 10;
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
