import { elevenLabsAccess, prices, settings, type Settings } from '#config';
import { ScriptRunner, written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Has each scene's narration spoken in the channel's voice, with the time of every word. */
@Injectable()
export class AudioStage implements Stage<'audio'> {
  private readonly simulated: boolean;

  constructor(
    private readonly scripts: ScriptRunner,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.simulated = elevenLabsAccess(settings).simulated;
  }

  readonly narrations: StepHandler<'narration'> = {
    plan: (_task, storyboard) => written(storyboard).scenes.map(({ narration }) => ({ text: narration })),
    make: async ({ task: { channel }, input, out, signal }) => {
      const { model, words, characters } = await this.scripts.run(
        'generate-audio',
        { text: input.text, voice: channel.voice_id, language: channel.language, out },
        { signal },
      );
      const { simulated } = this;
      const amountUsd = prices(this.settings).narration(characters);
      return { result: { model, words }, cost: { provider: 'elevenlabs', operation: 'narration', amountUsd, simulated }, simulated };
    },
  };
}
