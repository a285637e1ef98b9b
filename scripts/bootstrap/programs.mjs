import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT, fail, runQuietly, say } from './process.mjs';

/** `all` or `any` of these binaries must be on PATH; `packages` where a package manager has another name than `package`. */
const PROGRAMS = {
  ffmpeg: { all: ['ffmpeg', 'ffprobe'], package: 'ffmpeg', packages: { dnf: 'ffmpeg-free' } },
  redis: {
    any: ['redis-server', 'valkey-server'],
    package: 'redis',
    packages: { 'apt-get': 'redis-server', dnf: 'valkey', pacman: 'valkey' },
  },
  'espeak-ng': { all: ['espeak-ng'], package: 'espeak-ng', without: 'narrations cannot be simulated (ElevenLabs with a key still speaks)' },
  chromium: {
    any: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    package: 'chromium',
    without: 'the tests in a browser cannot run',
  },
};

const APT = ['apt-get', '-o', 'DPkg::Lock::Timeout=120', '-q', '-y'];
/** The first one on PATH is the system's. Homebrew refuses to run as root, so it never gets sudo. */
const MANAGERS = [
  { name: 'apt-get', update: [...APT, 'update'], install: [...APT, 'install', '--no-install-recommends'] },
  { name: 'dnf', install: ['dnf', 'install', '-y'] },
  { name: 'apk', update: ['apk', 'update'], install: ['apk', 'add'] },
  { name: 'pacman', update: ['pacman', '-Sy', '--noconfirm'], install: ['pacman', '-S', '--noconfirm', '--needed'] },
  { name: 'zypper', update: ['zypper', '--non-interactive', 'refresh'], install: ['zypper', '--non-interactive', 'install'] },
  { name: 'brew', install: ['brew', 'install'], ownUser: true },
];

/** Names of liked programs that were tried once: one that this system does not offer must not cost a minute at every start. */
const TRIED = join(ROOT, 'node_modules/.programs-tried');

/** Installs the command's missing system programs; ends the process with one line when a needed one stays missing. */
export function installPrograms({ needs, likes }) {
  const tried = existsSync(TRIED) ? readFileSync(TRIED, 'utf8').split('\n') : [];
  const missing = [...needs, ...likes.filter((name) => !tried.includes(name))].filter(isMissing);
  const manager = MANAGERS.find(({ name }) => onPath(name));
  const privilege = manager && missing.length > 0 && privilegeFor(manager);
  if (privilege) {
    install(manager, privilege, missing);
    writeFileSync(TRIED, [...new Set([...tried, ...likes])].join('\n'));
  }

  const byHand = (names) => (manager ? commandByHand(manager, names) : `install ${names.join(', ')} and put them on PATH`);
  const needed = needs.filter(isMissing);
  if (needed.length > 0) fail(`Not on PATH: ${needed.map(missingBinaries).join(', ')}. Install with: ${byHand(needed)}`);
  for (const name of likes.filter(isMissing)) say(`Without ${name}, ${PROGRAMS[name].without}. Install with: ${byHand([name])}`);
}

function install(manager, privilege, names) {
  const packages = names.map((name) => packageOf(manager, name));
  say(`Installing ${packages.join(', ')} (${manager.name}; a minute or so) ...`);
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  const run = ([command, ...args]) => runQuietly(command, args, environment);
  if (manager.update) run([...privilege.prefix, ...manager.update]);
  // One by one: a package that this system does not have must not keep the others out.
  for (const name of packages) {
    const { ok, output } = run([...privilege.prefix, ...manager.install, name]);
    if (!ok) say(`${name} could not be installed: ${output.split('\n').slice(-3).join(' ')}`);
  }
}

/** How the package manager is run, or null when only a person with a password may. */
function privilegeFor({ ownUser }) {
  if (ownUser || process.getuid() === 0) return { prefix: [] };
  return runQuietly('sudo', ['-n', 'true']).ok ? { prefix: ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive'] } : null;
}

function commandByHand(manager, names) {
  const plain = [...manager.install].filter((part) => !['-o', 'DPkg::Lock::Timeout=120', '-q'].includes(part));
  return [...(manager.ownUser ? [] : ['sudo']), ...plain, ...names.map((name) => packageOf(manager, name))].join(' ');
}

function packageOf({ name: manager }, name) {
  const program = PROGRAMS[name];
  return program.packages?.[manager] ?? program.package;
}

function isMissing(name) {
  const { all = [], any } = PROGRAMS[name];
  return !all.every(onPath) || (any !== undefined && !any.some(onPath));
}

function missingBinaries(name) {
  const { all = [], any = [] } = PROGRAMS[name];
  return [...all.filter((binary) => !onPath(binary)), ...(any.length > 0 ? [any.join(' or ')] : [])].join(', ');
}

function onPath(binary) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, binary), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
