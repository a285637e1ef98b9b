import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '#config';
import { Database, dataSourceOptions, type NewArtifact, type TaskRow } from '#database';
import { STEPS, permanent, stepInfo, type ItemInputs, type ItemKind, type Status, type StepName } from '#pipeline';
import { createTestDatabase, type TestDatabase } from '#testing';
import { DataSource } from 'typeorm';
import { Gates, type Review } from './gates.js';
import { NEWS } from './news.js';
import { admit, openStep, stopTask } from './step-flow.js';
import type { StepHandler, TaskView } from './stage.js';
import { NO_RELAY, handOver } from './test-machinery.js';
import { placeInQueue } from './tickets.js';

const WAY: Status[] = [
  'draft',
  'queued',
  'claimed',
  ...STEPS.flatMap(({ working, ready, gate }) => [working, ready, gate?.waiting, gate?.approved]),
]
  .filter((status): status is Status => Boolean(status))
  .filter((status, index, all) => all.indexOf(status) === index);
/** Two scenes: the whale swims in both, the reef is only in the second; the dark reef shows the whale far away and is in neither. */
const SCENES: [kind: ItemKind, position: number, input: object][] = [
  ['storyboard', 0, {}],
  ['image', 0, { key: 'dark_reef', role: 'environment', prompt: '', references: ['whale'] }],
  ['image', 1, { key: 'reef', role: 'environment', prompt: '', references: [] }],
  ['image', 2, { key: 'whale', role: 'character', prompt: '', references: [] }],
  ['composite', 0, { layout: 'environment', images: ['whale'] }],
  ['composite', 1, { layout: 'character', images: ['reef', 'whale'] }],
  ['clip', 0, { motion: '', seconds: 5 }],
  ['clip', 1, { motion: '', seconds: 5 }],
  ['narration', 0, { text: '' }],
  ['narration', 1, { text: '' }],
  ['sound_effect', 0, { prompt: '', seconds: 5 }],
  ['sound_effect', 1, { prompt: '', seconds: 5 }],
  ['cut', 0, { scenes: 2 }],
  ['caption', 0, { language: 'en' }],
  ['thumbnail', 0, { title: '' }],
  ['thumbnail', 1, { title: '' }],
  ['thumbnail', 2, { title: '' }],
];

/** The cut and what is made from it. */
const CUT = ['cut 0', 'caption 0', 'thumbnail 0', 'thumbnail 1', 'thumbnail 2'];

let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let gates: Gates;
let task: TaskRow;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
  gates = new Gates(database, NO_RELAY);
});
afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});
beforeEach(async () => {
  await database.channels.save([{ key: 'one', settings: { name: 'One' } as never }]);
  const channelId = (await database.channels.findByName('one'))?.id ?? '';
  const text = { title: 'Ebb', topic: '', storyDirection: '', ownScript: '' };
  const added = await database.tasks.add({ channelId, ...text, priority: 'normal', status: 'queued', notionPageId: null, requestId: null });
  if (!added) throw new Error('not added');
  task = added;
  await dataSource.query('DELETE FROM outbox');
});

/** Everything up to a step is ready; the task is in that status. */
async function bringTo(status: Status, step: StepName): Promise<void> {
  const names = STEPS.map(({ name }) => name);
  const made = SCENES.filter(([kind]) => STEPS.findIndex(({ item }) => item === kind) <= names.indexOf(step));
  await database.artifacts.add(
    made.map(([kind, position, input]): NewArtifact => {
      const { name } = STEPS.find(({ item }) => item === kind) ?? stepInfo('images');
      return { channelId: task.channelId, taskId: task.id, step: name, kind, position, revision: 1, input: input as ItemInputs[ItemKind] };
    }),
  );
  await dataSource.query(`UPDATE artifacts SET state = 'ready', path = kind || position, checksum = 'x' WHERE task_id = $1`, [task.id]);
  const end = WAY.indexOf(status);
  for (let index = WAY.indexOf('queued'); index < end; index++) {
    const [from, to] = [WAY[index], WAY[index + 1]];
    if (from && to) await database.tasks.move(task.id, from, to, { step, stepOpened: true, itemsLeft: 0 });
  }
  task = await database.tasks.get(task.id);
  expect(task.status).toBe(status);
}

