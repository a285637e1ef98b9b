import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '#config';
import { Database, dataSourceOptions, type TaskRow } from '#database';
import { Workspace } from '#media';
import {
  NOTION_QUEUE,
  STAGES,
  permanent,
  quotaExhausted,
  transient,
  type Failure,
  type ItemKind,
  type Ticket,
  type TicketName,
} from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import { getQueueToken } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { Queue } from 'bullmq';
import sharp from 'sharp';
import { DataSource } from 'typeorm';
import { Admission } from './admission.js';
import { Dispatcher } from './dispatcher.js';
import { Gates } from './gates.js';
import { ItemFiles } from './item-files.js';
import { News, type TaskNews } from './news.js';
import { OutboxRelay, QUEUES } from './outbox-relay.js';
import { Reconciler } from './reconciler.js';
import { ProviderLimits } from './provider-limits.js';
import { ScriptRunner } from './script-runner.js';
import { awaitsItem, type Item, type StepHandler } from './stage.js';
import { everybodyIsHere, ticketHandler } from './test-machinery.js';
import { notionJob } from './tickets.js';
import type { TicketHandler } from './ticket-handler.js';

const IMAGES = 3;

let folder: string;
let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let queues: Map<string, Queue>;
let news: News;
let relay: OutboxRelay;
let admission: Admission;
let reconciler: Reconciler;
let gates: Gates;
let handler: TicketHandler;
/** What making an image does besides writing it. */
let making: (item: Item<'image'>) => Promise<void>;
let made: number[];

beforeEach(async () => {
  Logger.overrideLogger(false);
  folder = await mkdtemp(join(tmpdir(), 'machinery-'));
  testDatabase = await createTestDatabase();
  const { url, prefix } = testRedis();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
  queues = new Map(QUEUES.map((name) => [getQueueToken(name), new Queue(name, { connection: { url }, prefix })]));
  const modules = { get: (token: string) => queues.get(token) } as ModuleRef;
  news = new News(readSettings({ REDIS_URL: url, QUEUE_PREFIX: prefix }));
  const dispatcher = new Dispatcher(database, readSettings({}));
  relay = new OutboxRelay(database, modules, news, dispatcher);
  await everybodyIsHere(database);
  admission = new Admission(database, relay, readSettings({ TASKS_IN_WORK: '2' }));
  reconciler = new Reconciler(database, relay, dispatcher, modules);
  gates = new Gates(database, relay);
  making = () => Promise.resolve();
  made = [];
  handler = handlerOf(handlers());
});

/** A worker's handler; what its items need of scripts is in `paid-calls.test.ts`. */
function handlerOf(steps: Map<string, StepHandler<ItemKind>>): TicketHandler {
  const settings = readSettings({});
  const scripts = new ScriptRunner(settings, new ProviderLimits(settings));
  return ticketHandler({ database, files: new ItemFiles(new Workspace(folder)), scripts, steps, settings, relay });
}

