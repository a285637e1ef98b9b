import { readFile, writeFile } from 'node:fs/promises';
import { STORYBOARD_JSON_SCHEMA, describeProblems, parseStoryboard, permanent } from '#pipeline';
import { fromEnvironment, keyFrom, runScript } from './cli.js';

await runScript<'write-storyboard', { instructions: string; brief: string; out: string; model: string; baseUrl: string; apiKey: string }>({
  name: 'write-storyboard',
  about: 'Has Gemini write a storyboard by the instructions, checks it and writes it as JSON.',
  example: 'write-storyboard --instructions prompts/storyboard.md --brief "Title: The Reef" --out storyboard.json',
  options: (command) =>
    command
      .requiredOption('--instructions <file>', 'how a storyboard is written')
      .requiredOption('--brief <text>', 'what it is about, one line each')
      .addOption(fromEnvironment('--model <id>', 'text model', 'GEMINI_TEXT_MODEL'))
      .addOption(fromEnvironment('--base-url <url>', 'Gemini API', 'GEMINI_BASE_URL'))
      .addOption(keyFrom('GEMINI_API_KEY')),
  run: async ({ instructions: file, brief, out, model, baseUrl, apiKey }, { paid }) => {
    const { Gemini } = await import('#providers/gemini');
    const instructions = await readFile(file, 'utf8');
    const gemini = new Gemini({ baseUrl, apiKey });
    const answer = await paid(() => gemini.writeJson({ model, instructions, prompt: brief, schema: STORYBOARD_JSON_SCHEMA }));
    const parsed = parseStoryboard(answer.data);
    if (!parsed.ok) {
      const problems = describeProblems(parsed.problems);
      throw permanent({
        code: 'STORYBOARD_INVALID',
        message: `${answer.model} wrote a storyboard with mistakes: ${problems}`,
        userMessage: `The storyboard that was written cannot be used (${problems}). Retry the task, or make the topic and story direction more precise.`,
        billed: 'yes',
      });
    }
    await writeFile(out, JSON.stringify(parsed.value, null, 2));
    return { model: answer.model, input_tokens: answer.inputTokens, output_tokens: answer.outputTokens };
  },
});
