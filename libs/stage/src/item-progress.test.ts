import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings, type Settings } from '#config';
import { Database, dataSourceOptions, type ArtifactRow } from '#database';
import { Workspace } from '#media';
import { transient, type ItemKind, type ItemProgress, type Status } from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import sharp from 'sharp';
import { DataSource } from 'typeorm';
import { Dispatcher } from './dispatcher.js';
import { ItemFiles } from './item-files.js';
import { ProgressRecorder } from './item-progress.js';
import { ProviderLimits } from './provider-limits.js';
import { Reconciler } from './reconciler.js';
import { ScriptRunner } from './script-runner.js';
import type { Price, StepHandler } from './stage.js';
import { NO_RELAY, handOver, ticketHandler } from './test-machinery.js';

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('a recorder', () => {
  const progress = (done: number) => ({ event: 'progress' as const, done, total: 100 });

  it('records the first at once, and then one every two seconds, at the speed of late', async () => {
    const recorded: ItemProgress[] = [];
    const recorder = new ProgressRecorder((one) => Promise.resolve(void recorded.push(one)));
    for (let tenth = 0; tenth <= 50; tenth++) {
      recorder.heard(progress(tenth), 100 * tenth);
      await Promise.resolve().then(() => new Promise(setImmediate));
    }
    expect(recorded).toEqual([
      { done: 0, total: 100, per_second: null, seconds_left: null },
      { done: 20, total: 100, per_second: 10, seconds_left: 8 },
      { done: 40, total: 100, per_second: 10, seconds_left: 6 },
    ]);
  });

  it('begins none while another is being written, however long that takes, and goes on after one that has failed', async () => {
    const writing: { done: number; fail: (error: Error) => void }[] = [];
    const recorder = new ProgressRecorder(
      ({ done }) =>
        new Promise((_resolve, reject) => {
          writing.push({ done, fail: reject });
        }),
    );
    recorder.heard(progress(1), 0);
    recorder.heard(progress(2), 60_000);
    expect(writing.map(({ done }) => done)).toEqual([1]);
    writing[0]?.fail(new Error('Postgres is away'));
    await new Promise(setImmediate);
    recorder.heard(progress(3), 120_000);
    expect(writing.map(({ done }) => done)).toEqual([1, 3]);
  });
});

