import { readFile } from 'node:fs/promises';
import { expectMedia } from '#media';
import { ASPECT_RATIOS, type AspectRatio } from '#providers/registry';
import { Option } from 'commander';
import sharp from 'sharp';
import { collect, runScript } from './cli.js';
import { client, withProvider, type ProviderOptions } from './provider.js';

interface Options extends ProviderOptions {
  prompt: string;
  reference: string[];
  aspectRatio: AspectRatio;
  out: string;
}

await runScript<'generate-asset', Options>({
  name: 'generate-asset',
  about: 'Draws one image and writes it as PNG.',
  example: 'generate-asset --prompt "A humpback whale in blue light" --out whale.png',
  options: (command) =>
    withProvider(command, 'image')
      .requiredOption('--prompt <text>', 'what the image shows')
      .option('--reference <file>', 'a picture of somebody who is to look the same; may be given several times', collect, [])
      .addOption(new Option('--aspect-ratio <ratio>', 'its shape').choices(ASPECT_RATIOS).default('16:9')),
  run: async (options, { paid, signal }) => {
    const { client: painter, model } = await client('image', options);
    const { prompt, reference, aspectRatio, out } = options;
    const references = await Promise.all(reference.map((file) => picture(file, signal)));
    const image = await paid(() => painter.drawImage({ model, prompt, aspectRatio, references }));
    // The model chooses the format; ours is always PNG.
    await sharp(image.bytes).png().toFile(out);
    return { model: image.model };
  },
});

async function picture(file: string, signal: AbortSignal): Promise<{ bytes: Buffer; mimeType: string }> {
  await expectMedia(file, { kind: 'image' }, signal);
  const bytes = await readFile(file);
  const { format } = await sharp(bytes).metadata();
  return { bytes, mimeType: `image/${format}` };
}
