import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { STEPS, statusTitle, stepInfo, type Estimate, type ItemKind, type StepInfo } from '#pipeline';
import { Command, InvalidArgumentError } from 'commander';
import { Listr } from 'listr2';
import { bar } from '../../../scripts/progress-bar.js';
import { connectYouTube } from './connect-youtube.js';
import { call, type DemoTask } from './gateway-client.js';
import { startLocal, type Local } from './local.js';

/** How often the demo asks how its video is doing (ms). */
const LOOK_MS = 300;
const CHANNEL = 'deep_sea';

const program = new Command('npm run demo --')
  .description('Makes one video from a Notion row to the finished publication, with every provider played by the simulator.')
  .option('--scenes <number>', 'scenes of the documentary', wholeNumber, 6)
  .option('--title <text>', 'what it is about', 'The Whale That Sang Alone')
  .option('--data <folder>', 'where the video is kept; emptied first', '.data/demo');
const options = program.parse().opts<{ scenes: number; title: string; data: string }>();

interface Demo {
  local: Local;
  task: DemoTask;
  /** How long each step took (ms), people's time at the gates not counted. */
  took: Map<string, number>;
}

const demo: Demo = { local: undefined as never, task: undefined as never, took: new Map() };
const began = performance.now();

const work = new Listr<Demo>(
  [
    { title: 'Start Postgres, Redis, the simulator, the gateway and six services', task: start },
    { title: 'Connect the YouTube channel', task: ({ local }) => connectYouTube(local, CHANNEL) },
    { title: 'Queue a row in Notion', task: queueRow },
    ...STEPS.map((step) => ({ title: title(step), task: follow(step) })),
  ],
  { ctx: demo, fallbackRenderer: 'simple', rendererOptions: { collapseSubtasks: false } },
);

let exitCode = 0;
try {
  await work.run();
  await report();
} catch (error) {
  process.stderr.write(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  exitCode = 1;
} finally {
  await (demo.local as Local | undefined)?.close();
}
process.exit(exitCode);

interface ShownTask {
  title: string;
  output: string;
}

async function start(context: Demo, shown: ShownTask): Promise<void> {
  await rm(options.data, { recursive: true, force: true });
  const channels = await demoChannel();
  context.local = await startLocal({
    dataDir: options.data,
    simulateAll: true,
    simulatorPort: 0,
    environment: {
      PORT: '0',
      HOST: '127.0.0.1',
      API_TOKEN: '',
      DATABASE_URL: '',
      REDIS_URL: '',
      QUEUE_PREFIX: 'demo',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
      WORKSPACE_ROOT: resolve(options.data, 'workspace'),
      CHANNELS_DIR: channels,
    },
    onStep: (what) => (shown.output = what),
  });
}

async function queueRow(context: Demo, shown: ShownTask): Promise<void> {
  const { gatewayUrl, simulatorUrl } = context.local;
  await call('POST', `${simulatorUrl}/simulator/notion/rows`, {
    title: options.title,
    channel: CHANNEL,
    topic: options.title,
    story_direction: 'Begin with a sound nobody can place; end with an answer.',
    status: 'Queued',
  });
  shown.output = 'waiting for the webhook';
  for (;;) {
    const [task] = await call<DemoTask[]>('GET', `${gatewayUrl}/api/v1/tasks`);
    if (task) {
      context.task = task;
      return;
    }
    await look();
  }
}

/** Shows a step's progress until it is over; at a gate, the demo is the reviewer. */
function follow(step: StepInfo) {
  return async (context: Demo, shown: ShownTask): Promise<void> => {
    const from = performance.now();
    for (;;) {
      const task = await call<DemoTask>('GET', `${context.local.gatewayUrl}/api/v1/tasks/${context.task.id}`);
      context.task = task;
      const items = task.items.filter(({ kind }) => kind === step.item);
      const ready = items.filter(({ state }) => state === 'ready').length;
      if (task.status.endsWith('_error')) throw new Error(`${step.name}: ${task.error_message ?? task.status}`);
      shown.title = `${title(step)}  ${bar(ready, items.length)} ${ready}/${items.length}`;
      if (isOver(task, step)) {
        context.took.set(step.name, performance.now() - from);
        shown.title += `  ${seconds(performance.now() - from)}`;
        if (step.item === 'storyboard' && task.estimate) shown.title += `  ${inWords(task.estimate)}`;
        if (task.status === step.gate?.waiting) {
          await call('POST', `${context.local.gatewayUrl}/api/v1/tasks/${task.id}/approve`, {
            reviewer: 'demo',
            note: 'Approved by the demo',
          });
          shown.title += '  approved';
        }
        return;
      }
      await look();
    }
  };
}

/** What is about to be paid for. */
function inWords({ scenes, images, usd }: Estimate): string {
  return `${scenes} scenes, ${images} images: about USD ${usd.toFixed(2)} if it were real`;
}

function isOver(task: DemoTask, step: StepInfo): boolean {
  if (task.status === step.gate?.waiting || task.status === 'published') return true;
  if (!task.step) return false;
  return STEPS.indexOf(stepInfo(task.step)) > STEPS.findIndex(({ name }) => name === step.name);
}

async function report(): Promise<void> {
  const { local, task, took } = demo;
  const filesOf = (kind: ItemKind) =>
    task.items.filter((item) => item.kind === kind).map(({ path = '' }) => join(local.workspaceRoot, path));
  const row = await shownInNotion(local);
  const steps = [...took].map(([step, ms]) => `  ${step.replace('_', ' ').padEnd(15)}${seconds(ms).padStart(8)}`);
  process.stdout.write(`
Published: ${task.youtube_url ?? 'no'} (on the simulator's YouTube)
Notion row: ${row?.status ?? 'missing'}
It would have cost USD ${task.cost_usd.toFixed(2)}.

${steps.join('\n')}
  ${'all'.padEnd(15)}${seconds(performance.now() - began).padStart(8)}

Watch it: ${filesOf('cut').join()}
Captions: ${filesOf('caption').join()}
Thumbnails, of which a reviewer chooses one:
  ${filesOf('thumbnail').join('\n  ')}
`);
}

/** The row once it shows the publication; Notion is written at a pace of its own. */
async function shownInNotion({ simulatorUrl }: Local): Promise<{ status: string } | undefined> {
  const until = performance.now() + 10_000;
  for (;;) {
    const [row] = await call<{ status: string }[]>('GET', `${simulatorUrl}/simulator/notion/rows`);
    if (row?.status === statusTitle('published') || performance.now() > until) return row;
    await look();
  }
}

/** The example channel with as many scenes as were asked for, whatever they would cost, in a folder of its own. */
async function demoChannel(): Promise<string> {
  const folder = join(resolve(options.data), 'channels');
  const file = await readFile(join('channels', `${CHANNEL}.yaml`), 'utf8');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, `${CHANNEL}.yaml`),
    file.replace(/^scenes: \d+$/m, `scenes: ${options.scenes}`).replace(/^budget:\n(?: +.*\n)+/m, ''),
  );
  return folder;
}

function title({ name }: StepInfo): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replace('_', ' ');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function look(): Promise<void> {
  return new Promise((resolvePromise) => setTimeout(resolvePromise, LOOK_MS));
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 60) throw new InvalidArgumentError('must be a whole number from 1 to 60');
  return value;
}
