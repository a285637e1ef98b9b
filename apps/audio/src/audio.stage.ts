import { prices, providerOf, settings, type Settings } from '#config';
import { spoken } from '#pipeline';
import type { Reached } from '#providers/registry';
import { written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Has each scene's narration spoken in the channel's voice, with the time of every word. */
@Injectable()
export class AudioStage implements Stage<'audio'> {
  private readonly speaker: Pick<Reached<'speech'>, 'name' | 'simulated'>;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.speaker = providerOf('speech', settings);
  }

  readonly narrations: StepHandler<'narration'> = {
    plan: (_task, storyboard) => {
      const { scenes } = written(storyboard);
      const said = (index: number) => scenes[index]?.narration ?? '';
      return scenes.map(({ narration }, index) => ({ text: narration, before: said(index - 1), after: said(index + 1) }));
    },
    make: async ({ task: { channel }, input, run }) => {
      const { name: provider, simulated } = this.speaker;
      const { pronunciations = [], voice_id: voice, language } = channel;
      const { text, before, after } = input;
      const amountUsd = prices(this.settings).narration(spoken(text, pronunciations).length);
      const { model, words } = await run(
        'generate-audio',
        {
          ...{ text, voice, language, say: pronunciations.map(({ word, say }) => `${word}=${say}`) },
          ...(before && { before }),
          ...(after && { after }),
        },
        {
          provider,
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
