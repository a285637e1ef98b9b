import { Command, InvalidArgumentError } from 'commander';
import { describeReport } from './report.js';
import { runChaos } from './run.js';

const program = new Command('npm run test:chaos --')
  .description('Makes videos while services are killed, engines taken away and providers fail, and counts what was lost or paid for twice.')
  .option('--videos <number>', 'videos that are queued', whole(1, 1_000), 30)
  .option('--channels <number>', 'channels that they belong to', whole(1, 12), 5)
  .option('--scenes <number>', 'scenes of a video', whole(1, 60), 2)
  .option('--minutes <number>', 'how long blows and faults go on; afterwards the rest is finished in peace', whole(0, 600), 10)
  .option('--faults <percent>', 'share of the requests to providers that fail', whole(0, 90), 20)
  .option('--clip-seconds <number>', 'how long a clip takes at the provider at least', whole(0, 3_600), 0)
  .option('--seed <number>', 'repeats the blows and faults of an earlier run', whole(0, 2 ** 32 - 1), Math.floor(Math.random() * 2 ** 32))
  .option('--quiet', 'print the report only');
const { quiet, faults, ...options } = program.parse().opts<{
  videos: number;
  channels: number;
  scenes: number;
  minutes: number;
  faults: number;
  clipSeconds: number;
  seed: number;
  quiet?: boolean;
}>();

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.stdout.write(`seed ${options.seed} (repeat with: npm run test:chaos -- --seed ${options.seed})\n`);
const report = await runChaos({
  ...options,
  faults: faults / 100,
  ...(!quiet && { onEvent: (text) => process.stdout.write(`${text}\n`), onProgress: progress() }),
});
process.stdout.write(describeReport(report));
process.exit(report.findings.wrong.length === 0 ? 0 : 1);

/** Says how far it is whenever another video is published. */
function progress() {
  let shown = -1;
  return (published: number, elapsedMs: number) => {
    if (published === shown) return;
    shown = published;
    const filled = Math.round((published / options.videos) * 24);
    process.stdout.write(
      `${(elapsedMs / 1_000).toFixed(1).padStart(6)} s  [${'#'.repeat(filled)}${'.'.repeat(24 - filled)}] ${published}/${options.videos} published\n`,
    );
  };
}

function whole(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}
