import { readFile } from 'node:fs/promises';
import { estimate, prices, providerOf, settings, type Settings } from '#config';
import { describeProblems, imagePrompt, parseStoryboard, permanent, publishTimeProblem, referencesOf, type Storyboard } from '#pipeline';
import type { ModelPort, Reached } from '#providers/registry';
import { awaitsItem, written, type Stage, type StepHandler, type TaskView } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** What a storyboard is expected to take (tokens), from those that were written; what it took is charged. */
const EXPECTED_TOKENS = { input: 3_500, output: 6_500 };

/** Writes the storyboard, then makes the images it asks for. */
@Injectable()
export class AssetStage implements Stage<'asset'> {
  private readonly writer: Pick<Reached<ModelPort>, 'name' | 'simulated'>;
  private readonly painter: Pick<Reached<ModelPort>, 'name' | 'simulated'>;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.writer = providerOf('text', settings);
    this.painter = providerOf('image', settings);
  }

  readonly storyboard: StepHandler<'storyboard'> = {
    plan: () => [{}],
    make: async ({ task, out, run }) => {
      demandPublishTime(task);
      const { name: provider, simulated } = this.writer;
      const price = prices(this.settings).storyboard;
      const { model } = await run(
        'write-storyboard',
        {
          instructions: this.settings.PROMPTS_DIR,
          brief: briefOf(task),
          ...(task.ownScript ? { narration: task.ownScript } : { scenes: task.channel.scenes }),
          ...(task.channel.youtube.credits && { credits: task.channel.youtube.credits }),
        },
        {
          provider,
          operation: 'storyboard',
          amountUsd: price(EXPECTED_TOKENS.input, EXPECTED_TOKENS.output),
          exactly: ({ input_tokens, output_tokens }) => price(input_tokens, output_tokens),
          simulated,
        },
      );
      const storyboard = await readStoryboard(out);
      return { result: { model, storyboard, estimate: estimate(storyboard, this.settings) }, simulated };
    },
  };

  readonly images: StepHandler<'image'> = {
    plan: ({ channel }, storyboard) => {
      const story = written(storyboard);
      this.demandWithinBudget(story, channel.budget?.video_usd);
      return story.images.map((image) => ({
        key: image.key,
        role: image.role,
        prompt: imagePrompt(story, image, channel),
        references: referencesOf(story, image),
      }));
    },
    make: async ({ input, ready, file, run }) => {
      const { name: provider, simulated } = this.painter;
      const drawn = input.references.length > 0 ? await ready('image') : [];
      const reference = input.references.map((key) => {
        const portrait = drawn.find((image) => image.input.key === key);
        if (!portrait) throw awaitsItem(`image "${key}"`);
        return file(portrait);
      });
      const result = await run(
        'generate-asset',
        { prompt: input.prompt, reference },
        { provider, operation: 'image', amountUsd: prices(this.settings).image(), simulated },
      );
      return { result, simulated };
    },
  };

  /** Nothing but the storyboard has been paid for yet. */
  private demandWithinBudget(storyboard: Storyboard, budgetUsd: number | undefined): void {
    const { usd, scenes, images } = estimate(storyboard, this.settings);
    if (budgetUsd === undefined || usd <= budgetUsd) return;
    const [cost, budget] = [usd.toFixed(2), budgetUsd.toFixed(2)];
    throw permanent({
      code: 'STORYBOARD_OVER_BUDGET',
      message: `The storyboard would cost USD ${cost}, the channel allows ${budget}`,
      userMessage: `This video would cost about USD ${cost} (${scenes} scenes, ${images} images), the channel's budget is ${budget}. Ask for fewer scenes in the channel's file and have the storyboard made again (regenerate it), or raise budget.video_usd there and retry.`,
    });
  }
}

/** A time that has passed by now would only be found at the end, when everything is paid for. */
function demandPublishTime({ publishAt, channel }: TaskView): void {
  const problem = publishTimeProblem(publishAt, channel.youtube.privacy);
  if (!problem) return;
  throw permanent({
    code: 'PUBLISH_TIME_INVALID',
    message: `publish_at: ${problem}`,
    userMessage: `Publish At: ${problem}. Then retry.`,
  });
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
