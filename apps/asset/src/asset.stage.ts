import { writeFile } from 'node:fs/promises';
import { geminiAccess, prices, settings, type Settings } from '#config';
import { ScriptRunner, written, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';
import { StoryboardWriter } from './storyboard-writer.js';

/** Writes the storyboard, then makes the images it asks for. */
@Injectable()
export class AssetStage implements Stage<'asset'> {
  private readonly simulated: boolean;

  constructor(
    private readonly writer: StoryboardWriter,
    private readonly scripts: ScriptRunner,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.simulated = geminiAccess(settings).simulated;
  }

  readonly storyboard: StepHandler<'storyboard'> = {
    plan: () => [{}],
    make: async ({ task, out, signal }) => {
      const { storyboard, model, amountUsd } = await this.writer.write(task, signal);
      await writeFile(out, JSON.stringify(storyboard, null, 2));
      const { simulated } = this;
      return { result: { model, storyboard }, cost: { provider: 'gemini', operation: 'storyboard', amountUsd, simulated }, simulated };
    },
  };

  readonly images: StepHandler<'image'> = {
    plan: ({ channel }, storyboard) =>
      written(storyboard).images.map(({ key, role, prompt }) => ({ key, role, prompt: `${prompt} Style: ${channel.style}` })),
    make: async ({ input, out, signal }) => {
      const result = await this.scripts.run('generate-asset', { prompt: input.prompt, out }, { signal });
      const { simulated } = this;
      return { result, cost: { provider: 'gemini', operation: 'image', amountUsd: prices(this.settings).image(), simulated }, simulated };
    },
  };
}
