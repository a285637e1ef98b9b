import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { findings } from './checks.js';
import type { Finding } from './finding.js';

const program = new Command('npm run doctor --')
  .description(
    'Looks at settings, programs, engines, disk, channel files and keys, and says what to do about whatever it finds. Costs nothing, changes nothing.',
  )
  .option('--json', 'print one JSON object a line');
const { json } = program.parse().opts<{ json?: boolean }>();

if (existsSync('.env')) process.loadEnvFile('.env');

const MARKS = { ok: ' ok ', warning: 'note', fault: 'FIX ' } as const;
const count = { ok: 0, warning: 0, fault: 0 };
for await (const finding of findings(process.env)) {
  count[finding.state] += 1;
  process.stdout.write(`${json ? JSON.stringify(finding) : line(finding)}\n`);
}
if (!json) process.stdout.write(`\n${summary()}\n`);
process.exit(count.fault > 0 ? 1 : 0);

function line({ about, state, found, fix }: Finding): string {
  return `${MARKS[state]}  ${about.padEnd(20)}${found}${fix ? `\n      ${''.padEnd(20)}-> ${fix}` : ''}`;
}

function summary(): string {
  if (count.fault === 0) return count.warning === 0 ? 'All is well.' : `Ready, with ${count.warning} thing(s) to know.`;
  return `${count.fault} thing(s) must be mended first.`;
}