const made = async () =>
  (await database.artifacts.ofTask(task.id)).filter(({ revision }) => revision > 1).map(({ kind, position }) => `${kind} ${position}`);
const tickets = async () => {
  const jobs = (await database.outbox.due(50)).filter(({ queue }) => queue !== NEWS);
  return jobs.map(({ name, payload }) => [name, (payload as { step: string }).step]);
};
const regenerate = (kind: ItemKind, position: number) => gates.regenerate(task.id, 'ann', [{ kind, position }], 'too dark');
/** Opens the step that the task has gone back to, as its service would. */
async function open(): Promise<TaskRow> {
  const nothing = { plan: () => [] } as unknown as StepHandler<ItemKind>;
  await database.transaction(async (tx) => {
    const row = await tx.tasks.lock(task.id);
    if (row?.step)
      await openStep(tx, {
        task: row,
        step: stepInfo(row.step),
        handler: nothing,
        view: { channel: {} } as TaskView,
        settings: readSettings({}),
      });
  });
  return database.tasks.get(task.id);
}

describe('regenerating', () => {
  it('a picture makes again what it is in, and nothing else', async () => {
    await bringTo('final_review', 'thumbnails');
    const after = await regenerate('image', 1);
    expect(after).toMatchObject({ status: 'generating_assets', step: 'images', stepOpened: false });
    expect(await made()).toEqual(['image 1', 'composite 1', 'clip 1', ...CUT]);
    expect(await tickets()).toEqual([['open', 'images']]);
    expect(await open()).toMatchObject({ status: 'generating_assets', stepOpened: true, itemsLeft: 1 });
  });

  it('a portrait makes again every picture that has to look like it', async () => {
    await bringTo('final_review', 'thumbnails');
    await regenerate('image', 2);
    expect((await made()).filter((item) => item.startsWith('image'))).toEqual(['image 0', 'image 2']);
  });

  it('a clip goes back to the clips, a sound effect only to the effects', async () => {
    await bringTo('final_review', 'thumbnails');
    expect(await regenerate('clip', 0)).toMatchObject({ status: 'generating_video' });
    expect(await made()).toEqual(['clip 0', ...CUT]);
  });

  it('an effect leaves pictures and voices alone', async () => {
    await bringTo('final_review', 'thumbnails');
    expect(await regenerate('sound_effect', 1)).toMatchObject({ status: 'generating_sfx' });
    expect(await made()).toEqual(['sound_effect 1', ...CUT]);
  });

  it('one thumbnail leaves the others, the captions and the cut alone', async () => {
    await bringTo('final_review', 'thumbnails');
    expect(await regenerate('thumbnail', 1)).toMatchObject({ status: 'assembling', step: 'thumbnails' });
    expect(await made()).toEqual(['thumbnail 1']);
    expect(await open()).toMatchObject({ status: 'assembling', itemsLeft: 1 });
  });

  it('the captions leaves the thumbnails alone', async () => {
    await bringTo('final_review', 'thumbnails');
    expect(await regenerate('caption', 0)).toMatchObject({ status: 'assembling', step: 'captions' });
    expect(await made()).toEqual(['caption 0']);
  });

  it('takes a task out of an error, whose letter is closed with it', async () => {
    await bringTo('generating_video', 'clips');
    const [, clip] = await database.artifacts.ofStep(task.id, 'clips');
    const failure = permanent({ code: 'KIE_422', message: 'engineers', userMessage: 'people' });
    await database.transaction((tx) => stopTask(tx, task.id, stepInfo('clips'), failure, clip ?? null));
    expect(await database.deadLetters.list({ open: true, limit: 5, offset: 0 })).toMatchObject({ total: 1 });
    expect(await regenerate('image', 2)).toMatchObject({ status: 'generating_assets', errorCode: null });
    expect(await made()).toEqual(['image 0', 'image 2', 'composite 0', 'composite 1', 'clip 0', 'clip 1']);
    expect(await database.deadLetters.list({ open: true, limit: 5, offset: 0 })).toMatchObject({ total: 0 });
    expect(await database.alerts.list({ state: 'resolved', limit: 5, offset: 0 })).toMatchObject({ total: 1 });
  });

  it('the storyboard, when it was too dear and nothing has been made from it', async () => {
    await bringTo('generating_assets', 'storyboard');
    await database.tasks.move(task.id, 'generating_assets', 'generating_assets', { step: 'images', stepOpened: false });
    const dear = permanent({ code: 'STORYBOARD_OVER_BUDGET', message: 'too dear', userMessage: 'Make it shorter.' });
    await database.transaction((tx) => stopTask(tx, task.id, stepInfo('images'), dear, null));
    expect(await regenerate('storyboard', 0)).toMatchObject({ status: 'generating_assets', step: 'storyboard', stepOpened: false });
    expect(await made()).toEqual(['storyboard 0']);
    expect(await tickets()).toEqual([['open', 'storyboard']]);
  });

  it.each<[what: string, status: Status, step: StepName, kind: ItemKind, position: number, code: string]>([
    ['a task that is at work', 'generating_audio', 'narrations', 'clip', 0, 'TASK_NOT_AT_REST'],
    ['an item that is not there', 'video_ready', 'clips', 'clip', 7, 'ITEM_NOT_FOUND'],
    ['an item of a later step', 'video_ready', 'clips', 'narration', 0, 'ITEM_NOT_FOUND'],
    ['the storyboard, from which everything is made', 'video_ready', 'clips', 'storyboard', 0, 'ITEM_NOT_FOUND'],
  ])('refuses %s', async (_what, status, step, kind, position, code) => {
    await bringTo(status, step);
    await expect(regenerate(kind, position)).rejects.toMatchObject({ code });
    expect(await made()).toEqual([]);
  });
});