afterEach(async () => {
  await relay.flush();
  news.onApplicationShutdown();
  await Promise.all([...queues.values()].map((queue) => queue.close()));
  await dataSource.destroy();
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

/** A storyboard of nothing, and three images that are really drawn. */
function handlers(): Map<string, StepHandler<ItemKind>> {
  const storyboard: StepHandler<'storyboard'> = {
    plan: () => [{}],
    make: async ({ out }) => {
      await writeFile(out, '{}');
      const storyboard = { title: 't', description: '', tags: [], research: [], characters: [], images: [], scenes: [] };
      return { result: { model: 'test', storyboard, estimate: { scenes: 0, images: 0, seconds: 0, usd: 0 } }, simulated: true };
    },
  };
  const images: StepHandler<'image'> = {
    plan: () =>
      Array.from({ length: IMAGES }, (_, index) => ({ key: `image_${index}`, role: 'prop', prompt: `image ${index}`, references: [] })),
    make: async (item) => {
      made.push(item.position);
      await making(item);
      await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red', noise: { type: 'gaussian', mean: 120, sigma: 40 } } })
        .png()
        .toFile(item.out);
      return { result: { model: 'test' }, simulated: true };
    },
  };
  return new Map<string, StepHandler<ItemKind>>([
    ['storyboard', storyboard],
    ['images', images],
  ]);
}

async function addTask(channel = 'one', priority: TaskRow['priority'] = 'normal'): Promise<TaskRow> {
  await database.channels.save([{ key: channel, settings: { name: channel } as never }]);
  const row = await database.channels.findByName(channel);
  const task = await database.tasks.add({
    channelId: row?.id ?? '',
    title: channel,
    topic: '',
    storyDirection: '',
    ownScript: '',
    priority,
    status: 'queued',
    notionPageId: null,
    requestId: 'request-1',
  });
  if (!task) throw new Error('not added');
  return task;
}

/** The tickets that have reached a stage's queue, in the order a worker would take them. */
async function tickets(stage: keyof typeof STAGES = 'asset'): Promise<{ name: TicketName; data: Ticket; id: string }[]> {
  await relay.flush();
  const jobs = await queue(stage).getJobs(['prioritized', 'waiting'], 0, -1, true);
  return jobs.map((job) => ({ name: job.name as TicketName, data: job.data as Ticket, id: job.id ?? '' }));
}

const queue = (stage: keyof typeof STAGES): Queue => {
  const found = queues.get(getQueueToken(STAGES[stage].queue));
  if (!found) throw new Error(`no queue for ${stage}`);
  return found;
};

/** Works the tickets of a queue until it is empty, as a worker would; returns how many it were. */
async function workAll(stop = new AbortController().signal): Promise<number> {
  let worked = 0;
  for (let found = await tickets(); found.length > 0; found = await tickets()) {
    for (const { name, data, id } of found) {
      await queue('asset').remove(id);
      await handler.handle(name, data, stop);
      worked += 1;
    }
  }
  return worked;
}

/** A task whose images are planned, none made. */
async function withImagesDue(): Promise<{ task: TaskRow; due: { name: TicketName; data: Ticket; id: string }[] }> {
  const task = await addTask();
  await admission.run();
  for (const expected of ['open', 'make', 'open'] as const) {
    const [next] = await tickets();
    if (next?.name !== expected) throw new Error(`expected ${expected}`);
    await queue('asset').remove(next.id);
    await handler.handle(next.name, next.data, new AbortController().signal);
  }
  return { task, due: await tickets() };
}

function ticketOf(found: { data: Ticket } | undefined): Ticket {
  if (!found) throw new Error('There is no ticket');
  return found.data;
}

const artifacts = (task: TaskRow) => database.artifacts.ofStep(task.id, 'images');
const expire = (id: string) => dataSource.query(`UPDATE artifacts SET lease_until = now() - interval '1 second' WHERE id = $1`, [id]);

describe('a task', () => {
  it('goes from the queue to its first gate, each item made once, with its file, checksum and cost', async () => {
    const task = await addTask();
    expect(await admission.run()).toBe(1);
    await workAll();
    expect(await database.tasks.get(task.id)).toMatchObject({ status: 'assets_ready', step: 'images', itemsLeft: 0 });
    expect(made.sort()).toEqual([0, 1, 2]);
    for (const artifact of await artifacts(task)) {
      expect(artifact).toMatchObject({ state: 'ready', attempt: 1, simulated: true });
      expect((await readFile(join(folder, artifact.path ?? ''))).length).toBe(artifact.bytes);
    }
    expect(await tickets('video')).toEqual([]);
    await gates.review(task.id, { decision: 'approve', reviewer: 'ann', note: null, positions: [] });
    expect(await tickets('video')).toMatchObject([
      { name: 'open', data: { step: 'composites', task_id: task.id, request_id: 'request-1' } },
    ]);
  });

  it('finds nothing to do in a ticket that comes twice, or late', async () => {
    const { due } = await withImagesDue();
    await workAll();
    for (const { name, data } of due) await handler.handle(name, data, new AbortController().signal);
    expect(made).toHaveLength(IMAGES);
  });

  it('makes an item that has to look like another one as soon as that one is ready, in whatever order they come', async () => {
    making = async ({ position, ready }) => {
      if (position === 0 && (await ready('image')).length < 2) throw awaitsItem('image 3');
    };
    const { task, due } = await withImagesDue();
    const [first] = due;
    await workAll();
    expect(await database.tasks.get(task.id)).toMatchObject({ status: 'assets_ready', itemsLeft: 0 });
    expect(made).toEqual([0, 1, 2, 0]);
    const [waited] = await artifacts(task);
    expect(waited).toMatchObject({ state: 'ready', attempt: 1, errorCode: null });
    expect(waited?.generation).toBeGreaterThan(first?.data.generation ?? 0);
  });

  it('is told of to whoever listens, with every item that is ready', async () => {
    const heard: TaskNews[] = [];
    await new Promise<void>((resolve) => {
      news.listen({ heard: (one) => void heard.push(one), listening: resolve });
    });
    const { task, due } = await withImagesDue();
    const last = () => heard.at(-1);
    const opened = await database.tasks.get(task.id);
    await eventually(() => last()?.version === opened.version, { what: 'the step to be told of', timeoutMs: 10_000 });
    heard.length = 0;
    await handler.handle('make', ticketOf(due[0]), new AbortController().signal);
    await eventually(last, { what: 'the first image to be told of', timeoutMs: 10_000 });
    expect(heard).toEqual([{ task_id: task.id, channel_id: task.channelId, version: opened.version }]);
    expect((await database.tasks.get(task.id)).itemsLeft).toBe(IMAGES - 1);
  });

  it('makes again only what a reviewer names', async () => {
    const { task } = await withImagesDue();
    await workAll();
    const [, first] = await artifacts(task);
    await gates.review(task.id, { decision: 'reject', reviewer: 'ann', note: 'dark', positions: [1] });
    made = [];
    await workAll();
    expect(made).toEqual([1]);
    const [, second] = await artifacts(task);
    expect(second).toMatchObject({ revision: 2, state: 'ready' });
    expect(second?.path).not.toBe(first?.path);
    expect((await database.tasks.get(task.id)).status).toBe('assets_ready');
  });
});

describe('admission', () => {
  it('lets in no more than fit, the urgent first, the channels in turn', async () => {
    const rows = [await addTask('one'), await addTask('one'), await addTask('two'), await addTask('two', 'high')];
    expect(await admission.run()).toBe(2);
    const statuses = await Promise.all(rows.map(async ({ id }) => (await database.tasks.get(id)).status));
    expect(statuses).toEqual(['claimed', 'queued', 'queued', 'claimed']);
    expect(await admission.run()).toBe(0);
  });
});

describe('a failing item', () => {
  const failing = (failure: Failure) => {
    making = ({ position }) => (position === 1 ? Promise.reject(failure) : Promise.resolve());
  };
  const about = { code: 'TEST', message: 'for engineers', userMessage: 'for people' };

  it('is put off after a transient failure and made at the next try', async () => {
    const { task } = await withImagesDue();
    failing(transient({ ...about, retryAfterMs: 3_600_000 }));
    await workAll();
    const [, artifact] = await artifacts(task);
    expect(artifact).toMatchObject({ state: 'due', attempt: 1, generation: 3, errorCode: 'TEST' });
    expect((artifact?.nextAt.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
    expect((await database.tasks.get(task.id)).status).toBe('generating_assets');
    making = () => Promise.resolve();
    await dataSource.query(`UPDATE artifacts SET next_at = now()`);
    await workAll();
    expect((await database.tasks.get(task.id)).status).toBe('assets_ready');
  });

  it('costs no try while a quota is used up', async () => {
    const { task } = await withImagesDue();
    failing(quotaExhausted({ ...about, retryAfterMs: 60_000 }));
    await workAll();
    expect((await artifacts(task))[1]).toMatchObject({ state: 'due', attempt: 0 });
  });

  it('stops its task at a permanent failure with what to do; nothing more is made until a retry, and then only what is missing', async () => {
    const { task } = await withImagesDue();
    failing(permanent(about));
    await workAll();
    const stopped = await database.tasks.get(task.id);
    expect(stopped).toMatchObject({ status: 'asset_error', errorCode: 'TEST', errorMessage: 'for people' });
    expect(stopped.failedArtifactId).toBe((await artifacts(task))[1]?.id);
    making = () => Promise.resolve();
    made = [];
    await gates.retry(task.id, 'ann');
    await workAll();
    expect(made).toEqual([1, 2]);
    expect(await database.tasks.get(task.id)).toMatchObject({ status: 'assets_ready', errorCode: null });
  });

  it('is given up when the ladder is used up', async () => {
    const { task } = await withImagesDue();
    failing(transient(about));
    await dataSource.query(`UPDATE artifacts SET attempt = 4 WHERE kind = 'image'`);
    await workAll();
    expect((await artifacts(task))[1]).toMatchObject({ state: 'failed', attempt: 5 });
    expect((await database.tasks.get(task.id)).status).toBe('asset_error');
  });

  it('never counts a file that is not what it should be', async () => {
    const { task } = await withImagesDue();
    const real = handlers().get('images');
    if (!real) throw new Error('no handler');
    const cheat = {
      ...real,
      make: async ({ out }: Item<ItemKind>) => {
        await writeFile(out, 'no picture');
        return { result: { model: 'test' }, simulated: true };
      },
    };
    handler = handlerOf(new Map([['images', cheat]]));
    await workAll();
    expect((await artifacts(task)).map(({ state, path }) => [state, path])).toEqual([
      ['failed', null],
      ...Array.from({ length: IMAGES - 1 }, () => ['due', null]),
    ]);
  });
});

describe('a worker that is lost', () => {
  it('changes nothing when it wakes up after its lease: the item is made by the next one and counted once', async () => {
    const { task, due } = await withImagesDue();
    const [first] = due;
    let wake: () => void = () => undefined;
    making = () => new Promise((resolve) => (wake = resolve));
    const asleep = handler.handle('make', ticketOf(first), new AbortController().signal);
    while (made.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const [artifact] = await artifacts(task);
    await expire(artifact?.id ?? '');
    making = () => Promise.resolve();
    expect(await reconciler.run()).toBe(1);
    await workAll();
    const before = await artifacts(task);
    wake();
    await asleep;
    expect(await artifacts(task)).toEqual(before);
    expect(await database.tasks.get(task.id)).toMatchObject({ status: 'assets_ready', itemsLeft: 0 });
  });

  it('hands its item back at once when its service stops', async () => {
    const { task, due } = await withImagesDue();
    const stopping = new AbortController();
    making = ({ signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        }),
      );
    const working = handler.handle('make', ticketOf(due[0]), stopping.signal);
    while (made.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stopping.abort(new Error('stopping'));
    await working;
    expect((await artifacts(task))[0]).toMatchObject({ state: 'due', attempt: 0, generation: 3 });
    making = () => Promise.resolve();
    await workAll();
    expect((await database.tasks.get(task.id)).status).toBe('assets_ready');
  });
});

describe('ten thousand rows that are queued together', () => {
  it('wait in Postgres until there is room for them, and hold up nothing that people do', async () => {
    const job = (name: 'sync_row' | 'work_inbox', id: string) => notionJob(name, id, { task_id: id });
    for (let batch = 0; batch < 10; batch++)
      await database.outbox.add(Array.from({ length: 1_000 }, (_, index) => job('sync_row', `row-${batch}-${index}`)));
    await database.outbox.add([job('work_inbox', 'inbox')]);
    await relay.flush();
    const notion = queues.get(getQueueToken(NOTION_QUEUE));
    expect(await notion?.getJobState('inbox')).toBe('prioritized');
    expect(await notion?.count()).toBe(151);
    await relay.flush();
    expect(await notion?.count()).toBe(151);
    await notion?.drain();
    await relay.flush();
    expect(await notion?.count()).toBe(150);
    await dataSource.query('DELETE FROM outbox');
  }, 60_000);
});

describe('an emptied Redis', () => {
  it('gets every missing ticket again', async () => {
    const { task } = await withImagesDue();
    const opened = await addTask('two');
    await admission.run();
    await relay.flush();
    for (const each of queues.values()) await each.obliterate({ force: true });
    await dataSource.query(`UPDATE artifacts SET handed_at = now() - interval '1 minute' WHERE handed_at IS NOT NULL`);
    await dataSource.query(`UPDATE tasks SET updated_at = now() - interval '1 minute'`);
    expect(await reconciler.run()).toBe(IMAGES + 1);
    expect(await reconciler.run()).toBe(0);
    await workAll();
    expect((await database.tasks.get(task.id)).status).toBe('assets_ready');
    expect((await database.tasks.get(opened.id)).status).toBe('assets_ready');
  });
});
