import { composite } from '#media';
import { runScript } from './cli.js';

await runScript<'create-composite', { environment: string; character?: string; out: string }>({
  name: 'create-composite',
  about: 'Puts a character before an environment, or fills the frame with the environment alone: a PNG of 1920x1080.',
  example: 'create-composite --environment reef.png --character whale.png --out scene.png',
  options: (command) =>
    command
      .requiredOption('--environment <file>', 'the picture behind')
      .option('--character <file>', 'who stands before it, on a plain ground, which is taken away'),
  run: async (options) => {
    await composite(options);
    return {};
  },
});