describe('the final review', () => {
  const review = (decision: 'approve' | 'reject', more: Partial<Review> = {}) =>
    gates.review(task.id, { decision, reviewer: 'ann', note: null, positions: [], ...more });

  it('is of all that will be published, file by file', async () => {
    await bringTo('final_review', 'thumbnails');
    await review('approve', { thumbnail: 3 });
    const [recorded] = await database.reviews.ofTask(task.id);
    const all = await database.artifacts.ofTask(task.id);
    const shown = recorded?.shown.map(({ artifact_id, checksum }) => [all.find(({ id }) => id === artifact_id)?.kind, checksum]);
    expect(shown).toEqual(['cut', 'thumbnail', 'thumbnail', 'thumbnail', 'caption', 'storyboard'].map((kind) => [kind, 'x']));
    expect(await database.tasks.get(task.id)).toMatchObject({ status: 'approved', step: 'publication', thumbnail: 3 });
    const { entries } = await database.auditLogs.list({ taskId: task.id, limit: 5, offset: 0 });
    expect(entries).toMatchObject([{ action: 'review_approve', details: { gate: 'final_review', thumbnail: 3 } }]);
  });

  it('that rejects has the cut made again, and what is made from it', async () => {
    await bringTo('final_review', 'thumbnails');
    expect(await review('reject')).toMatchObject({ status: 'assembling', step: 'cut' });
    expect(await made()).toEqual(CUT);
  });

  it.each<[status: Status, step: StepName]>([
    ['draft', 'storyboard'],
    ['generating_video', 'clips'],
    ['final_review', 'thumbnails'],
    ['approved', 'publication'],
  ])('finds the thumbnail that was chosen at %s', async (status, step) => {
    if (status === 'draft') await gates.cancel(task.id, 'ann');
    else await bringTo(status, step);
    expect(await gates.edit(task.id, 'ann', { thumbnail: 2 })).toMatchObject({ thumbnail: 2 });
    const { entries } = await database.auditLogs.list({ taskId: task.id, limit: 1, offset: 0 });
    expect(entries).toMatchObject([{ action: 'task_edit', details: { before: { thumbnail: null }, after: { thumbnail: 2 } } }]);
  });

  it.each<[status: Status, step: StepName]>([
    ['uploading', 'publication'],
    ['published', 'publication'],
  ])('cannot be given another thumbnail when it is %s', async (status, step) => {
    await bringTo(status, step);
    await expect(gates.edit(task.id, 'ann', { thumbnail: 2 })).rejects.toMatchObject({ code: 'TASK_NOT_EDITABLE', refused: ['thumbnail'] });
  });
});

