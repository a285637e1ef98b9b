import { writeFile } from 'node:fs/promises';
import { asWritten, spoken, type Pronunciation } from '#pipeline';
import { InvalidArgumentError } from 'commander';
import { runScript } from './cli.js';
import { client, withProvider, type ProviderOptions } from './provider.js';

interface Options extends ProviderOptions {
  text: string;
  voice: string;
  language: string;
  before?: string;
  after?: string;
  say: Pronunciation[];
  out: string;
}

await runScript<'generate-audio', Options>({
  name: 'generate-audio',
  about: 'Speaks a narration and writes it as MP3; with --json also the time of every word.',
  example: 'generate-audio --text "The sea is old." --voice JBFqnCBsd6RMkjVDRZzb --language en --out narration.mp3',
  options: (command) =>
    withProvider(command, 'speech')
      .requiredOption('--text <text>', 'what is said')
      .requiredOption('--voice <id>', 'who says it')
      .requiredOption('--language <code>', 'two letters, such as en')
      .option('--before <text>', 'what is said before it, for models that carry the tone on')
      .option('--after <text>', 'what is said after it')
      .option('--say <word=sound>', 'how a word is said, such as Cthulhu=kuh-THOO-loo; may be given several times', pronunciation, []),
  run: async (options, { paid, report }) => {
    const { client: voice, model } = await client('speech', options);
    const { text, say, language, before, after, out } = options;
    const said = spoken(text, say);
    const request = { model, voice: options.voice, text: said, language, ...(before && { before }), ...(after && { after }) };
    const { audio, characters, words, atOnce } = await paid(() => voice.speak(request));
    if (atOnce) await report({ event: 'at_once', count: atOnce });
    await writeFile(out, audio);
    return { model, characters, words: asWritten(text, say, words) };
  },
});

function pronunciation(text: string, before: Pronunciation[]): Pronunciation[] {
  const [word, ...rest] = text.split('=');
  const say = rest.join('=').trim();
  if (!word?.trim() || !say || /\s/.test(word.trim())) throw new InvalidArgumentError('It must be one word, = and how it is said.');
  return [...before, { word: word.trim(), say }];
}
