import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInNode } from './npm-packages.mjs';
import { ROOT, fail, runQuietly, say } from './process.mjs';

const SOURCES = ['apps', 'libs', 'scripts', 'bench', 'test', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
/** Dated to the beginning of the last build without errors: what was changed while it ran is newer. */
const STAMP = join(ROOT, 'dist/.built');

/** Compiles the sources when one of them has changed since the last build. */
export function build() {
  if (existsSync(STAMP) && Math.max(...SOURCES.map((source) => newest(join(ROOT, source)))) < statSync(STAMP).mtimeMs) return;
  const startedAt = new Date();
  say('Building (some seconds) ...');
  const { ok, output } = runQuietly(builtInNode(), ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  if (!ok) fail(`${output}\n\nThe build failed; the compiler's errors are above.`);
  writeFileSync(STAMP, '');
  utimesSync(STAMP, startedAt, startedAt);
}

/** When a file, or anything in a folder, was last changed (ms); a folder changes when something in it is removed. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
