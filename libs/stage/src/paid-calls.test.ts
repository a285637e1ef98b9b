import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '#config';
import { Database, dataSourceOptions, type ArtifactRow, type VideoCostRow } from '#database';
import { Workspace } from '#media';
import { type FailureLine, type ItemKind, type Status } from '#pipeline';
import { createTestDatabase, eventually, intendCall, testRedis, type TestDatabase } from '#testing';
import { Logger } from '@nestjs/common';
import sharp from 'sharp';
import { DataSource } from 'typeorm';
import { CallFiles } from './call-files.js';
import { ItemFiles } from './item-files.js';
import { recordJob } from './paid-calls.js';
import { ProviderLimits } from './provider-limits.js';
import { ScriptRunner } from './script-runner.js';
import type { Price, StepHandler } from './stage.js';
import { handOver, ticketHandler } from './test-machinery.js';

const WAY_TO_IMAGES: Status[] = ['queued', 'claimed', 'generating_assets'];
const REFUSED: FailureLine = { code: 'GEMINI_X', message: 'no', user_message: 'no', kind: 'transient', retriable: true, billed: 'no' };
const idle = new AbortController().signal;

let folder: string;
let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let files: ItemFiles;
let item: ArtifactRow;
/** What the paid script does after it has called the provider. */
let script: string;
let price: Price<'generate-asset'>;
let settings: Record<string, string>;

/** A script that keeps the protocol of scripts/journal.ts, and notes each call of its provider in a file. */
const PRELUDE = `import { appendFileSync, copyFileSync, writeFileSync } from 'node:fs';
const option = (name) => process.argv.find((argument) => argument.startsWith('--' + name + '='))?.slice(name.length + 3);
const journal = (entry, flag = 'a') => writeFileSync(option('journal'), JSON.stringify(entry) + '\\n', { flag });
const say = (event) => process.stdout.write(JSON.stringify(event) + '\\n');
const call = () => { journal({ event: 'calling' }, 'wx'); appendFileSync('ASKED', 'x'); };
const deliver = (file = 'PICTURE') => {
  copyFileSync(file, option('out'));
  const result = { model: 'painter' };
  journal({ event: 'done', result });
  say({ event: 'done', file: option('out'), result });
};
const refuse = (failure) => { journal({ event: 'failed', failure }); process.stderr.write(JSON.stringify(failure) + '\\n'); process.exit(1); };
`;

