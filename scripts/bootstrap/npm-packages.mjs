import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT, fail, runQuietly, say } from './process.mjs';

/** The hash of the lock file that `node_modules` was installed from. */
const STAMP = join(ROOT, 'node_modules/.package-lock-stamp');

/** Installs the locked packages when they are missing or the lock file has changed. */
export function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return;
  say('Installing npm packages (npm ci; a minute or so) ...');
  const [command, ...args] = [...npm(), 'ci', '--loglevel=error', '--no-audit', '--no-fund'];
  const { ok, output } = runQuietly(command, args);
  if (!ok)
    fail(`${output}\n\nnpm ci failed; what it said is above. Check the network and the npm registry settings, then run the command again.`);
  writeFileSync(STAMP, lock);
}

/** The npm that started us, or the one on PATH; yarn and pnpm do not read package-lock.json. */
function npm() {
  const running = process.env.npm_execpath;
  return running && basename(running).startsWith('npm') ? [process.execPath, running] : ['npm'];
}

/** The Node that the project is locked to, whatever the system has. */
export function builtInNode() {
  const packaged = join(ROOT, 'node_modules/node/bin/node');
  if (existsSync(packaged)) return packaged;
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  return fail('npm brought no Node 24 for this machine (is ignore-scripts set?). Install Node 24 and run the command again.');
}
