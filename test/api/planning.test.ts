import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NOTION_QUEUE, STAGES } from '#pipeline';
import { placeInQueue } from '#stage';
import { TestGateway, type Answer, type Request } from './gateway.js';

jest.setTimeout(60_000);

interface Task {
  id: string;
  title: string;
  status: string;
}
interface Outcomes {
  succeeded: number;
  failed: number;
  results: {
    ok: boolean;
    task_id?: string;
    index?: number;
    status?: string;
    code?: string;
    message?: string;
    created?: boolean;
    details?: object[];
  }[];
}

let gateway: TestGateway;
beforeAll(async () => {
  // Nothing is admitted: what is queued stays so.
  gateway = await TestGateway.start({ TASKS_IN_WORK: '1' });
  await gateway.task('Keeps the only place', 'generating_assets');
});
afterAll(() => gateway.remove());

const ask = <T = Task>(method: string, path: string, request: Request = {}): Promise<Answer<T>> =>
  gateway.ask<T>(method, `/api/v1${path}`, request);
const fieldsOf = ({ body }: Answer<unknown>) => body.error.details?.map(({ field }) => field);
const logOf = async (id: string) => (await ask<{ action: string; details: object }[]>('GET', `/audit-logs?task_id=${id}`)).body.data;

describe('an Idempotency-Key', () => {
  const plan = (key: string, body: object) => ask('POST', '/tasks', { body, headers: { 'idempotency-key': key } });
  const wanted = { channel: 'tide', title: 'Ebb', status: 'draft' };

  it('gives the same request the same video again, and another request none', async () => {
    const first = await plan('k-1', wanted);
    expect(first.status).toBe(201);
    const again = await plan('k-1', { status: 'draft', priority: 'normal', title: 'Ebb', channel: 'Tide' });
    expect([again.status, again.body.data.id]).toEqual([200, first.body.data.id]);
    // Also after the video has gone its way.
    expect((await ask('PATCH', `/tasks/${first.body.data.id}`, { body: { title: 'Ebb tide' } })).status).toBe(200);
    expect((await plan('k-1', wanted)).body.data).toMatchObject({ id: first.body.data.id, title: 'Ebb tide' });
    const reused = await plan('k-1', { ...wanted, title: 'Flood' });
    expect([reused.status, reused.body.error.code, fieldsOf(reused)]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED', ['Idempotency-Key']]);
    expect((await plan('k-2', wanted)).status).toBe(201);
    expect((await ask('POST', '/tasks', { body: wanted })).status).toBe(201);
  });

  it('makes one video of requests that arrive together', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => plan('together', { ...wanted, title: 'Together' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(11).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
    expect((await ask<Task[]>('GET', '/tasks?q=Together')).body.pagination.total).toBe(1);
    const different = await Promise.all([plan('apart', wanted), plan('apart', { ...wanted, title: 'Other' })]);
    expect(different.map(({ status }) => status).sort()).toEqual([201, 422]);
  });

  it.each(['with a space', 'é', 'x'.repeat(201), ''])('must be visible ASCII (%j)', async (key) => {
    const answer = await plan(key, wanted);
    // fetch, and every proxy, leaves an empty header's value empty.
    expect([answer.status, fieldsOf(answer)]).toEqual([422, ['Idempotency-Key']]);
  });
});

describe('many videos at once', () => {
  const bulk = (body: object) => ask<Outcomes>('POST', '/tasks/bulk', { body });

  it('are decided about one by one, in order; one that is refused does not stop the others', async () => {
    const [first, second, elsewhere, draft] = [
      await gateway.task('One', 'assets_ready'),
      await gateway.task('Two', 'assets_ready'),
      await gateway.task('Three', 'video_ready'),
      await gateway.task('Four'),
    ];
    const nobody = '5f1f1f1c-0000-4000-8000-000000000000';
    const task_ids = [draft.id, first.id, nobody, elsewhere.id, second.id];
    const answer = await bulk({ action: 'approve', task_ids, reviewer: 'ann', note: 'fine', gate: 'assets_ready' });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        data: {
          succeeded: 2,
          failed: 3,
          results: [
            { task_id: draft.id, ok: false, code: 'TASK_NOT_AT_GATE' },
            { task_id: first.id, ok: true, status: 'assets_approved' },
            { task_id: nobody, ok: false, code: 'TASK_NOT_FOUND' },
            { task_id: elsewhere.id, ok: false, code: 'TASK_NOT_AT_GATE', message: expect.stringContaining('video_ready') as unknown },
            { task_id: second.id, ok: true, status: 'assets_approved' },
          ],
        },
      },
    });
    const reviews = await ask<object[]>('GET', `/reviews?task_id=${second.id}`);
    expect(reviews.body.data).toMatchObject([{ gate: 'assets_ready', decision: 'approve', reviewer: 'ann', note: 'fine' }]);
    expect((await ask('GET', `/tasks/${elsewhere.id}`)).body.data.status).toBe('video_ready');
  });

  it('can be queued, cancelled, retried, rejected and made more urgent', async () => {
    const tasks = [await gateway.task('A'), await gateway.task('B')];
    const task_ids = tasks.map(({ id }) => id);
    const statuses = async (body: object) =>
      (await bulk({ task_ids, ...body })).body.data.results.map(({ status, code }) => status ?? code);
    expect(await statuses({ action: 'priority', priority: 'high' })).toEqual(['draft', 'draft']);
    expect((await gateway.database.tasks.get(task_ids[0] ?? '')).priority).toBe('high');
    expect(await statuses({ action: 'queue' })).toEqual(['queued', 'queued']);
    expect(await statuses({ action: 'queue' })).toEqual(['TASK_NOT_DRAFT', 'TASK_NOT_DRAFT']);
    expect(await statuses({ action: 'retry' })).toEqual(['TASK_NOT_IN_ERROR', 'TASK_NOT_IN_ERROR']);
    expect(await statuses({ action: 'cancel', reviewer: 'ann' })).toEqual(['draft', 'draft']);
    expect(await statuses({ action: 'reject', note: 'again' })).toEqual(['TASK_NOT_AT_GATE', 'TASK_NOT_AT_GATE']);
    expect((await logOf(task_ids[1] ?? '')).map(({ action }) => action)).toEqual(['task_cancel', 'task_queue', 'task_edit']);
  });

  const id = '5f1f1f1c-0000-4000-8000-00000000000a';
  it.each<[string, object, string]>([
    ['an action that is none', { action: 'publish', task_ids: [id] }, 'action'],
    ['no videos', { action: 'queue', task_ids: [] }, 'task_ids'],
    ['a video twice', { action: 'queue', task_ids: [id, id.toUpperCase()] }, 'task_ids'],
    ['an id that is none', { action: 'queue', task_ids: ['x'] }, 'task_ids'],
    [
      'more than 200',
      { action: 'queue', task_ids: Array.from({ length: 201 }, (_, index) => id.slice(0, 33) + String(100 + index)) },
      'task_ids',
    ],
    ['no priority', { action: 'priority', task_ids: [id] }, 'priority'],
    ['a priority that nothing is done with', { action: 'queue', task_ids: [id], priority: 'high' }, 'priority'],
    ['a note that nothing is done with', { action: 'retry', task_ids: [id], note: 'x' }, 'note'],
    ['a gate that is none', { action: 'approve', task_ids: [id], gate: 'composites_ready' }, 'gate'],
  ])('refuses %s', async (_what, body, field) => {
    const answer = await bulk(body);
    expect([answer.status, new Set(fieldsOf(answer))]).toEqual([422, new Set([field])]);
  });

  it('are planned one by one; one that is wrong does not keep the others out', async () => {
    const good = { channel: 'reef', title: 'Coral', status: 'draft', idempotency_key: 'bulk-1' };
    const tasks = [good, { ...good, title: '', colour: 'red' }, null, { ...good, channel: 'nowhere', idempotency_key: 'bulk-2' }, good];
    const answer = await ask<Outcomes>('POST', '/tasks/bulk-create', { body: { tasks } });
    const { results, succeeded, failed } = answer.body.data;
    expect([answer.status, succeeded, failed]).toEqual([200, 2, 3]);
    expect(results).toMatchObject([
      { index: 0, ok: true, created: true, status: 'draft' },
      { index: 1, ok: false, code: 'INVALID_INPUT', details: [{ field: 'colour' }, { field: 'title' }] },
      { index: 2, ok: false, code: 'INVALID_INPUT' },
      { index: 3, ok: false, code: 'INVALID_INPUT', details: [{ field: 'channel' }] },
      { index: 4, ok: true, created: false, task_id: results[0]?.task_id },
    ]);
    const again = await ask<Outcomes>('POST', '/tasks/bulk-create', { body: { tasks: [{ ...good, title: 'Kelp' }] } });
    expect(again.body.data.results).toMatchObject([{ ok: false, code: 'IDEMPOTENCY_KEY_REUSED', details: [{ field: 'idempotency_key' }] }]);
    expect(fieldsOf(await ask('POST', '/tasks/bulk-create', { body: { tasks: {} } }))).toContain('tasks');
  });
});

