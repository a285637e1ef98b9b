import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { geminiAccess, prices, settings, type Settings } from '#config';
import { STORYBOARD_JSON_SCHEMA, describeProblems, parseStoryboard, permanent, type Storyboard } from '#pipeline';
import { Gemini } from '#providers/gemini';
import type { TaskView } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

export interface WrittenStoryboard {
  storyboard: Storyboard;
  model: string;
  amountUsd: number;
}

/** Has the LLM write a task's storyboard. */
@Injectable()
export class StoryboardWriter {
  private readonly gemini: Gemini;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {
    this.gemini = new Gemini(geminiAccess(settings));
  }

  /**
   * Writes a storyboard by the instructions in PROMPTS_DIR.
   * @throws Failure when the provider fails, refuses, or answers with something that is no storyboard
   */
  async write(task: TaskView, signal: AbortSignal): Promise<WrittenStoryboard> {
    const instructions = await readFile(join(this.settings.PROMPTS_DIR, 'storyboard.md'), 'utf8');
    const answer = await this.gemini.writeJson({
      model: this.settings.GEMINI_TEXT_MODEL,
      instructions,
      prompt: briefOf(task),
      schema: STORYBOARD_JSON_SCHEMA,
      signal,
    });
    const parsed = parseStoryboard(answer.data);
    if (!parsed.ok) {
      const problems = describeProblems(parsed.problems);
      throw permanent({
        code: 'STORYBOARD_INVALID',
        message: `${answer.model} wrote a storyboard with mistakes: ${problems}`,
        userMessage: `The storyboard that was written cannot be used (${problems}). Retry the task, or make the topic and story direction more precise.`,
      });
    }
    const amountUsd = prices(this.settings).storyboard(answer.inputTokens, answer.outputTokens);
    return { storyboard: parsed.value, model: answer.model, amountUsd };
  }
}

/** What the creator asked for, one line each. */
function briefOf({ title, topic, storyDirection, channel }: TaskView): string {
  return [
    `Title: ${title}`,
    `Topic: ${topic || title}`,
    `Story direction: ${storyDirection || 'as you see fit'}`,
    `Number of scenes: ${channel.scenes}`,
    `Style: ${channel.style}`,
    `Atmosphere: ${channel.atmosphere}`,
    `Language: ${channel.language}`,
  ]
    .map((line) => line.replace(/\s+/g, ' '))
    .join('\n');
}
