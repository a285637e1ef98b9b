import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ffmpeg } from '#media';
import { waiting, type ItemProgress, type ScriptEvent } from '#pipeline';
import { ScriptRunner, StageModule, startService, type Stage, type StepHandler } from '#stage';
import { eventually } from '#testing';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { House } from './house.js';

interface ShownTask {
  progress: string;
  items: { kind: string; state: string; progress?: Partial<ItemProgress> }[];
}

/** Frames of the cut. */
const TOTAL = 1_000;
/** How often a row is written for the sake of progress alone (ms). */
const ROW_EVERY_MS = 15_000;
const DONE: ScriptEvent<'assemble-video'> = {
  event: 'done',
  file: 'final.mp4',
  result: { scenes: [{ start_ms: 0, duration_ms: 1_000 }], findings: [] },
};

let folder: string;
let house: House;
let service: INestApplicationContext;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'progress-'));
  await writeFile(at('said'), '');
  await ffmpeg([...'-f lavfi -i color=c=teal:s=1920x1080:r=24 -f lavfi -i sine -t 1 -preset ultrafast'.split(' '), at('cut.mp4')]);
  await writeFile(at('assemble.mjs'), ASSEMBLE.replace('SAID', at('said')).replace('CUT', at('cut.mp4')));
  house = await House.open();
  service = await startService(AssemblyModule);
  // The service is what it always is, but for the program that renders.
  Object.assign(service.get(ScriptRunner, { strict: false }), { path: () => at('assemble.mjs') });
}, 60_000);
afterAll(async () => {
  await say(DONE);
  await (service as INestApplicationContext | undefined)?.close();
  await house.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const at = (name: string) => join(folder, name);

/** Says what stands in a file, line for line as it comes; `done` is its last word. */
const ASSEMBLE = `import { copyFileSync, readFileSync } from 'node:fs';
const out = process.argv.find((argument) => argument.startsWith('--out=')).slice(6);
let said = 0;
setInterval(() => {
  const lines = readFileSync('SAID', 'utf8').split('\\n').slice(0, -1);
  for (; said < lines.length; said++) {
    const isOver = JSON.parse(lines[said]).event === 'done';
    if (isOver) copyFileSync('CUT', out);
    process.stdout.write(lines[said] + '\\n');
    if (isOver) process.exit(0);
  }
}, 10);
`;

/** An assembly that makes nothing but a cut. */
class OnlyCut implements Stage<'assembly'> {
  readonly cut: StepHandler<'cut'> = {
    plan: () => [{ scenes: 1 }],
    make: async ({ run }) => ({ result: await run('assemble-video', { manifest: 'manifest.json' }), simulated: true }),
  };
  readonly captions = { plan: () => [{ language: 'en' }], make: () => Promise.reject(later()) };
  readonly thumbnails = { plan: () => [{ title: 'Ebb' }], make: () => Promise.reject(later()) };
}
const later = () => waiting({ code: 'LATER', message: 'not now', userMessage: 'Not now.', retryAfterMs: 3_600_000 });

@Module({ imports: [StageModule.forStage('assembly', OnlyCut)] })
class AssemblyModule {}

const until = <T>(what: string, look: () => T | Promise<T>) => eventually(look, { what, timeoutMs: 30_000 });
const say = (event: ScriptEvent) => appendFile(at('said'), `${JSON.stringify(event)}\n`);
const sayDone = (done: number) => say({ event: 'progress', done, total: TOTAL });

/** What live listeners are told of a task, until they leave. */
function listen(taskId: string): { told: { progress: string }[]; leave: () => void } {
  const [told, leaving] = [[] as { progress: string }[], new AbortController()];
  const read = async () => {
    const response = await fetch(`${house.url}/api/v1/sse/tasks?task_id=${taskId}`, { signal: leaving.signal });
    let text = '';
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + piece).split('\n\n');
      text = blocks.pop() ?? '';
      for (const data of blocks.flatMap((block) => /^data: (.*)$/m.exec(block)?.[1] ?? [])) told.push(JSON.parse(data) as ShownTask);
    }
  };
  read().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  return {
    told,
    leave: () => {
      leaving.abort();
    },
  };
}

