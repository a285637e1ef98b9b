import { rm, writeFile } from 'node:fs/promises';
import { ffmpeg } from '#media';
import { fromEnvironment, keyFrom, number, runScript } from './cli.js';

await runScript<'generate-sound-effects', { prompt: string; seconds: number; out: string; model: string; baseUrl: string; apiKey: string }>(
  {
    name: 'generate-sound-effects',
    about: 'Makes a sound effect with ElevenLabs and writes it as WAV, 48 kHz stereo.',
    example: 'generate-sound-effects --prompt "waves on a stony beach" --seconds 6 --out waves.wav',
    options: (command) =>
      command
        .requiredOption('--prompt <text>', 'what is heard')
        .requiredOption('--seconds <number>', 'length, 0.5 to 30', number(0.5, 30))
        .addOption(fromEnvironment('--model <id>', 'effect model', 'ELEVENLABS_EFFECT_MODEL'))
        .addOption(fromEnvironment('--base-url <url>', 'ElevenLabs API', 'ELEVENLABS_BASE_URL'))
        .addOption(keyFrom('ELEVENLABS_API_KEY')),
    run: async ({ prompt, seconds, out, model, baseUrl, apiKey }, { paid }) => {
      const { ElevenLabs } = await import('#providers/elevenlabs');
      const elevenLabs = new ElevenLabs({ baseUrl, apiKey });
      const sound = await paid(() => elevenLabs.soundEffect({ model, prompt, seconds }));
      // The API sells WAV only with its larger plans; MP3 comes with every one.
      const received = `${out}.mp3`;
      try {
        await writeFile(received, sound);
        await ffmpeg(['-i', received, '-ar', '48000', '-ac', '2', out]);
      } finally {
        await rm(received, { force: true });
      }
      return { model };
    },
  },
);
