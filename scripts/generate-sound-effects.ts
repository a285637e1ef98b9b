import { rm, writeFile } from 'node:fs/promises';
import { ffmpeg } from '#media';
import { number, runScript } from './cli.js';
import { client, withProvider, type ProviderOptions } from './provider.js';

interface Options extends ProviderOptions {
  prompt: string;
  seconds: number;
  out: string;
}

await runScript<'generate-sound-effects', Options>({
  name: 'generate-sound-effects',
  about: 'Makes a sound effect and writes it as WAV, 48 kHz stereo.',
  example: 'generate-sound-effects --prompt "waves on a stony beach" --seconds 6 --out waves.wav',
  options: (command) =>
    withProvider(command, 'effect')
      .requiredOption('--prompt <text>', 'what is heard')
      .requiredOption('--seconds <number>', 'length, 0.5 to 30', number(0.5, 30)),
  run: async (options, { paid, report }) => {
    const { client: maker, model } = await client('effect', options);
    const { prompt, seconds, out } = options;
    const { audio, atOnce } = await paid(() => maker.soundEffect({ model, prompt, seconds }));
    if (atOnce) await report({ event: 'at_once', count: atOnce });
    // The API sells WAV only with its larger plans; MP3 comes with every one.
    const received = `${out}.mp3`;
    try {
      await writeFile(received, audio);
      await ffmpeg(['-i', received, '-ar', '48000', '-ac', '2', out]);
    } finally {
      await rm(received, { force: true });
    }
    return { model };
  },
});
