import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { geminiAccess, prices, settings, type Settings } from '#config';
import { describeProblems, parseStoryboard, type Storyboard } from '#pipeline';
import { written, type Stage, type StepHandler, type TaskView } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** What a storyboard is expected to take (tokens), from those that were written; what it took is charged. */
const EXPECTED_TOKENS = { input: 3_000, output: 6_000 };

/** Writes the storyboard, then makes the images it asks for. */
@Injectable()
export class AssetStage implements Stage<'asset'> {
  private readonly simulated: boolean;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.simulated = geminiAccess(settings).simulated;
  }

  readonly storyboard: StepHandler<'storyboard'> = {
    plan: () => [{}],
    make: async ({ task, out, run }) => {
      const { simulated } = this;
      const price = prices(this.settings).storyboard;
      const { model } = await run(
        'write-storyboard',
        { instructions: join(this.settings.PROMPTS_DIR, 'storyboard.md'), brief: briefOf(task), scenes: task.channel.scenes },
        {
          provider: 'gemini',
          operation: 'storyboard',
          amountUsd: price(EXPECTED_TOKENS.input, EXPECTED_TOKENS.output),
          exactly: ({ input_tokens, output_tokens }) => price(input_tokens, output_tokens),
          simulated,
        },
      );
      return { result: { model, storyboard: await readStoryboard(out) }, simulated };
    },
  };

  readonly images: StepHandler<'image'> = {
    plan: ({ channel }, storyboard) =>
      written(storyboard).images.map(({ key, role, prompt }) => ({ key, role, prompt: `${prompt} Style: ${channel.style}` })),
    make: async ({ input, run }) => {
      const { simulated } = this;
      const amountUsd = prices(this.settings).image();
      const result = await run(
        'generate-asset',
        { prompt: input.prompt },
        { provider: 'gemini', operation: 'image', amountUsd, simulated },
      );
      return { result, simulated };
    },
  };
}

/** What the creator asked for, one line each. */
function briefOf({ title, topic, storyDirection, channel }: TaskView): string {
  return [
    `Title: ${title}`,
    `Topic: ${topic || title}`,
    `Story direction: ${storyDirection || 'as you see fit'}`,
    `Style: ${channel.style}`,
    `Atmosphere: ${channel.atmosphere}`,
    `Language: ${channel.language}`,
  ]
    .map((line) => line.replace(/\s+/g, ' '))
    .join('\n');
}

async function readStoryboard(path: string): Promise<Storyboard> {
  const parsed = parseStoryboard(JSON.parse(await readFile(path, 'utf8')));
  if (!parsed.ok) throw new Error(`write-storyboard wrote what is none: ${describeProblems(parsed.problems)}`);
  return parsed.value;
}
