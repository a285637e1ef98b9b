import { readFile, writeFile } from 'node:fs/promises';
import { Failure, STORYBOARD_JSON_SCHEMA, describeProblems, parseStoryboard, permanent, type Storyboard } from '#pipeline';
import type { Gemini } from '#providers/gemini';
import { fromEnvironment, keyFrom, number, runScript } from './cli.js';

interface Options {
  instructions: string;
  brief: string;
  scenes: number;
  out: string;
  model: string;
  baseUrl: string;
  apiKey: string;
}

await runScript<'write-storyboard', Options>({
  name: 'write-storyboard',
  about:
    'Has Gemini write a storyboard by the instructions, checks it and writes it as JSON. One with mistakes is given back once, with what is wrong.',
  example: 'write-storyboard --instructions prompts/storyboard.md --brief "Title: The Reef" --scenes 6 --out storyboard.json',
  options: (command) =>
    command
      .requiredOption('--instructions <file>', 'how a storyboard is written')
      .requiredOption('--brief <text>', 'what it is about, one line each')
      .requiredOption('--scenes <number>', 'how many scenes it has', number(1, 60))
      .addOption(fromEnvironment('--model <id>', 'text model', 'GEMINI_TEXT_MODEL'))
      .addOption(fromEnvironment('--base-url <url>', 'Gemini API', 'GEMINI_BASE_URL'))
      .addOption(keyFrom('GEMINI_API_KEY')),
  run: async ({ instructions: file, brief, scenes, out, model, baseUrl, apiKey }, { paid }) => {
    const { Gemini } = await import('#providers/gemini');
    const instructions = await readFile(file, 'utf8');
    const writer = new Gemini({ baseUrl, apiKey });
    const { storyboard, ...result } = await paid(() => write(writer, { model, instructions, brief, scenes }));
    await writeFile(out, JSON.stringify(storyboard, null, 2));
    return result;
  },
});

interface Written {
  storyboard: Storyboard;
  model: string;
  input_tokens: number;
  output_tokens: number;
}

async function write(
  writer: Gemini,
  { model, instructions, brief, scenes }: { model: string; instructions: string; brief: string; scenes: number },
): Promise<Written> {
  const answerTo = (prompt: string) => writer.writeJson({ model, instructions, prompt, schema: STORYBOARD_JSON_SCHEMA });
  const first = await answerTo(`${brief}\nNumber of scenes: ${scenes}`);
  const parsed = parseStoryboard(first.data, scenes);
  if (parsed.ok) return written(parsed.value, first);
  const mistakes = describeProblems(parsed.problems);
  const second = await answerTo(
    `${brief}\nNumber of scenes: ${scenes}\n\nThis storyboard had mistakes: ${mistakes}\nWrite it again without them, and change nothing else:\n${JSON.stringify(first.data)}`,
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
  const repaired = parseStoryboard(second.data, scenes);
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
