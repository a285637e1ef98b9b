import { elevenLabsAccess, prices, settings, type Settings } from '#config';
import { written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Has each scene's narration spoken in the channel's voice, with the time of every word. */
@Injectable()
export class AudioStage implements Stage<'audio'> {
  private readonly simulated: boolean;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.simulated = elevenLabsAccess(settings).simulated;
  }

  readonly narrations: StepHandler<'narration'> = {
    plan: (_task, storyboard) => written(storyboard).scenes.map(({ narration }) => ({ text: narration })),
    make: async ({ task: { channel }, input, run }) => {
      const { simulated } = this;
      const amountUsd = prices(this.settings).narration(input.text.length);
      const { model, words } = await run(
        'generate-audio',
        { text: input.text, voice: channel.voice_id, language: channel.language },
        {
          provider: 'elevenlabs',
          operation: 'narration',
          amountUsd,
          exactly: ({ characters }) => prices(this.settings).narration(characters),
          simulated,
        },
      );
      return { result: { model, words }, simulated };
    },
  };
}
