import { splitScreen } from '#media';
import { runScript } from './cli.js';

await runScript<'create-split-screen', { left: string; right: string; out: string }>({
  name: 'create-split-screen',
  about: 'Puts two pictures side by side: a PNG of 1920x1080.',
  example: 'create-split-screen --left day.png --right night.png --out scene.png',
  options: (command) => command.requiredOption('--left <file>', 'the left half').requiredOption('--right <file>', 'the right half'),
  run: async (options) => {
    await splitScreen(options);
    return {};
  },
});
