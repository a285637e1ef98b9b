import { writeFile } from 'node:fs/promises';
import { fromEnvironment, keyFrom, runScript } from './cli.js';

await runScript<
  'generate-audio',
  { text: string; voice: string; language: string; out: string; model: string; baseUrl: string; apiKey: string }
>({
  name: 'generate-audio',
  about: 'Speaks a narration with ElevenLabs and writes it as MP3; with --json also the time of every word.',
  example: 'generate-audio --text "The sea is old." --voice JBFqnCBsd6RMkjVDRZzb --language en --out narration.mp3',
  options: (command) =>
    command
      .requiredOption('--text <text>', 'what is said')
      .requiredOption('--voice <id>', 'who says it')
      .requiredOption('--language <code>', 'two letters, such as en')
      .addOption(fromEnvironment('--model <id>', 'speech model', 'ELEVENLABS_SPEECH_MODEL'))
      .addOption(fromEnvironment('--base-url <url>', 'ElevenLabs API', 'ELEVENLABS_BASE_URL'))
      .addOption(keyFrom('ELEVENLABS_API_KEY')),
  run: async ({ text, voice, language, out, model, baseUrl, apiKey }, { paid }) => {
    const { ElevenLabs } = await import('#providers/elevenlabs');
    const elevenLabs = new ElevenLabs({ baseUrl, apiKey });
    const { audio, characters, words } = await paid(() => elevenLabs.speak({ model, voice, text, language }));
    await writeFile(out, audio);
    return { model, characters, words };
  },
});
