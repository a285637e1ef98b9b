import sharp from 'sharp';
import { fromEnvironment, keyFrom, runScript } from './cli.js';

await runScript<'generate-asset', { prompt: string; out: string; model: string; baseUrl: string; apiKey: string }>({
  name: 'generate-asset',
  about: 'Draws one image with Gemini and writes it as PNG.',
  example: 'generate-asset --prompt "A humpback whale in blue light" --out whale.png',
  options: (command) =>
    command
      .requiredOption('--prompt <text>', 'what the image shows')
      .addOption(fromEnvironment('--model <id>', 'image model', 'GEMINI_IMAGE_MODEL'))
      .addOption(fromEnvironment('--base-url <url>', 'Gemini API', 'GEMINI_BASE_URL'))
      .addOption(keyFrom('GEMINI_API_KEY')),
  run: async ({ prompt, out, model, baseUrl, apiKey }, { paid }) => {
    const { Gemini } = await import('#providers/gemini');
    const gemini = new Gemini({ baseUrl, apiKey });
    const image = await paid(() => gemini.drawImage({ model, prompt }));
    // The model chooses the format; ours is always PNG.
    await sharp(image.bytes).png().toFile(out);
    return { model: image.model };
  },
});
