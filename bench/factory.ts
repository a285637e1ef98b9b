import { Argument, Command, Option } from 'commander';
import type { BenchOptions } from './factory/options.js';
import { fairness } from './factory/scenarios/fairness.js';
import { growth } from './factory/scenarios/growth.js';
import { lone } from './factory/scenarios/lone.js';
import { makespan } from './factory/scenarios/makespan.js';
import { overhead } from './factory/scenarios/overhead.js';
import { scaleout } from './factory/scenarios/scaleout.js';
import { shared } from './factory/scenarios/shared.js';

const SCENARIOS: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  makespan,
  lone,
  fairness,
  shared,
  overhead,
  growth,
  scaleout,
};

const program = new Command('npm run bench -- factory')
  .description('Simulates the whole factory: modelled providers on a scaled clock, but the real database, queues, gateway and services.')
  .addArgument(new Argument('[scenario...]', 'which; left out: all').choices(Object.keys(SCENARIOS)))
  .option('--quick', 'smaller, for a look', false)
  .option('--seed <number>', 'of the latencies', Number, 1)
  .addOption(new Option('--scale <number>', 'seconds of the model in one of this machine').argParser(Number))
  .addOption(new Option('--videos <number>', 'of the makespan, with --channels').argParser(Number))
  .addOption(new Option('--channels <number>', 'of the makespan').argParser(Number).default(5))
  .option('--set <name=value>', 'a setting of the product; may be given several times', collect, {})
  .option('--keep', 'leave database, files and logs where they are', false)
  .parse();
const { quick, seed, scale, videos, channels, set, keep } = program.opts<{
  quick: boolean;
  seed: number;
  scale?: number;
  videos?: number;
  channels: number;
  set: Record<string, string>;
  keep: boolean;
}>();
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const named = program.processedArgs[0] as string[];
for (const name of named.length > 0 ? named : Object.keys(SCENARIOS))
  await SCENARIOS[name]?.({ quick, seed, scale: scale ?? null, size: videos ? { videos, channels } : null, settings: set, keep });

function collect(pair: string, before: Record<string, string>): Record<string, string> {
  const [name = '', ...value] = pair.split('=');
  return { ...before, [name]: value.join('=') };
}
