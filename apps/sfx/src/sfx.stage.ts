import { prices, providerOf, settings, type Settings } from '#config';
import { narrationSeconds } from '#pipeline';
import type { Reached } from '#providers/registry';
import { written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Lengths that the provider accepts (s). */
const SHORTEST = 0.5;
const LONGEST = 30;

/** Makes what is heard in each scene besides the voice. */
@Injectable()
export class SfxStage implements Stage<'sfx'> {
  private readonly maker: Pick<Reached<'effect'>, 'name' | 'simulated'>;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.maker = providerOf('effect', settings);
  }

  readonly sound_effects: StepHandler<'sound_effect'> = {
    plan: (_task, storyboard) =>
      written(storyboard).scenes.map(({ effect, narration }) => ({
        prompt: effect,
        seconds: Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(narrationSeconds(narration)))),
      })),
    make: async ({ input: { prompt, seconds }, run }) => {
      const { name: provider, simulated } = this.maker;
      const amountUsd = prices(this.settings).soundEffect();
      const result = await run(
        'generate-sound-effects',
        { prompt, seconds },
        { provider, operation: 'sound_effect', amountUsd, simulated },
      );
      return { result, simulated };
    },
  };
}