/** A video whose cut is being made by now. */
async function cutting(): Promise<{ page: string; taskId: string }> {
  const page = await house.addRow();
  const { id: taskId } = await house.taskOf(page);
  await house.shows(page, { status: 'Claimed' });
  await house.bringTo(taskId, 'assembling');
  await house.shows(page, { status: 'Assembling' });
  await house.query(
    `WITH cut AS (UPDATE artifacts SET state = 'due', path = NULL, checksum = NULL, next_at = now() - interval '1 minute'
       WHERE task_id = $1 AND kind = 'cut' RETURNING task_id)
     UPDATE tasks SET items_left = 1 FROM cut WHERE id = task_id`,
    [taskId],
  );
  await house.chore('reconcile');
  await until('the cut to be begun', async () => (await cutOf(taskId))?.state === 'running');
  return { page, taskId };
}

const taskOf = (taskId: string) => house.api<ShownTask>('GET', `tasks/${taskId}`);
const cutOf = async (taskId: string) => (await taskOf(taskId)).items.find(({ kind }) => kind === 'cut');

/** How often a row was written since that was last forgotten. */
async function writings(): Promise<number> {
  const { kinds } = await house.person<{ kinds: Record<string, number> }>('GET', 'traffic');
  return Object.entries(kinds).reduce((sum, [kind, count]) => sum + (/^PATCH .*\/pages\//.test(kind) ? count : 0), 0);
}

it('of a cut is in the API, in the row and with live listeners while it is made, and not afterwards', async () => {
  const { page, taskId } = await cutting();
  const { told, leave } = listen(taskId);
  await house.person('PUT', '', {});
  const began = Date.now();
  await sayDone(600);
  await until('the first progress', async () => {
    expect((await cutOf(taskId))?.progress).toEqual({ done: 600, total: TOTAL });
    return true;
  });
  await until('listeners to be told', () => told.at(-1)?.progress === 'cut 0/1; 60 %');

  // A script speaks far more often than it is worth telling.
  let done = 600;
  const words = /^cut 0\/1; \d\d %, \d+ (s|min) left(; .*)?$/;
  await until('the speed of the cut', async () => {
    await sayDone((done += 1));
    return words.test((await taskOf(taskId)).progress);
  });
  expect((await cutOf(taskId))?.progress).toMatchObject({ per_second: expect.any(Number), seconds_left: expect.any(Number) });
  await until('listeners to be told the time left', () => words.test(told.at(-1)?.progress ?? ''));

  // All of that is one writing of the row, which is still to come.
  const elapsed = () => Math.floor((Date.now() - began) / ROW_EVERY_MS);
  expect(await writings()).toBeLessThanOrEqual(elapsed());
  expect((await house.query(`SELECT FROM outbox WHERE queue = 'notion'`)).length).toBeLessThanOrEqual(1);
  await house.query(`UPDATE outbox SET not_before = now() WHERE queue = 'notion'`);
  await house.chore('sweep_outbox');
  await until('the row to show it', async () => words.test((await house.row(page)).progress ?? ''));
  const shown = (await cutOf(taskId))?.progress?.done ?? 0;
  await until('more progress', async () => {
    await sayDone((done += 1));
    return ((await cutOf(taskId))?.progress?.done ?? 0) > shown;
  });
  expect(await writings()).toBeLessThanOrEqual(1 + elapsed());

  await say(DONE);
  await until('the captions to be begun', async () => (await taskOf(taskId)).progress.startsWith('captions'));
  expect(await cutOf(taskId)).not.toHaveProperty('progress');
  await until('listeners to be told', () => told.at(-1)?.progress === 'captions 0/1');
  await until('the row to show the next step', async () => (await house.row(page)).progress?.startsWith('captions'));
  leave();
}, 120_000);