describe('an edit', () => {
  const edit = (id: string, body: object) => ask('PATCH', `/tasks/${id}`, { body });

  it('changes a draft, says so in the audit log, and has it shown in Notion', async () => {
    const task = await gateway.task('Ebb');
    await gateway.query(`UPDATE tasks SET notion_page_id = 'page-of-the-edit' WHERE id = $1`, [task.id]);
    const body = { title: 'Flood', topic: 'water', story_direction: 'slow', own_script: ' The sea. ', priority: 'high' };
    const edited = await edit(task.id, { ...body, channel: 'Reef' });
    expect(edited).toMatchObject({ status: 200, body: { data: { ...body, own_script: 'The sea.' } } });
    const reef = await gateway.database.channels.findByName('reef');
    expect(edited.body.data).toMatchObject({ channel_id: reef?.id });
    expect(await logOf(task.id)).toMatchObject([
      { action: 'task_edit', details: { before: { title: 'Ebb', priority: 'normal' }, after: { title: 'Flood', channel_id: reef?.id } } },
    ]);
    const { version } = await gateway.database.tasks.get(task.id);
    expect(version).toBe(task.version + 1);
    expect((await gateway.job(NOTION_QUEUE, `${task.id}-v${version}`)).data).toEqual({ task_id: task.id });

    expect((await edit(task.id, { title: 'Flood' })).status).toBe(200);
    expect(await logOf(task.id)).toHaveLength(1);
  });

  it('leaves a video that is at work its priority only, and a published one nothing', async () => {
    const task = await gateway.task('At work', 'video_ready');
    const refused = await edit(task.id, { title: 'Late', own_script: 'Late', priority: 'low' });
    expect([refused.status, refused.body.error.code, fieldsOf(refused)]).toEqual([409, 'TASK_NOT_EDITABLE', ['title', 'own_script']]);
    expect((await gateway.database.tasks.get(task.id)).priority).toBe('normal');
    expect((await edit(task.id, { priority: 'low' })).body.data).toMatchObject({ priority: 'low', status: 'video_ready' });
    // What is written from now on is as urgent as that.
    await ask('POST', `/tasks/${task.id}/approve`, { body: {} });
    expect((await gateway.job(STAGES.audio.queue, `${task.id}-narrations-g1`)).opts.priority).toBe(
      placeInQueue({ priority: 'low', tag: 0, isLocal: false }),
    );
    const done = await gateway.task('Done', 'published');
    const late = await edit(done.id, { priority: 'high' });
    expect([late.status, fieldsOf(late)]).toEqual([409, ['priority']]);
  });

  it('chooses a thumbnail until the upload begins, by itself or with the approval', async () => {
    const task = await gateway.task('Chosen', 'final_review');
    expect((await edit(task.id, { thumbnail: 2 })).body.data).toMatchObject({ thumbnail: 2 });
    expect(fieldsOf(await edit(task.id, { thumbnail: 4 }))).toEqual(['thumbnail']);
    const approve = (thumbnail: unknown) => ask('POST', `/tasks/${task.id}/approve`, { body: { reviewer: 'ann', thumbnail } });
    for (const wrong of [0, 4, 1.5, 'one']) expect(new Set(fieldsOf(await approve(wrong)))).toEqual(new Set(['thumbnail']));
    const approved = await approve(3);
    expect(approved.body.data).toMatchObject({ status: 'approved', thumbnail: 3 });
    expect(await logOf(task.id)).toMatchObject([
      { action: 'review_approve', details: { gate: 'final_review', thumbnail: 3 } },
      { action: 'task_edit', details: { before: {}, after: { thumbnail: 2 } } },
    ]);
    const late = await edit((await gateway.task('Late', 'uploading')).id, { thumbnail: 1 });
    expect([late.status, late.body.error.code, fieldsOf(late)]).toEqual([409, 'TASK_NOT_EDITABLE', ['thumbnail']]);
    const reject = await ask('POST', `/tasks/${task.id}/reject`, { body: { thumbnail: 1 } });
    expect([reject.status, fieldsOf(reject)]).toEqual([422, ['thumbnail']]);
  });

  it('does not move to another channel what has files already', async () => {
    const task = await gateway.task('Has files');
    const input = { prompt: 'x' } as never;
    await gateway.database.artifacts.add([
      { channelId: task.channelId, taskId: task.id, step: 'images', kind: 'image', position: 0, revision: 1, input },
    ]);
    const refused = await edit(task.id, { channel: 'reef' });
    expect([refused.status, fieldsOf(refused)]).toEqual([409, ['channel']]);
    expect((await edit(task.id, { channel: 'tide', title: 'Still here' })).status).toBe(200);
  });

  it.each<[object, string]>([
    [{}, 'body'],
    [{ title: null }, 'title'],
    [{ title: '' }, 'title'],
    [{ channel: 'nowhere' }, 'channel'],
    [{ priority: 'urgent' }, 'priority'],
    [{ status: 'queued' }, 'status'],
    [{ topic: 'a\0b' }, 'topic'],
    [{ topic: '\ud800' }, 'topic'],
  ])('names what is wrong with %j', async (body, field) => {
    const task = await gateway.task('Wrong');
    const answer = await edit(task.id, body);
    expect([answer.status, fieldsOf(answer)]).toEqual([422, [field]]);
    expect((await edit('5f1f1f1c-0000-4000-8000-000000000000', { title: 'x' })).body.error.code).toBe('TASK_NOT_FOUND');
  });
});
