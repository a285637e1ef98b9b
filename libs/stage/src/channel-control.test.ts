import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings, type ChannelSettings, type Settings } from '#config';
import { Database, dataSourceOptions, type TaskRow } from '#database';
import { Workspace } from '#media';
import type { ItemKind, Ticket, TicketName } from '#pipeline';
import { createTestDatabase, testRedis, type TestDatabase } from '#testing';
import { getQueueToken } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { Queue } from 'bullmq';
import { DataSource } from 'typeorm';
import { Admission } from './admission.js';
import { ChannelControl } from './channel-control.js';
import { Dispatcher } from './dispatcher.js';
import { Gates } from './gates.js';
import { ItemFiles } from './item-files.js';
import { NEWS } from './news.js';
import { QUEUES } from './outbox-relay.js';
import { ProviderLimits } from './provider-limits.js';
import { Reconciler } from './reconciler.js';
import { ScriptRunner } from './script-runner.js';
import type { StepHandler } from './stage.js';
import { NO_RELAY, handOver, ticketHandler } from './test-machinery.js';
import type { TicketHandler } from './ticket-handler.js';

const LEASE_MS = 30_000;
const idle = new AbortController().signal;

let folder: string;
let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let queues: Map<string, Queue>;
let reconciler: Reconciler;
let gates: Gates;
let admission: Admission;
let control: ChannelControl;
let handler: TicketHandler;
let channelId: string;
let settings: Settings;
/** What making a storyboard does besides writing it. */
let making: () => Promise<unknown>;

