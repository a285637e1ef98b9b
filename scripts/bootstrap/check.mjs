import { join } from 'node:path';
import { builtInNode } from './npm-packages.mjs';
import { ROOT, runForward, say } from './process.mjs';

const CHECKS = {
  Types: ['typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'],
  Lint: ['eslint/bin/eslint.js', '--max-warnings', '0', '.'],
  Format: ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  'Import boundaries': ['dependency-cruiser/bin/dependency-cruiser.mjs', '{apps,libs,scripts,bench,test}/**/*.{ts,mjs}'],
  'Unused code': ['knip/bin/knip.js'],
};

/** Runs every check, also after one has failed; 1 when any has. Ctrl-C ends all of them. */
export async function check() {
  const failed = [];
  for (const [heading, [tool, ...args]] of Object.entries(CHECKS)) {
    const from = Date.now();
    say(`\n== ${heading}`);
    const code = await runForward(builtInNode(), [join(ROOT, 'node_modules', tool), ...args]);
    say(`${code === 0 ? 'passed' : 'FAILED'} (${((Date.now() - from) / 1_000).toFixed(1)} s)`);
    if (code > 128) return code;
    if (code !== 0) failed.push(heading);
  }
  say(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}
