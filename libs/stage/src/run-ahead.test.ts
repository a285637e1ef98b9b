import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings, type ChannelSettings } from '#config';
import { Database, dataSourceOptions, type ArtifactRow } from '#database';
import { Workspace } from '#media';
import type { Finding, ItemKind, Status, StepName, Ticket, TicketName } from '#pipeline';
import { createTestDatabase, type TestDatabase } from '#testing';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { Dispatcher } from './dispatcher.js';
import { Gates } from './gates.js';
import { ItemFiles, type PlacedFile } from './item-files.js';
import { ProviderLimits } from './provider-limits.js';
import { Reconciler } from './reconciler.js';
import { ScriptRunner } from './script-runner.js';
import type { StepHandler } from './stage.js';
import { NO_RELAY, handOver, ticketHandler } from './test-machinery.js';
import type { TicketHandler } from './ticket-handler.js';

const SCENES = 3;
const settings = readSettings({});
const idle = new AbortController().signal;

let folder: string;
let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let handler: TicketHandler;
let channelId: string;
let taskId: string;
/** What speaking one narration does besides writing its file. */
let speaking: (position: number) => Promise<unknown>;

beforeEach(async () => {
  Logger.overrideLogger(false);
  folder = await mkdtemp(join(tmpdir(), 'run-ahead-'));
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
  speaking = () => Promise.resolve();
  const scripts = new ScriptRunner(settings, new ProviderLimits(settings));
  handler = ticketHandler({ database, files: new TextFiles(new Workspace(folder)), scripts, steps: steps(), settings });
});
afterEach(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Takes any file for what it should be: nobody speaks here. */
class TextFiles extends ItemFiles {
  override async place<T extends { readonly findings?: readonly Finding[] }>(
    artifact: ArtifactRow,
    make: (out: string) => Promise<T>,
  ): Promise<{ made: T; file: PlacedFile; findings: Finding[] }> {
    const made = await make(join(folder, artifact.id));
    return { made, file: { path: artifact.id, checksum: 'x', bytes: 1, durationMs: null }, findings: [] };
  }
}

function steps(): Map<string, StepHandler<ItemKind>> {
  const made = async ({ out }: { out: string }) => {
    await writeFile(out, 'x');
    return { result: { model: 'm', words: [] } as never, simulated: true };
  };
  const many = <T>(input: T) => Array.from({ length: SCENES }, () => input);
  const composites: StepHandler<'composite'> = { plan: () => many({ layout: 'full_frame', images: [] }), make: made };
  const narrations: StepHandler<'narration'> = {
    plan: () => many({ text: 'The tide goes out.', before: '', after: '' }),
    make: async (item) => {
      await speaking(item.position);
      return made(item);
    },
  };
  const sound_effects: StepHandler<'sound_effect'> = { plan: () => many({ prompt: 'waves', seconds: 5 }), make: made };
  return new Map(Object.entries({ composites, narrations, sound_effects }));
}

/** A task whose images were approved, with the composites to be opened. */
async function addTask(run_ahead: boolean): Promise<void> {
  const [channel] = await database.channels.save([{ key: 'one', settings: { name: 'One', run_ahead } as ChannelSettings }]);
  channelId = channel?.id ?? '';
  const [task] = await dataSource.query<{ id: string }[]>(
    `INSERT INTO tasks (channel_id, title, status, step, step_generation, queued_at) VALUES ($1, 'Ebb', 'assets_approved', 'composites', 1, now()) RETURNING id`,
    [channelId],
  );
  taskId = task?.id ?? '';
}

const open = (step: StepName, more: Partial<Ticket> = {}) =>
  handler.handle('open', { task_id: taskId, channel_id: channelId, step, generation: 1, ...more }, idle);
/** Opens what the outbox says is to be opened ahead. */
async function openAhead(): Promise<StepName[]> {
  const tickets = (await database.outbox.due(50)).filter(({ name }) => name === 'open').map(({ payload }) => payload as Ticket);
  const ahead = tickets.filter((ticket) => ticket.ahead);
  await dataSource.query(`DELETE FROM outbox`);
  for (const ticket of ahead) await handler.handle('open', ticket, idle);
  return ahead.map(({ step }) => step);
}
async function work(only: (ticket: Ticket) => boolean = () => true): Promise<void> {
  const handed = await handOver(database, settings);
  await Promise.all(
    handed.filter(({ data }) => only(data)).map(({ name, data }: { name: TicketName; data: Ticket }) => handler.handle(name, data, idle)),
  );
}
const states = async (step: StepName) => (await database.artifacts.ofStep(taskId, step)).map(({ state }) => state);
const all = (state: string) => Array.from({ length: SCENES }, () => state);
/** The task comes to a step in its own time. */
async function comeTo(step: StepName, status: Status): Promise<void> {
  await dataSource.query(`ALTER TABLE tasks DISABLE TRIGGER tr_tasks_status`);
  await dataSource.query(`UPDATE tasks SET status = $2, step = $3, step_opened = false, step_generation = 1 WHERE id = $1`, [
    taskId,
    status,
    step,
  ]);
  await dataSource.query(`ALTER TABLE tasks ENABLE TRIGGER tr_tasks_status`);
}
const task = () => database.tasks.get(taskId);

describe('where a channel wants it', () => {
  beforeEach(() => addTask(true));

  it('narrations and effects are made while the video is at something else, and are there when their turn comes', async () => {
    await open('composites');
    expect(await openAhead()).toEqual(['narrations', 'sound_effects']);
    await work(({ step }) => step !== 'composites');
    expect([await states('narrations'), await states('sound_effects'), await states('composites')]).toEqual([
      all('ready'),
      all('ready'),
      all('due'),
    ]);
    expect(await task()).toMatchObject({ status: 'generating_composites', itemsLeft: SCENES });
    await comeTo('narrations', 'video_approved');
    await open('narrations');
    expect(await task()).toMatchObject({ status: 'audio_ready', step: 'narrations', itemsLeft: 0 });
  });

  it('one that is being spoken when its step is opened is counted once, whichever is first', async () => {
    await open('composites');
    await openAhead();
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    speaking = (position) => (position === 1 ? held : Promise.resolve());
    const working = work(({ step }) => step === 'narrations');
    while ((await states('narrations')).filter((state) => state === 'ready').length < SCENES - 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await comeTo('narrations', 'video_approved');
    await open('narrations');
    expect(await task()).toMatchObject({ status: 'generating_audio', itemsLeft: 1 });
    release(undefined);
    await working;
    expect(await task()).toMatchObject({ status: 'audio_ready', itemsLeft: 0 });
  });

  it('one that fails is no matter until its turn comes; then it is tried anew, and stops the video if it must', async () => {
    await open('composites');
    await openAhead();
    await dataSource.query(`UPDATE artifacts SET state = 'failed', attempt = 5 WHERE kind = 'narration' AND position = 0`);
    expect((await task()).status).toBe('generating_composites');
    await comeTo('narrations', 'video_approved');
    await open('narrations');
    expect(await task()).toMatchObject({ status: 'generating_audio', itemsLeft: SCENES });
    expect((await database.artifacts.ofStep(taskId, 'narrations'))[0]).toMatchObject({ state: 'due', attempt: 0 });
  });

  it('what nobody was shown yet cannot be sent back', async () => {
    await open('composites');
    await openAhead();
    await work(({ step }) => step === 'narrations');
    await comeTo('clips', 'video_ready');
    const gates = new Gates(database, NO_RELAY);
    await expect(gates.regenerate(taskId, 'ann', [{ kind: 'narration', position: 0 }], null)).rejects.toMatchObject({
      code: 'ITEM_NOT_FOUND',
    });
  });

  it('nothing more is made of a video that is given up', async () => {
    await open('composites');
    await openAhead();
    await new Gates(database, NO_RELAY).cancel(taskId, 'ann');
    expect(await handOver(database, settings)).toEqual([]);
  });

  it('it is planned again when Redis has lost that, as long as there is time', async () => {
    await open('composites');
    await dataSource.query('DELETE FROM outbox');
    await dataSource.query(`UPDATE tasks SET updated_at = now() - interval '1 minute'`);
    const modules = { get: () => ({ getJobState: () => Promise.resolve('unknown') }) } as unknown as ModuleRef;
    await new Reconciler(database, NO_RELAY, new Dispatcher(database, settings), modules).run();
    expect(await openAhead()).toEqual(['narrations', 'sound_effects']);
    expect(await states('narrations')).toEqual(all('due'));
  });
});

it('where it does not, nothing is made before its turn', async () => {
  await addTask(false);
  await open('composites');
  expect(await openAhead()).toEqual([]);
  await open('narrations', { ahead: true });
  expect(await states('narrations')).toEqual([]);
});
