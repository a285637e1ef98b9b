import { thumbnail } from '#media';
import { HEX_COLOR, THUMBNAIL_CANDIDATES, TITLE_POSITIONS, type TitlePosition } from '#pipeline';
import { InvalidArgumentError, Option } from 'commander';
import { number, runScript } from './cli.js';

interface Options {
  video: string;
  candidate: number;
  again: number;
  title?: string;
  color?: string;
  outline?: string;
  position?: TitlePosition;
  font?: string;
  out: string;
}

await runScript<'create-thumbnail', Options>({
  name: 'create-thumbnail',
  about: 'Takes a good moment of a finished video and writes the title on it: a JPEG of 1280x720.',
  example: 'create-thumbnail --video final.mp4 --candidate 2 --title "THE REEF AT NIGHT" --out thumbnail.jpg',
  options: (command) =>
    command
      .requiredOption('--video <file>', 'the finished video')
      .requiredOption(
        '--candidate <number>',
        `which one, from 1 to ${THUMBNAIL_CANDIDATES}: each shows another part of the video`,
        number(1, THUMBNAIL_CANDIDATES),
      )
      .option('--again <number>', 'how often it was made before; each time another moment is taken', number(0, 10_000), 0)
      .option('--title <text>', 'what is written on it')
      .option('--color <#rrggbb>', 'of the letters', hexColor)
      .option('--outline <#rrggbb>', 'of the line around them', hexColor)
      .addOption(new Option('--position <where>', 'of the title').choices(TITLE_POSITIONS))
      .option('--font <family>', 'instead of the usual one'),
  run: async ({ video, out, ...options }, { signal }) => thumbnail(video, out, { ...options, candidates: THUMBNAIL_CANDIDATES, signal }),
  summary: ({ at_ms }) => Promise.resolve(`the moment at ${(at_ms / 1_000).toFixed(1)} s`),
});

function hexColor(text: string): string {
  if (!HEX_COLOR.test(text)) throw new InvalidArgumentError('It must be a colour such as #ffe14d.');
  return text;
}
