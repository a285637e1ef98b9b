import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { prices, readSettings } from '#config';
import { Command } from 'commander';

/** What the contract test asks each provider for, once. */
const program = new Command('npm run test:live --')
  .description(
    'Runs the contract tests of the providers against the real ones whose keys are in .env. Says what that costs and asks before it spends anything.',
  )
  .option('--yes', 'do not ask');
const { yes } = program.parse().opts<{ yes?: boolean }>();

if (existsSync('.env')) process.loadEnvFile('.env');
const settings = readSettings(process.env);
const price = prices(settings);
const COSTS = [
  { key: 'GEMINI_API_KEY', what: 'a short storyboard and an image', usd: price.storyboard(600, 1_200) + price.image() },
  { key: 'OPENAI_API_KEY', what: 'a short storyboard', usd: 0.01 },
  { key: 'KIE_API_KEY', what: 'a clip of five seconds', usd: price.clip(5) },
  { key: 'ELEVENLABS_API_KEY', what: 'fifteen characters of narration and a sound effect', usd: price.narration(15) + price.soundEffect() },
];
const known = COSTS.filter(({ key }) => process.env[key]);
if (known.length === 0) {
  process.stderr.write(`None of ${COSTS.map(({ key }) => key).join(', ')} is set: there is nobody to ask. npm test asks the simulator.\n`);
  process.exit(1);
}
for (const { key, what, usd } of known) process.stdout.write(`${key.padEnd(20)} ${what}, about USD ${usd.toFixed(3)}\n`);
process.stdout.write(`Together about USD ${known.reduce((sum, { usd }) => sum + usd, 0).toFixed(2)}, on your accounts.\n`);
if (!yes && !(await agreed())) {
  process.stdout.write('Nothing was asked for.\n');
  process.exit(1);
}
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const child = spawn(process.execPath, [...jest, '--runInBand', '--forceExit', '--verbose', 'test/providers/contract.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, CONTRACT_LIVE: '1' },
});
child.on('exit', (code) => process.exit(code ?? 1));

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Spend it? [y/N] ');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