beforeEach(async () => {
  Logger.overrideLogger(false);
  folder = await mkdtemp(join(tmpdir(), 'channel-control-'));
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
  const { url, prefix } = testRedis();
  settings = readSettings({ TASKS_IN_WORK: '5' });
  queues = new Map(QUEUES.map((name) => [getQueueToken(name), new Queue(name, { connection: { url }, prefix })]));
  const relay = NO_RELAY;
  reconciler = new Reconciler(database, relay, new Dispatcher(database, settings), {
    get: (token: string) => queues.get(token),
  } as ModuleRef);
  gates = new Gates(database, relay);
  admission = new Admission(database, relay, settings);
  control = new ChannelControl(database, reconciler, admission, relay);
  const scripts = new ScriptRunner(settings, new ProviderLimits(settings));
  handler = ticketHandler({ database, files: new ItemFiles(new Workspace(folder)), scripts, steps: steps(), settings });
  making = () => Promise.resolve();
  await control.store([channel('one')]);
  channelId = (await database.channels.findByName('one'))?.id ?? '';
});
afterEach(async () => {
  await Promise.all([...queues.values()].map((queue) => queue.close()));
  await dataSource.destroy();
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

const channel = (key: string) => ({ key, settings: { name: key } as ChannelSettings });

/** A storyboard of nothing, and two images that nobody draws here. */
function steps(): Map<string, StepHandler<ItemKind>> {
  const storyboard: StepHandler<'storyboard'> = {
    plan: () => [{}],
    make: async ({ out }) => {
      await making();
      await writeFile(out, '{}');
      const written = { title: 't', description: '', tags: [], research: [], characters: [], images: [], scenes: [] };
      return { result: { model: 'test', storyboard: written, estimate: { scenes: 0, images: 0, seconds: 0, usd: 0 } }, simulated: true };
    },
  };
  const images: StepHandler<'image'> = {
    plan: () => ['a', 'b'].map((key) => ({ key, role: 'prop', prompt: '', references: [] })),
    make: () => Promise.reject(new Error('nobody draws here')),
  };
  return new Map<string, StepHandler<ItemKind>>([
    ['storyboard', storyboard],
    ['images', images],
  ]);
}

async function addTask(notionPageId = 'page'): Promise<TaskRow> {
  const text = { title: 'Ebb', topic: '', storyDirection: '', ownScript: '' };
  const task = await database.tasks.add({ channelId, ...text, priority: 'normal', status: 'queued', notionPageId, requestId: null });
  if (!task) throw new Error('not added');
  return task;
}

/** The tickets that have been issued since the last look. */
async function tickets(): Promise<{ name: TicketName; payload: Ticket }[]> {
  const due = [...(await database.outbox.due(100)), ...(await database.outbox.patient(100))];
  await database.outbox.remove(due);
  const opening = due.filter(({ queue }) => queue === 'asset') as { name: TicketName; payload: object }[];
  const making = (await handOver(database, settings)).map(({ name, data }) => ({ name, payload: data }));
  return [...opening, ...making] as Awaited<ReturnType<typeof tickets>>;
}

async function work(): Promise<void> {
  for (const { name, payload } of await tickets()) await handler.handle(name, payload, idle);
}

/** A task whose two images are due, and their tickets. */
async function withImagesDue() {
  const task = await addTask();
  await admission.run();
  // Opens the storyboard, makes it, opens the images.
  for (let round = 0; round < 3; round++) await work();
  const made = await tickets();
  expect(made.map(({ name, payload }) => [name, payload.step])).toEqual([
    ['make', 'images'],
    ['make', 'images'],
  ]);
  return { task, made };
}

const claim = ({ artifact_id = '', generation }: Ticket) => database.artifacts.claim(artifact_id, generation, randomUUID(), LEASE_MS);
const longAgo = async () => {
  await dataSource.query(`UPDATE artifacts SET next_at = now() - interval '1 hour' WHERE state = 'due'`);
  await dataSource.query(`UPDATE tasks SET updated_at = now() - interval '1 hour'`);
};
const audit = async () => {
  const rows = await dataSource.query<{ actor: string; action: string }[]>(
    'SELECT actor, action FROM audit_logs WHERE task_id IS NULL ORDER BY created_at',
  );
  return rows.map(({ actor, action }) => `${actor}: ${action}`);
};

describe('a paused channel', () => {
  it('has no item taken, at no cost of a try, and no ticket issued again; when it goes on, every item is due at once', async () => {
    const { task, made } = await withImagesDue();
    await control.pause(channelId, 'ann', 'on holiday');
    for (const { name, payload } of made) await handler.handle(name, payload, idle);
    await longAgo();
    expect(await reconciler.run()).toBe(0);
    expect(await tickets()).toEqual([]);
    expect(await database.artifacts.stuck(0)).toEqual(new Map());
    const waiting = await database.artifacts.ofStep(task.id, 'images');
    expect(waiting.map(({ state, attempt }) => [state, attempt])).toEqual([
      ['due', 0],
      ['due', 0],
    ]);

    expect(await control.resume(channelId, 'bob')).toMatchObject({ pausedAt: null, pausedBy: null });
    const again = await tickets();
    expect(again).toHaveLength(2);
    for (const { payload } of again) expect(await claim(payload)).toMatchObject({ artifact: { attempt: 1 } });
    expect(await audit()).toEqual(['system: channel_added', 'ann: channel_paused', 'bob: channel_resumed']);
  });

  it('admits nothing, and no other channel waits for it', async () => {
    await control.pause(channelId, 'ann');
    const task = await addTask();
    await admission.run();
    expect(await tickets()).toEqual([]);
    expect((await database.tasks.get(task.id)).status).toBe('queued');
    await control.resume(channelId, 'ann');
    expect((await database.tasks.get(task.id)).status).toBe('claimed');
  });

  it('finishes what is being made, and opens no further step until it goes on', async () => {
    const task = await addTask();
    await admission.run();
    await work();
    making = () => control.pause(channelId, 'ann');
    await work();
    const [storyboard] = await database.artifacts.ofStep(task.id, 'storyboard');
    expect(storyboard).toMatchObject({ state: 'ready', attempt: 1 });
    const [open, ...others] = await tickets();
    expect([open?.name, open?.payload.step, others]).toEqual(['open', 'images', []]);
    if (open) await handler.handle(open.name, open.payload, idle);
    await longAgo();
    expect(await reconciler.run()).toBe(0);
    expect(await database.artifacts.ofStep(task.id, 'images')).toEqual([]);

    await control.resume(channelId, 'ann');
    await work();
    expect(await database.artifacts.ofStep(task.id, 'images')).toHaveLength(2);
  });

  it('takes decisions all the same, and acts on them when it goes on', async () => {
    const { task } = await withImagesDue();
    await dataSource.query(`UPDATE artifacts SET state = 'ready', path = 'x' || position, checksum = 'x' WHERE kind = 'image'`);
    await database.tasks.move(task.id, 'generating_assets', 'assets_ready');
    await control.pause(channelId, 'ann');
    expect(await gates.review(task.id, { decision: 'reject', reviewer: 'bob', note: null, positions: [1] })).toMatchObject({
      status: 'generating_assets',
    });
    expect(await database.reviews.ofTask(task.id)).toMatchObject([{ reviewer: 'bob', decision: 'reject' }]);
    await work();
    expect(await tickets()).toEqual([]);
    await control.resume(channelId, 'ann');
    await work();
    expect((await tickets()).map(({ name, payload }) => [name, payload.step])).toEqual([['make', 'images']]);
  });

  it('stays as it is when it is paused or resumed twice; one that nobody knows is named', async () => {
    const first = await control.pause(channelId, 'ann');
    expect(await control.pause(channelId, 'bob')).toEqual(first);
    await control.resume(channelId, 'ann');
    await control.resume(channelId, 'ann');
    expect(await audit()).toEqual(['system: channel_added', 'ann: channel_paused', 'ann: channel_resumed']);
    await expect(control.pause(randomUUID(), 'ann')).rejects.toMatchObject({ code: 'CHANNEL_NOT_FOUND' });
  });
});

describe('a channel whose file is gone', () => {
  it('is worked to its end, while what is queued waits and says why, until the file is back', async () => {
    const { made } = await withImagesDue();
    const queued = await addTask('another page');
    await control.remove(['one']);
    expect(await database.tasks.get(queued.id)).toMatchObject({
      status: 'queued',
      errorCode: 'CHANNEL_REMOVED',
      errorMessage: expect.stringContaining('Put the file back, or cancel the video'),
      version: queued.version + 1,
    });
    const told = [...(await database.outbox.patient(100)), ...(await database.outbox.due(100))];
    expect(told.map(({ queue, payload }) => [queue, (payload as Ticket).task_id])).toEqual([
      ['notion', queued.id],
      [NEWS, queued.id],
    ]);
    for (const { payload } of made) expect(await claim(payload)).toMatchObject({ artifact: { state: 'running' } });
    await admission.run();
    expect((await database.tasks.get(queued.id)).status).toBe('queued');

    await control.store([channel('one')]);
    expect(await database.tasks.get(queued.id)).toMatchObject({ status: 'claimed', errorCode: null, errorMessage: null });
    expect(await audit()).toEqual(['system: channel_added', 'system: channel_removed', 'system: channel_restored']);
  });

  it('takes no draft back into the queue; cancelling always works', async () => {
    const task = await addTask();
    await control.remove(['one']);
    expect(await gates.cancel(task.id, 'ann')).toMatchObject({ status: 'draft', errorCode: null });
    await expect(gates.queue(task.id, 'ann')).rejects.toMatchObject({ code: 'CHANNEL_REMOVED' });
  });

  it('is not the one that is meant when another has taken its name', async () => {
    await control.remove(['one']);
    await control.store([{ key: 'first', settings: { name: 'One' } as ChannelSettings }]);
    expect(await database.channels.findByName('one')).toMatchObject({ key: 'first' });
  });
});

describe('a channel file', () => {
  it('is stored by one of those who see it at once, and only when it says something new', async () => {
    const changed = { key: 'one', settings: { name: 'One', scenes: 4 } as ChannelSettings };
    await Promise.all([control.store([changed]), control.store([changed]), control.store([changed])]);
    await control.store([changed]);
    expect(await audit()).toEqual(['system: channel_added', 'system: channel_changed']);
    expect((await database.channels.get(channelId)).settings).toEqual({ name: 'One', scenes: 4 });
  });
});
