import { builtInNode, installPackages } from './bootstrap/npm-packages.mjs';
import { build } from './bootstrap/build.mjs';
import { check } from './bootstrap/check.mjs';
import { fail, runForward } from './bootstrap/process.mjs';
import { installPrograms } from './bootstrap/programs.mjs';

// Runs on the Node of whoever cloned the repository, before anything is installed: only what Node 18 has, no packages.

const BENCHMARKS = ['startup', 'webhook', 'notion', 'assembly', 'factory'];

/** `needs` and `likes` are system programs; without a needed one the command stops, without a liked one it says what is missing. */
const COMMANDS = {
  demo: {
    about: 'make one video from a Notion row to the publication, every provider simulated',
    needs: ['ffmpeg', 'redis', 'espeak-ng'],
    likes: [],
    build: true,
    run: (args) => node(['dist/apps/local/src/demo.js', ...args]),
  },
  start: {
    about: 'run the whole product until Ctrl-C',
    needs: ['ffmpeg', 'redis'],
    likes: ['espeak-ng'],
    build: true,
    run: (args) => node(['dist/apps/local/src/main.js', ...args]),
  },
  test: {
    about: 'run the tests; arguments go to Jest',
    needs: ['ffmpeg', 'redis', 'espeak-ng'],
    likes: ['chromium'],
    build: true,
    run: (args) =>
      node(['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--forceExit', ...args]),
  },
  'test:live': {
    about: 'run the contract tests against the real providers whose keys are in .env, after saying what that costs',
    needs: ['ffmpeg'],
    likes: [],
    build: true,
    run: (args) => node(['dist/test/providers/live.js', ...args]),
  },
  simulator: {
    about: 'play every provider, for trying scripts by hand',
    needs: ['ffmpeg', 'espeak-ng'],
    likes: [],
    build: true,
    run: (args) => node(['dist/apps/simulator/src/main.js', ...args]),
  },
  'test:chaos': {
    about: 'make videos while everything is killed and cut off, and count what is lost or paid for twice',
    needs: ['ffmpeg', 'redis', 'espeak-ng'],
    likes: [],
    build: true,
    run: (args) => node(['dist/test/chaos/main.js', ...args]),
  },
  doctor: {
    about: 'look at settings, programs, engines, disk, channels and keys, and say what to mend',
    needs: [],
    likes: [],
    build: true,
    run: (args) => node(['dist/apps/local/src/doctor.js', ...args]),
  },
  'notion:setup': {
    about: 'make the database in Notion, or add what one lacks',
    needs: [],
    likes: [],
    build: true,
    run: (args) => node(['dist/apps/local/src/notion-setup.js', ...args]),
  },
  'keys:rotate': {
    about: 'encrypt every stored secret with the new key',
    needs: [],
    likes: [],
    build: true,
    run: (args) => node(['dist/apps/local/src/rotate-keys.js', ...args]),
  },
  bench: {
    about:
      'a benchmark: startup (time and memory of every service), webhook (latency under load), notion (the pace at its limit), assembly (a cut next to what cannot be beaten) or factory (many videos at once next to what cannot be beaten)',
    needs: ['ffmpeg', 'redis'],
    likes: [],
    build: true,
    run: ([name = 'startup', ...args]) =>
      BENCHMARKS.includes(name)
        ? node([`dist/bench/${name}.js`, ...args])
        : fail(`There is no benchmark "${name}". Benchmarks: ${BENCHMARKS.join(', ')}.`),
  },
  check: {
    about: 'types, lint, format, import boundaries, unused code',
    needs: [],
    likes: [],
    build: false,
    run: check,
  },
};

function help() {
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(14)}${about}`);
  return `Usage: npm run <command> [-- arguments]

Installs what is missing, builds what has changed, then runs:
${lines.join('\n')}`;
}

function node(args) {
  return runForward(builtInNode(), args);
}

const [name = '--help', ...args] = process.argv.slice(2);
if (name === '--help' || name === '-h') {
  console.log(help());
} else if (!Object.hasOwn(COMMANDS, name)) {
  fail(`There is no command "${name}".\n\n${help()}`);
} else if (process.platform === 'win32') {
  fail('Windows has no Redis: run this in WSL (wsl --install), where everything works as on Linux.');
} else {
  const command = COMMANDS[name];
  await installPackages();
  installPrograms(command);
  if (command.build) build();
  process.exitCode = await command.run(args);
}