describe('cancelling', () => {
  it('takes items from their workers, keeps what is ready, and queueing once more makes only the rest', async () => {
    await bringTo('generating_video', 'clips');
    const [first, second] = await database.artifacts.ofStep(task.id, 'clips');
    await dataSource.query(`UPDATE artifacts SET state = 'due', handed_at = now(), provider_job_id = 'job-1' WHERE id = $1`, [second?.id]);
    const token = '00000000-0000-4000-8000-000000000001';
    expect(await database.artifacts.claim(second?.id ?? '', second?.generation ?? 0, token, 30_000)).not.toBeNull();
    expect(await gates.cancel(task.id, 'ann')).toMatchObject({ status: 'draft', step: null });
    expect(await database.artifacts.isHeld(second?.id ?? '', token)).toBe(false);
    expect(await database.artifacts.commit(second?.id ?? '', token, {} as never)).toBe(false);
    const again = await database.artifacts.find(second?.id ?? '');
    expect(await database.artifacts.claim(again?.id ?? '', again?.generation ?? 0, token, 30_000)).toBeNull();
    expect((await handOver(database, readSettings({}))).filter(({ data }) => data.task_id === task.id)).toEqual([]);

    expect(await gates.queue(task.id, 'ann')).toMatchObject({ status: 'queued' });
    await database.tasks.move(task.id, 'queued', 'claimed', { step: 'clips', stepOpened: false });
    for (const [from, to] of [
      ['claimed', 'generating_assets'],
      ['generating_assets', 'assets_ready'],
      ['assets_ready', 'assets_approved'],
      ['assets_approved', 'generating_composites'],
      ['generating_composites', 'composites_ready'],
    ] as const)
      // prettier-ignore
      await database.tasks.move(task.id, from, to);
    expect(await open()).toMatchObject({ status: 'generating_video', itemsLeft: 1 });
    const clips = await database.artifacts.ofStep(task.id, 'clips');
    expect(clips).toMatchObject([
      { id: first?.id, state: 'ready' },
      { id: second?.id, state: 'due', providerJobId: 'job-1' },
    ]);
  });

  it.each<[status: Status, step: StepName]>([
    ['uploading', 'publication'],
    ['published', 'publication'],
  ])('is refused when a task is %s', async (status, step) => {
    await bringTo(status, step);
    await expect(gates.cancel(task.id, 'ann')).rejects.toMatchObject({ code: 'TASK_NOT_CANCELLABLE' });
  });

  it('and queueing say what they cannot do', async () => {
    await expect(gates.queue(task.id, 'ann')).rejects.toMatchObject({ code: 'TASK_NOT_DRAFT' });
    await gates.cancel(task.id, 'ann');
    await expect(gates.cancel(task.id, 'ann')).rejects.toMatchObject({ code: 'TASK_NOT_CANCELLABLE' });
  });
});

describe('an edit', () => {
  it('counts although the task was about to be admitted as it was before', async () => {
    await database.channels.save([{ key: 'two', settings: { name: 'Two' } as never }]);
    const channelId = (await database.channels.findByName('two'))?.id ?? '';
    await gates.edit(task.id, 'ann', { channelId, priority: 'high' });
    await database.transaction((tx) => admit(tx, task));
    expect((await database.outbox.due(5)).filter(({ queue }) => queue === 'asset')).toMatchObject([
      {
        priority: placeInQueue({ priority: 'high', tag: 0, isLocal: false }),
        payload: { task_id: task.id, channel_id: channelId, step: 'storyboard' },
      },
    ]);
  });

  it('of what is admitted already is refused, all but its priority', async () => {
    await bringTo('generating_video', 'clips');
    const refused = gates.edit(task.id, 'ann', { title: 'Flood', priority: 'low' });
    await expect(refused).rejects.toMatchObject({ code: 'TASK_NOT_EDITABLE', refused: ['title'] });
    expect(await gates.edit(task.id, 'ann', { title: 'Ebb', priority: 'low' })).toMatchObject({ title: 'Ebb', priority: 'low' });
  });
});
