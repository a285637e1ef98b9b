import { elevenLabsAccess, prices, settings, type Settings } from '#config';
import { narrationSeconds } from '#pipeline';
import { ScriptRunner, written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Lengths that the provider accepts (s). */
const SHORTEST = 0.5;
const LONGEST = 30;

/** Makes what is heard in each scene besides the voice. */
@Injectable()
export class SfxStage implements Stage<'sfx'> {
  private readonly simulated: boolean;

  constructor(
    private readonly scripts: ScriptRunner,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.simulated = elevenLabsAccess(settings).simulated;
  }

  readonly sound_effects: StepHandler<'sound_effect'> = {
    plan: (_task, storyboard) =>
      written(storyboard).scenes.map(({ effect, narration }) => ({
        prompt: effect,
        seconds: Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(narrationSeconds(narration)))),
      })),
    make: async ({ input, out, signal }) => {
      const result = await this.scripts.run('generate-sound-effects', { prompt: input.prompt, seconds: input.seconds, out }, { signal });
      const { simulated } = this;
      return {
        result,
        cost: { provider: 'elevenlabs', operation: 'sound_effect', amountUsd: prices(this.settings).soundEffect(), simulated },
        simulated,
      };
    },
  };
}