beforeEach(async () => {
  Logger.overrideLogger(false);
  folder = await mkdtemp(join(tmpdir(), 'paid-calls-'));
  const flat = { width: 8, height: 8, channels: 3, background: 'red' } as const;
  await sharp({ create: { ...flat, noise: { type: 'gaussian', mean: 120, sigma: 40 } } })
    .png()
    .toFile(join(folder, 'picture.png'));
  await sharp({ create: flat }).png().toFile(join(folder, 'blank.png'));
  await writeFile(join(folder, 'asked'), '');
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
  files = new ItemFiles(new Workspace(join(folder, 'workspace')));
  item = await addItem();
  script = 'call(); deliver();';
  price = { provider: 'gemini', operation: 'image', amountUsd: 0.03, simulated: true };
  settings = {};
});
afterEach(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

async function addItem(): Promise<ArtifactRow> {
  await database.channels.save([{ key: 'one', settings: { name: 'One' } as never }]);
  const channelId = (await database.channels.findByName('one'))?.id ?? '';
  const text = { title: 'Ebb', topic: '', storyDirection: '', ownScript: '' };
  const task = await database.tasks.add({
    channelId,
    ...text,
    priority: 'normal',
    status: 'queued',
    notionPageId: null,
    requestId: null,
  });
  if (!task) throw new Error('not added');
  for (const [index, to] of WAY_TO_IMAGES.entries()) {
    const from = WAY_TO_IMAGES[index - 1];
    if (from) await database.tasks.move(task.id, from, to, { step: 'images', stepOpened: true, itemsLeft: 1 });
  }
  const input = { key: 'whale', role: 'character' as const, prompt: 'a whale', references: [] };
  await database.artifacts.add([{ channelId, taskId: task.id, step: 'images', kind: 'image', position: 0, revision: 1, input }]);
  const [added] = await database.artifacts.ofStep(task.id, 'images');
  if (!added) throw new Error('not added');
  return added;
}

/** Has a worker make the item now, whatever it was to wait for. */
async function work(): Promise<ArtifactRow> {
  await dataSource.query('UPDATE artifacts SET next_at = now()');
  const program = join(folder, 'script.mjs');
  await writeFile(
    program,
    (PRELUDE + script)
      .replaceAll('ASKED', join(folder, 'asked'))
      .replaceAll('PICTURE', join(folder, 'picture.png'))
      .replaceAll('BLANK', join(folder, 'blank.png')),
  );
  class Runner extends ScriptRunner {
    protected override path(): string {
      return program;
    }
  }
  const { url, prefix } = testRedis();
  const values = readSettings({ SIMULATOR_URL: 'http://127.0.0.1:1', REDIS_URL: url, QUEUE_PREFIX: prefix, ...settings });
  const limits = new ProviderLimits(values);
  const runner = new Runner(values, limits);
  const handler: StepHandler<'image'> = {
    plan: () => [],
    make: async ({ input, providerJobId, run }) => {
      const result = await run('generate-asset', { prompt: providerJobId ?? input.prompt }, price);
      return { result, simulated: true };
    },
  };
  const steps = new Map<string, StepHandler<ItemKind>>([['images', handler]]);
  const tickets = ticketHandler({ database, files, scripts: runner, steps, settings: values });
  const handed = await handOver(database, values);
  for (const { name, data } of handed) if (data.artifact_id === item.id) await tickets.handle(name, data, idle);
  limits.onApplicationShutdown();
  return current();
}

/** A call that a worker has begun before it died, as far as its script has come, and what that has drawn. */
async function leftBehind(...entries: object[]): Promise<VideoCostRow> {
  return leftBehindWith('picture.png', ...entries);
}

async function leftBehindWith(drawn: string, ...entries: object[]): Promise<VideoCostRow> {
  const { channelId, taskId, id: artifactId } = item;
  const { provider, operation, amountUsd, simulated } = price;
  const { id } = await intendCall(dataSource, { channelId, taskId, artifactId, provider, operation, amountUsd, simulated });
  const call = await database.costs.find(id);
  if (!call) throw new Error('The call was not written down');
  const { journal, product } = files.call(item, call.id);
  await mkdir(dirname(journal), { recursive: true });
  if (entries.length > 0) await writeFile(journal, entries.map((entry) => JSON.stringify(entry)).join('\n'));
  if (entries.some((entry) => 'result' in entry)) await copyFile(join(folder, drawn), product);
  return call;
}

async function current(): Promise<ArtifactRow> {
  const found = await database.artifacts.find(item.id);
  if (!found) throw new Error('The item is gone');
  return found;
}

const asked = async () => (await readFile(join(folder, 'asked'), 'utf8')).length;
const calls = async () =>
  (await database.costs.list({ limit: 10, offset: 0 })).costs.map(({ state, amountUsd }) => [state, amountUsd]).reverse();
const alerts = async () => (await database.alerts.list({ limit: 10, offset: 0 })).alerts.map(({ kind }) => kind);
const anHourAgo = (call: VideoCostRow) =>
  dataSource.query(`UPDATE video_costs SET created_at = now() - interval '1 hour' WHERE id = $1`, [call.id]);

describe('a paid call', () => {
  it('is written down before it is made, and billed with the item', async () => {
    expect(await work()).toMatchObject({ state: 'ready', costUsd: 0.03 });
    expect(await calls()).toEqual([['billed', 0.03]]);
    expect(await asked()).toBe(1);
  });

  it('costs what its result says, where that is known only then', async () => {
    price = { ...price, exactly: () => 0.5 };
    expect(await work()).toMatchObject({ costUsd: 0.5 });
    expect(await calls()).toEqual([['billed', 0.5]]);
  });

  it('that a provider refused costs nothing and is made again', async () => {
    script = `call(); refuse(${JSON.stringify(REFUSED)});`;
    expect(await work()).toMatchObject({ state: 'due', attempt: 1, costUsd: 0 });
    script = 'call(); deliver();';
    expect(await work()).toMatchObject({ state: 'ready', attempt: 2, costUsd: 0.03 });
    expect(await calls()).toEqual([
      ['not_billed', 0.03],
      ['billed', 0.03],
    ]);
  });

  it('that was billed for nothing says so', async () => {
    script = `call(); refuse(${JSON.stringify({ ...REFUSED, kind: 'permanent', billed: 'yes' })});`;
    expect(await work()).toMatchObject({ state: 'failed', costUsd: 0.03 });
    expect(await calls()).toEqual([['billed', 0.03]]);
  });

  it('whose script broke down after it was done counts as done', async () => {
    script = 'call(); deliver(); process.exit(7);';
    expect(await work()).toMatchObject({ state: 'ready', costUsd: 0.03 });
  });

  it('leaves no files once its item is committed', async () => {
    await work();
    expect(await new CallFiles(database, new Workspace(join(folder, 'workspace'))).sweep()).toBe(2);
    const { journal } = files.call(item, (await database.costs.list({ limit: 1, offset: 0 })).costs[0]?.id ?? '');
    await expect(readFile(journal)).rejects.toThrow('ENOENT');
  });
});

describe('after its worker was killed, a call', () => {
  it('that is done is not made again: its file is taken', async () => {
    await leftBehind({ event: 'calling' }, { event: 'done', result: { model: 'painter' } });
    expect(await work()).toMatchObject({ state: 'ready', costUsd: 0.03, result: { model: 'painter' } });
    expect(await asked()).toBe(0);
    expect(await calls()).toEqual([['billed', 0.03]]);
  });

  it('that was never begun costs nothing, and its script must not begin it any more', async () => {
    const call = await leftBehind();
    expect(await work()).toMatchObject({ state: 'ready', costUsd: 0.03 });
    expect(await calls()).toEqual([
      ['not_billed', 0.03],
      ['billed', 0.03],
    ]);
    expect(await readFile(files.call(item, call.id).journal, 'utf8')).toBe('{"event":"void"}\n');
  });

  it('that may be under way is waited for, at the price of no try', async () => {
    await leftBehind({ event: 'calling' });
    expect(await work()).toMatchObject({ state: 'due', attempt: 0, errorCode: 'CALL_UNDER_WAY' });
    expect(await asked()).toBe(0);
  });

  it('that submitted a job is not made again: the job is picked up', async () => {
    await leftBehind({ event: 'calling' }, { event: 'submitted', provider_job_id: 'job-1' });
    script = `say({ event: 'done', file: 'x', result: { model: option('prompt') } }); copyFileSync('PICTURE', option('out'));`;
    expect(await work()).toMatchObject({ state: 'ready', providerJobId: 'job-1', result: { model: 'job-1' }, costUsd: 0.03 });
    expect(await calls()).toEqual([['billed', 0.03]]);
  });

  it('that was cut off in the middle of a line is read as far as it goes', async () => {
    const call = await leftBehind({ event: 'calling' });
    await writeFile(files.call(item, call.id).journal, '{"event":"calling"}\n{"event":"do', { flag: 'w' });
    expect(await work()).toMatchObject({ errorCode: 'CALL_UNDER_WAY' });
  });
});

describe('a call whose answer was lost', () => {
  const lost = { ...REFUSED, kind: 'permanent', retriable: false, billed: 'unknown' };

  it('is reported, and made again when it costs little', async () => {
    script = `call(); refuse(${JSON.stringify(lost)});`;
    expect(await work()).toMatchObject({ state: 'due', attempt: 1, errorCode: 'PAID_CALL_LOST', costUsd: 0.03 });
    expect(await alerts()).toEqual(['paid_call_lost']);
    script = 'call(); deliver();';
    expect(await work()).toMatchObject({ state: 'ready', costUsd: 0.06 });
    expect(await calls()).toEqual([
      ['lost', 0.03],
      ['billed', 0.03],
    ]);
    expect(await database.costs.ofTask(item.taskId)).toBeCloseTo(0.06);
  });

  it('is left to a person when it costs more, who may have it made again', async () => {
    price = { ...price, amountUsd: 0.42 };
    script = `call(); refuse(${JSON.stringify(lost)});`;
    expect(await work()).toMatchObject({ state: 'failed', errorCode: 'PAID_CALL_LOST' });
    expect((await alerts()).sort()).toEqual(['paid_call_lost', 'task_stopped']);
    expect(await database.deadLetters.list({ open: true, limit: 10, offset: 0 })).toMatchObject({
      total: 1,
      letters: [{ code: 'PAID_CALL_LOST' }],
    });
    expect(await asked()).toBe(1);
  });

  it('because its script was killed is no other', async () => {
    const call = await leftBehind({ event: 'calling' });
    await anHourAgo(call);
    expect(await work()).toMatchObject({ state: 'due', errorCode: 'PAID_CALL_LOST' });
    expect(await calls()).toEqual([['lost', 0.03]]);
  });

  describe('where the provider says when a job is over', () => {
    beforeEach(() => {
      price = { provider: 'kie', operation: 'clip', amountUsd: 0.42, simulated: true };
      settings = { PUBLIC_URL: 'https://videos.example.com' };
      script = `call(); refuse(${JSON.stringify(lost)});`;
    });

    it('is waited for, and its job picked up when it is found', async () => {
      expect(await work()).toMatchObject({ state: 'due', attempt: 0, errorCode: 'CALL_SOUGHT' });
      expect(await work()).toMatchObject({ state: 'due', attempt: 0, errorCode: 'CALL_SOUGHT' });
      const [call] = (await database.costs.list({ artifactId: item.id, state: 'intended', limit: 1, offset: 0 })).costs;
      if (!call) throw new Error('The call is not open');
      await recordJob(database, call, 'job-9');
      expect(await current()).toMatchObject({ providerJobId: 'job-9', state: 'due', costUsd: 0.42 });
      script = `say({ event: 'done', file: 'x', result: { model: option('prompt') } }); copyFileSync('PICTURE', option('out'));`;
      expect(await work()).toMatchObject({ state: 'ready', result: { model: 'job-9' } });
      expect(await calls()).toEqual([['billed', 0.42]]);
      expect(await asked()).toBe(1);
      expect(await alerts()).toEqual([]);
    });

    it('is lost after all when it was waited for in vain; then it is made again', async () => {
      await work();
      const [call] = (await database.costs.list({ artifactId: item.id, state: 'intended', limit: 1, offset: 0 })).costs;
      if (!call) throw new Error('The call is not open');
      await anHourAgo(call);
      expect(await work()).toMatchObject({ state: 'due', errorCode: 'PAID_CALL_LOST' });
      expect(await alerts()).toEqual(['paid_call_lost']);
      // Found too late: the bill is right, and the job is there for who comes next.
      await recordJob(database, call, 'job-late');
      expect(await calls()).toEqual([['billed', 0.42]]);
      expect(await current()).toMatchObject({ providerJobId: 'job-late', costUsd: 0.42 });
    });
  });
});

describe('a file that is too bad to be shown', () => {
  const BLANK = { code: 'blank', grave: true };
  const DONE = [{ event: 'calling' }, { event: 'done', result: { model: 'painter' } }];
  const said = async () => (await database.auditLogs.ofTask(item.taskId)).map(({ action }) => action);
  /** What a person does at the gate. */
  const askAgain = async () => {
    const [revised] = await database.artifacts.revise([await current()]);
    if (!revised) throw new Error('There is no new revision');
    item = revised;
    await database.tasks.move(item.taskId, 'assets_ready', 'generating_assets', { stepOpened: true, itemsLeft: 1 });
  };
  const budget = (usd: number) => database.channels.save([{ key: 'one', settings: { name: 'One', budget: { video_usd: usd } } as never }]);

  it('is not kept: the item is made and paid for again by itself, at once, at the price of no try', async () => {
    script = `call(); deliver('BLANK');`;
    const due = await work();
    expect(due).toMatchObject({ state: 'due', remade: true, attempt: 0, path: null, costUsd: 0.03, errorCode: 'MADE_AGAIN' });
    expect(due.errorMessage).toBe('Nothing but one colour: it is made again by itself, once.');
    expect(due.nextAt.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await said()).toEqual(['item_made_again']);
    script = 'call(); deliver();';
    expect(await work()).toMatchObject({ state: 'ready', remade: true, attempt: 1, findings: [], costUsd: 0.06, errorMessage: null });
    expect(await calls()).toEqual([
      ['billed', 0.03],
      ['billed', 0.03],
    ]);
    expect(await database.costs.ofTask(item.taskId)).toBeCloseTo(0.06);
  });

  it('is kept when it comes again, with what is wrong with it; a person who asks for it again begins anew', async () => {
    script = `call(); deliver('BLANK');`;
    await work();
    expect(await work()).toMatchObject({ state: 'ready', findings: [BLANK], costUsd: 0.06 });
    expect(await asked()).toBe(2);
    await askAgain();
    expect(await work()).toMatchObject({ state: 'due', remade: true });
    expect(await work()).toMatchObject({ state: 'ready', findings: [BLANK] });
    expect(await asked()).toBe(4);
  });

  it('is taken once more by whoever comes after a crash between looking at it and recording that, and is paid for once more, not twice', async () => {
    await leftBehindWith('blank.png', ...DONE);
    expect(await work()).toMatchObject({ state: 'due', remade: true, costUsd: 0.03 });
    expect(await asked()).toBe(0);
    expect(await work()).toMatchObject({ state: 'ready' });
    expect(await asked()).toBe(1);
    expect(await calls()).toHaveLength(2);
  });

  it('is the last one, also when the worker of the second try was killed with its call done', async () => {
    script = `call(); deliver('BLANK');`;
    await work();
    await leftBehindWith('blank.png', ...DONE);
    expect(await work()).toMatchObject({ state: 'ready', findings: [BLANK], costUsd: 0.06 });
    expect(await asked()).toBe(1);
  });

  it('is not downloaded again from the job that has made it: a new one is submitted', async () => {
    await leftBehind({ event: 'calling' }, { event: 'submitted', provider_job_id: 'job-1' });
    script = `copyFileSync('BLANK', option('out')); say({ event: 'done', file: 'x', result: { model: option('prompt') } });`;
    expect(await work()).toMatchObject({ state: 'due', remade: true, providerJobId: null, costUsd: 0.03 });
    expect(await calls()).toEqual([['billed', 0.03]]);
    script = 'call(); deliver();';
    expect(await work()).toMatchObject({ state: 'ready', result: { model: 'painter' }, costUsd: 0.06 });
    expect(await asked()).toBe(1);
  });

  it('is not replaced by a worker that has lost the item meanwhile', async () => {
    script = `call(); await new Promise((resolve) => setTimeout(resolve, 1_500)); deliver('BLANK');`;
    const working = work();
    await eventually(async () => (await asked()) > 0, { what: 'the provider to be asked', timeoutMs: 10_000 });
    await dataSource.query('UPDATE artifacts SET lease_token = gen_random_uuid()');
    expect(await working).toMatchObject({ state: 'running', remade: false, costUsd: 0 });
    expect(await calls()).toEqual([['intended', 0.03]]);
  });

  it('is kept where the budget does not allow for another', async () => {
    script = `call(); deliver('BLANK');`;
    await budget(0.02);
    expect(await work()).toMatchObject({ state: 'ready', remade: false, findings: [BLANK], costUsd: 0.03 });
    // The second revision is a repetition already, another try would be one more.
    await askAgain();
    await budget(0.05);
    expect(await work()).toMatchObject({ state: 'ready', remade: false });
    await askAgain();
    await budget(0.09);
    expect(await work()).toMatchObject({ state: 'due', remade: true });
  });
});

it('two calls of one item cannot be open at once', async () => {
  await leftBehind();
  await expect(leftBehind()).rejects.toThrow(/uq_video_costs_artifact_id_open/);
});

it('a call whose item was replaced in the middle of it is settled for the bill', async () => {
  const leftovers = new CallFiles(database, new Workspace(join(folder, 'workspace')));
  const call = await leftBehind({ event: 'calling' }, { event: 'done', result: { model: 'painter' } });
  await dataSource.query(`UPDATE artifacts SET state = 'superseded'`);
  expect(await leftovers.settleAbandoned()).toBe(0);
  await anHourAgo(call);
  expect(await leftovers.settleAbandoned()).toBe(1);
  expect(await calls()).toEqual([['billed', 0.03]]);
  expect(await current()).toMatchObject({ costUsd: 0.03 });
});