describe('an item that takes long', () => {
  const WAY: Status[] = ['queued', 'claimed', 'generating_assets'];
  /** Says what stands in a file, line for line as it comes, and ends with `done` or a failure, keeping a journal where it is paid for. */
  const PROGRAM = `import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
const option = (name) => process.argv.find((argument) => argument.startsWith('--' + name + '='))?.slice(name.length + 3);
const journal = (entry) => option('journal') && appendFileSync(option('journal'), JSON.stringify(entry) + '\\n');
journal({ event: 'calling' });
let said = 0;
setInterval(() => {
  const lines = readFileSync('SAID', 'utf8').split('\\n').slice(0, -1);
  for (; said < lines.length; said++) {
    const line = JSON.parse(lines[said]);
    if (line.code) { process.stderr.write(lines[said] + '\\n'); process.exit(1); }
    if (line.event === 'done') { copyFileSync('PICTURE', option('out')); journal(line); }
    process.stdout.write(lines[said] + '\\n');
    if (line.event === 'done') process.exit(0);
  }
}, 10);
`;
  const PATIENCE = { timeoutMs: 20_000 };
  const PRICE: Price<'generate-asset'> = { provider: 'gemini', operation: 'image', amountUsd: 0.03, simulated: true };
  const DONE = { event: 'done', file: 'x', result: { model: 'painter' } };

  let folder: string;
  let testDatabase: TestDatabase;
  let dataSource: DataSource;
  let database: Database;
  let settings: Settings;
  let limits: ProviderLimits;
  let item: ArtifactRow;
  let price: Price<'generate-asset'> | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'item-progress-'));
    await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red', noise: { type: 'gaussian', mean: 120, sigma: 40 } } })
      .png()
      .toFile(join(folder, 'picture.png'));
    await writeFile(join(folder, 'said'), '');
    testDatabase = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
    database = new Database(dataSource.manager);
    item = await addItem();
    price = undefined;
    const { url, prefix } = testRedis();
    settings = readSettings({ SIMULATOR_URL: 'http://127.0.0.1:1', REDIS_URL: url, QUEUE_PREFIX: prefix });
    limits = new ProviderLimits(settings);
  });
  afterEach(async () => {
    limits.onApplicationShutdown();
    await dataSource.destroy();
    await testDatabase.drop();
    await rm(folder, { recursive: true, force: true });
  });

  async function addItem(): Promise<ArtifactRow> {
    await database.channels.save([{ key: 'one', settings: { name: 'One' } as never }]);
    const channelId = (await database.channels.findByName('one'))?.id ?? '';
    const task = await database.tasks.add({
      ...{ channelId, title: 'Ebb', topic: '', storyDirection: '', ownScript: '', requestId: null },
      priority: 'normal',
      status: 'queued',
      notionPageId: 'page',
    });
    for (const [index, to] of WAY.entries()) {
      const from = WAY[index - 1];
      if (from) await database.tasks.move(task?.id ?? '', from, to, { step: 'images', stepOpened: true, itemsLeft: 2 });
    }
    const image = { channelId, taskId: task?.id ?? '', step: 'images', kind: 'image', revision: 1 } as const;
    const input = { key: 'whale', role: 'character' as const, prompt: 'a whale', references: [] };
    await database.artifacts.add([0, 1].map((position) => ({ ...image, position, input })));
    const [added] = await database.artifacts.ofStep(task?.id ?? '', 'images');
    if (!added) throw new Error('not added');
    return added;
  }

  /** Has a worker make the item; it ends with what the script says. */
  async function work(stopping = new AbortController().signal): Promise<void> {
    const program = join(folder, 'program.mjs');
    await writeFile(program, PROGRAM.replaceAll('SAID', join(folder, 'said')).replaceAll('PICTURE', join(folder, 'picture.png')));
    class Runner extends ScriptRunner {
      protected override path(): string {
        return program;
      }
    }
    const runner = new Runner(settings, limits);
    const files = new ItemFiles(new Workspace(join(folder, 'workspace')));
    const handler: StepHandler<'image'> = {
      plan: () => [],
      make: async ({ input, run }) => ({ result: await run('generate-asset', { prompt: input.prompt }, price), simulated: true }),
    };
    const steps = new Map<string, StepHandler<ItemKind>>([['images', handler]]);
    const tickets = ticketHandler({ database, files, scripts: runner, steps, settings });
    const handed = await handOver(database, settings);
    for (const { name, data } of handed) if (data.artifact_id === item.id) await tickets.handle(name, data, stopping);
  }

  const say = (...lines: object[]) => appendFile(join(folder, 'said'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const progress = (done: number, total = 400) => ({ event: 'progress', done, total });
  const until = <T>(what: string, look: () => Promise<T>) => eventually(look, { what, ...PATIENCE });
  const shown = () => until('the progress to be recorded', async () => (await current()).progress);

  /** Has the item handed over and taken up. */
  async function claim(leaseToken: string, leaseMs = 60_000): Promise<ArtifactRow | null> {
    await handOver(database, settings);
    return (await database.artifacts.claim(item.id, (await current()).generation, leaseToken, leaseMs))?.artifact ?? null;
  }

  async function current(): Promise<ArtifactRow> {
    const found = await database.artifacts.find(item.id);
    if (!found) throw new Error('The item is gone');
    return found;
  }

  /** What was told of the task since it was last asked: live listeners as often as there was news, the row once. */
  async function told(): Promise<string[]> {
    const rows = await dataSource.query<[{ name: string }[], number]>(
      `DELETE FROM outbox WHERE queue IN ('news', 'notion') RETURNING name`,
    );
    return rows[0].map(({ name }) => name).sort();
  }

  it.each([
    ['costs nothing', undefined],
    ['is paid for', PRICE],
  ])('and %s shows how far it is as long as it is made, and no longer', async (_what, itsPrice) => {
    price = itsPrice;
    const working = work();
    await say(progress(100));
    expect(await shown()).toEqual({ done: 100, total: 400, per_second: null, seconds_left: null });
    expect(await told()).toEqual(['sync_row', 'task_changed']);
    let done = 100;
    const further = await until('its speed', async () => {
      await say(progress((done += 1)));
      const { progress: now } = await current();
      return now?.per_second !== null && now;
    });
    expect(further.done).toBeGreaterThan(100);
    expect(further.seconds_left).toBeGreaterThan(0);
    expect(await told()).toEqual(['sync_row', 'task_changed']);
    await say(DONE);
    await working;
    expect(await current()).toMatchObject({ state: 'ready', progress: null, attempt: 1 });
  });

  it('shows nothing any more when it is put off, and says so', async () => {
    const working = work();
    await say(progress(100));
    await shown();
    await told();
    await say(transient({ code: 'GEMINI_X', message: 'no', userMessage: 'no' }).toJSON());
    await working;
    expect(await current()).toMatchObject({ state: 'due', errorCode: 'GEMINI_X', progress: null });
    expect(await told()).toEqual(['sync_row', 'task_changed']);
  });

  it('shows nothing any more when it is handed back, and says so', async () => {
    const stopping = new AbortController();
    const working = work(stopping.signal);
    await say(progress(100));
    await shown();
    await told();
    stopping.abort(new Error('the service is stopping'));
    await working;
    expect(await current()).toMatchObject({ state: 'due', errorCode: 'HANDED_BACK', progress: null });
    expect(await told()).toEqual(['sync_row', 'task_changed']);
  });

  it('shows what its worker says, and not the one who has lost it', async () => {
    const working = work();
    await until('the item to be claimed', async () => (await current()).state === 'running');
    await dataSource.query(`UPDATE artifacts SET lease_until = now() - interval '1 second' WHERE id = $1`, [item.id]);
    const other = '00000000-0000-4000-8000-000000000000';
    await database.dispatch.recall(60_000);
    expect(await claim(other)).toMatchObject({ progress: null });
    const its = { done: 7, total: 400, per_second: null, seconds_left: null };
    expect(await database.artifacts.progressed(item.id, other, its)).toBe(true);
    await told();
    await say(progress(390), DONE);
    await working;
    expect(await current()).toMatchObject({ state: 'running', leaseToken: other, progress: its });
    expect(await told()).toEqual([]);
  });

  it('shows nothing of a worker that was lost, neither to whoever comes next nor before', async () => {
    const lost = { done: 7, total: 400, per_second: null, seconds_left: null };
    await claim(item.id, -1);
    await database.artifacts.progressed(item.id, item.id, lost);
    expect(await new Reconciler(database, NO_RELAY, new Dispatcher(database, settings), {} as ModuleRef).run()).toBe(1);
    expect(await current()).toMatchObject({ state: 'due', progress: null });
    expect(await told()).toEqual(['sync_row', 'task_changed']);
  });

  it('is made all the same when its progress cannot be written', async () => {
    await dataSource.query('ALTER TABLE artifacts ADD CHECK (progress IS NULL)');
    const working = work();
    await say(progress(100), progress(200), DONE);
    await working;
    expect(await current()).toMatchObject({ state: 'ready', attempt: 1 });
  });
});
