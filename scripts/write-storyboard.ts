import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Failure,
  STORYBOARD_JSON_SCHEMA,
  describeProblems,
  narrationSeconds,
  parseStoryboard,
  permanent,
  type Storyboard,
  type StoryboardDemands,
} from '#pipeline';
import type { TextModel } from '#providers/registry';
import { badArguments, number, runScript } from './cli.js';
import { client, withProvider, type ProviderOptions } from './provider.js';

/** The instructions, in the order in which they are read; a creator's own script takes the place of story and narration. */
const PARTS = ['research', 'story', 'narration', 'images', 'motion', 'effects', 'metadata'];
const OWN_SCRIPT_PARTS = ['research', 'own-script', 'images', 'motion', 'effects', 'metadata'];

interface Options extends ProviderOptions {
  instructions: string;
  brief: string;
  scenes?: number;
  narration?: string;
  credits?: string;
  out: string;
}

await runScript<'write-storyboard', Options>({
  name: 'write-storyboard',
  about:
    'Has a storyboard written by the instructions, checks it and writes it as JSON. One with mistakes is given back once, with what is wrong.',
  example: 'write-storyboard --instructions prompts --brief "Title: The Reef" --scenes 6 --out storyboard.json',
  options: (command) =>
    withProvider(command, 'text')
      .requiredOption('--instructions <folder>', 'how a storyboard is written')
      .requiredOption('--brief <text>', 'what it is about, one line each')
      .option('--scenes <number>', 'how many scenes it has', number(1, 60))
      .option('--narration <text>', 'a finished text, which is only broken into scenes, as many as it takes')
      .option('--credits <text>', 'what will stand under the description, which has to fit with it'),
  run: async (options, { paid }) => {
    const { client: writer, model } = await client('text', options);
    const { narration, scenes, credits, out } = options;
    if (narration === undefined && scenes === undefined) throw badArguments('--scenes or --narration must be given');
    const instructions = await readInstructions(options.instructions, narration === undefined ? PARTS : OWN_SCRIPT_PARTS);
    const demands = { ...(narration === undefined ? { scenes } : { script: narration }), ...(credits && { credits }) };
    const brief = `${options.brief}\n${narration === undefined ? `Number of scenes: ${scenes}` : `Script:\n${narration}`}`;
    const { storyboard, ...result } = await paid(() => write(writer, { model, instructions, brief, demands }));
    await writeFile(out, JSON.stringify(storyboard, null, 2));
    return result;
  },
  summary: async (_result, out) => countsOf(JSON.parse(await readFile(out, 'utf8')) as Storyboard),
});

async function readInstructions(folder: string, parts: readonly string[]): Promise<string> {
  const texts = await Promise.all(parts.map((part) => readFile(join(folder, `${part}.md`), 'utf8')));
  return texts.join('\n');
}

function countsOf({ images, scenes }: Storyboard): string {
  const seconds = Math.round(scenes.reduce((sum, { narration }) => sum + narrationSeconds(narration), 0));
  return `${scenes.length} scenes, ${images.length} images, about ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} of narration`;
}

interface Written {
  storyboard: Storyboard;
  model: string;
  input_tokens: number;
  output_tokens: number;
}

async function write(
  writer: TextModel,
  { model, instructions, brief, demands }: { model: string; instructions: string; brief: string; demands: StoryboardDemands },
): Promise<Written> {
  const answerTo = (prompt: string) => writer.writeJson({ model, instructions, prompt, schema: STORYBOARD_JSON_SCHEMA });
  const first = await answerTo(brief);
  const parsed = parseStoryboard(first.data, demands);
  if (parsed.ok) return written(parsed.value, first);
  const mistakes = describeProblems(parsed.problems);
  const second = await answerTo(
    `${brief}\n\nThis storyboard had mistakes: ${mistakes}\nWrite it again without them, and change nothing else:\n${JSON.stringify(first.data)}`,
  ).catch((error: unknown) => {
    const { kind, code, message, userMessage, retryAfterMs } = Failure.from(error);
    // The first answer was billed, whatever became of the second.
    throw new Failure({
      kind,
      code,
      message,
      userMessage,
      billed: 'yes',
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      cause: error,
    });
  });
  const repaired = parseStoryboard(second.data, demands);
  if (repaired.ok) return written(repaired.value, first, second);
  const left = describeProblems(repaired.problems);
  throw permanent({
    code: 'STORYBOARD_INVALID',
    message: `${second.model} wrote a storyboard with mistakes, twice: ${left}`,
    userMessage: `The storyboard that was written cannot be used (${left}). Retry the task, or make the topic and story direction more precise.`,
    billed: 'yes',
  });
}

function written(storyboard: Storyboard, ...answers: { model: string; inputTokens: number; outputTokens: number }[]): Written {
  const sum = (count: (answer: (typeof answers)[number]) => number) => answers.reduce((total, answer) => total + count(answer), 0);
  return {
    storyboard,
    model: answers.at(-1)?.model ?? '',
    input_tokens: sum(({ inputTokens }) => inputTokens),
    output_tokens: sum(({ outputTokens }) => outputTokens),
  };
}
