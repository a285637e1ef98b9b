import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { statusTitle, type Status } from '#pipeline';
import { notionJob } from '#stage';
import { eventually } from '#testing';
import { House } from './house.js';

jest.setTimeout(60_000);

/** The simulator's connection. */
const BOT = '00000000-0000-4000-8000-00000000b071';

let house: House;
beforeAll(async () => {
  // A video in work takes the only place: all others stay where they are brought to.
  house = await House.open({ settings: { TASKS_IN_WORK: '1' } });
  const first = await house.taskOf(await house.addRow({ title: 'First' }));
  await eventually(async () => (await statusOf(first.id)) === 'claimed', { what: 'the first task to be admitted', timeoutMs: 15_000 });
});
afterAll(() => house.close());

/** A task at a status, and its row that shows it. */
async function at(status: Status, fields: object = {}): Promise<{ page: string; taskId: string }> {
  const page = await house.addRow(fields);
  const { id } = await house.taskOf(page);
  await eventually(async () => !(await house.database.tasks.get(id)).scriptPending, { what: 'the page to be read', timeoutMs: 15_000 });
  await house.bringTo(id, status);
  await house.shows(page, { status: statusTitle(status) });
  return { page, taskId: id };
}
const statusOf = async (taskId: string) => (await house.database.tasks.get(taskId)).status;
const reviews = (taskId: string) => house.database.reviews.ofTask(taskId);
const remade = (taskId: string) =>
  house.query('SELECT kind, position FROM artifacts WHERE task_id = $1 AND revision = 2 ORDER BY position', [taskId]);

describe('a gate', () => {
  it('is passed by its approved status, under the name of whoever set it, with the note of the row', async () => {
    const { page, taskId } = await at('assets_ready');
    await house.setRow(page, { status: 'Assets Approved', review_note: 'Lovely' });
    await eventually(async () => (await statusOf(taskId)) === 'assets_approved', { what: 'the approval', timeoutMs: 15_000 });
    expect(await reviews(taskId)).toMatchObject([
      { gate: 'assets_ready', decision: 'approve', note: 'Lovely', reviewer: expect.stringMatching(/^notion:[0-9a-f-]{36}$/) },
    ]);
    expect(await house.audit(taskId)).toMatchObject([{ action: 'review_approve' }]);
  });

  it('sends back what its working status is set for, all of it', async () => {
    const { page, taskId } = await at('video_ready');
    await house.setRow(page, { status: 'Generating Video', review_note: 'Too fast' });
    await eventually(async () => (await statusOf(taskId)) === 'generating_video', { what: 'the rejection', timeoutMs: 15_000 });
    expect(await reviews(taskId)).toMatchObject([{ decision: 'reject', note: 'Too fast' }]);
    expect(await remade(taskId)).toEqual([
      { kind: 'clip', position: 0 },
      { kind: 'clip', position: 1 },
    ]);
  });

  it('sends back in the name of whoever said so, although we have shown something in the row since', async () => {
    const { page, taskId } = await at('video_ready');
    // The event tells who it was; by the time the row is read, its last change is ours.
    await house.person('PUT', '', { slow_ms: 1_000, next: [{ answer: 'slow', method: 'GET', path: page }] });
    await house.setRow(page, { status: 'Generating Video' });
    await house.database.notionMirrors.shows(taskId, { review: null });
    await house.database.outbox.add([notionJob('show_review', `${taskId}-again`, { task_id: taskId })]);
    await house.chore('sweep_outbox');
    await eventually(async () => (await statusOf(taskId)) === 'generating_video', { what: 'the rejection', timeoutMs: 15_000 });
    const [review] = await reviews(taskId);
    expect(review).toMatchObject({ decision: 'reject', reviewer: expect.stringMatching(/^notion:[0-9a-f-]{36}$/) });
    expect(review?.reviewer).not.toContain(BOT);
  });

  it('has the items made again that the row names, and nothing else; the wish is taken out of the row', async () => {
    const { page, taskId } = await at('video_ready');
    await house.setRow(page, { redo: 'clip 2 (blurred)' });
    await house.shows(page, { status: 'Generating Video', redo: '' });
    expect(await remade(taskId)).toEqual([{ kind: 'clip', position: 1 }]);
    expect(await house.audit(taskId)).toMatchObject([
      { action: 'task_regenerate', details: { note: 'clip: blurred', items: [{ kind: 'clip', position: 1 }] } },
    ]);
  });

  it('says what it did not understand of a wish, and does nothing', async () => {
    const { page, taskId } = await at('video_ready');
    await house.setRow(page, { redo: 'clip 7; the whale' });
    const { error } = await eventually(
      async () => {
        const row = await house.row(page);
        return row.error ? row : null;
      },
      { what: 'the row to say what is wrong', timeoutMs: 15_000 },
    );
    expect(error).toMatch(/"whale" was not understood/);
    expect([await statusOf(taskId), await remade(taskId)]).toEqual(['video_ready', []]);
    await house.setRow(page, { redo: 'clip 7' });
    await eventually(async () => /clip 6|clip 7/.test((await house.row(page)).error ?? ''), {
      what: 'the row to say that there is none',
      timeoutMs: 15_000,
    });
    await house.setRow(page, { redo: 'clip 1' });
    await house.shows(page, { status: 'Generating Video', redo: '', error: '' });
  });

  it('puts back a status that makes no sense, and says what can be set', async () => {
    const { page, taskId } = await at('assets_ready');
    await house.setRow(page, { status: 'Published' });
    const row = await house.shows(page, { status: 'Assets Ready' });
    expect(row.error).toBe(
      'It cannot be set to Published: the video is at Assets Ready. You can set Assets Approved to approve, Generating Assets to have everything of this step made again, Draft to cancel.',
    );
    expect(await house.audit(taskId)).toMatchObject([{ action: 'notion_status_refused', details: { set: 'Published' } }]);
    await house.setRow(page, { status: 'Assets Approved' });
    await house.shows(page, { status: 'Assets Approved', error: '' });
  });

  it('that was decided elsewhere is not decided again by a row that agrees, and not undone by one that comes too late', async () => {
    const { page, taskId } = await at('assets_ready');
    await house.api('POST', `tasks/${taskId}/approve`, { reviewer: 'Ann' });
    await house.setRow(page, { status: 'Assets Approved' });
    await house.shows(page, { status: statusTitle(await statusOf(taskId)) });
    expect(await reviews(taskId)).toMatchObject([{ reviewer: 'Ann' }]);

    const other = await at('assets_ready');
    await house.api('POST', `tasks/${other.taskId}/reject`, { reviewer: 'Ann', items: [1] });
    await house.setRow(other.page, { status: 'Assets Approved' });
    await eventually(async () => (await house.audit(other.taskId)).some(({ action }) => action.startsWith('notion_status')), {
      what: 'the late decision to be seen',
      timeoutMs: 15_000,
    }).catch(() => undefined);
    await house.shows(other.page, { status: 'Generating Assets' });
    expect(await reviews(other.taskId)).toMatchObject([{ reviewer: 'Ann', decision: 'reject' }]);
  });
});

describe('a row', () => {
  it('shows what the video has cost, what it will have cost, and how far it is', async () => {
    const { page, taskId } = await at('assets_ready');
    await house.query(
      `INSERT INTO video_costs (channel_id, task_id, artifact_id, provider, operation, amount_usd, simulated, state, settled_at)
       SELECT channel_id, task_id, id, 'gemini', 'image', 0.034, true, 'billed', now() FROM artifacts WHERE task_id = $1 AND kind = 'image'`,
      [taskId],
    );
    await house.api('POST', `tasks/${taskId}/cancel`);
    const { cost, estimate } = await house.shows(page, { status: 'Draft' });
    expect([cost, estimate]).toEqual([0.07, 3]);
  });

  it('set to Draft cancels its video, and set to Queued queues it again as it stands then', async () => {
    const { page, taskId } = await at('video_ready', { topic: 'Ebb and flood' });
    await house.setRow(page, { status: 'Draft' });
    await eventually(async () => (await statusOf(taskId)) === 'draft', { what: 'the cancel', timeoutMs: 15_000 });
    await house.setRow(page, { status: 'Queued', title: 'Spring tide', topic: 'The moon' });
    await eventually(async () => (await statusOf(taskId)) === 'queued', { what: 'the task to be queued', timeoutMs: 15_000 });
    expect(await house.database.tasks.get(taskId)).toMatchObject({ title: 'Spring tide', topic: 'The moon' });
    expect((await house.audit(taskId)).map(({ action }) => action)).toEqual(['task_cancel', 'task_edit', 'task_queue']);
  });

  it('set to Queued after an error tries again', async () => {
    const { page, taskId } = await at('generating_video');
    await house.query(`UPDATE artifacts SET state = 'failed' WHERE task_id = $1 AND kind = 'clip' AND position = 1`, [taskId]);
    await house.database.transaction(async (tx) => {
      await tx.tasks.move(taskId, 'generating_video', 'video_error', { errorMessage: 'The clip was refused. Retry.' });
    });
    await house.query(`UPDATE tasks SET updated_at = now() - interval '5 minutes' WHERE id = $1`, [taskId]);
    await house.chore('reissue_notion_work');
    await house.shows(page, { status: 'Video Error', error: 'The clip was refused. Retry.' });
    await house.setRow(page, { status: 'Queued' });
    await house.shows(page, { status: 'Generating Video', error: '' });
    expect(await statusOf(taskId)).toBe('generating_video');
  });

  it('cannot cancel what is being published', async () => {
    const { page, taskId } = await at('uploading');
    await house.setRow(page, { status: 'Draft' });
    const { error } = await house.shows(page, { status: 'Uploading' });
    expect([error, await statusOf(taskId)]).toEqual(['It cannot be cancelled any more: the video is at Uploading.', 'uploading']);
  });

  it("changes its video's priority, and shows one that was changed elsewhere", async () => {
    const page = await house.addRow();
    const { id } = await house.taskOf(page);
    await house.setRow(page, { priority: 'High' });
    await eventually(async () => (await house.database.tasks.get(id)).priority === 'high', { what: 'the priority', timeoutMs: 15_000 });
    expect(await house.audit(id)).toMatchObject([
      { action: 'task_edit', details: { before: { priority: 'normal' }, after: { priority: 'high' } } },
    ]);
  });

  it('chooses a thumbnail, and shows one that was chosen elsewhere; emptied, it is the first again', async () => {
    const { page, taskId } = await at('final_review');
    const chosen = (thumbnail: number | null) =>
      eventually(async () => (await house.database.tasks.get(taskId)).thumbnail === thumbnail, { what: 'the choice', timeoutMs: 15_000 });
    await house.setRow(page, { thumbnail: '3' });
    await chosen(3);
    await house.api('PATCH', `tasks/${taskId}`, { thumbnail: 2 });
    await house.shows(page, { thumbnail: '2' });
    await house.setRow(page, { properties: { Thumbnail: null } });
    await chosen(null);
    // Together with the approval, and after the upload has begun no more.
    await house.setRow(page, { thumbnail: '3', status: 'Approved' });
    await chosen(3);
    await eventually(async () => (await statusOf(taskId)) === 'approved', { what: 'the approval', timeoutMs: 15_000 });
    expect(await house.audit(taskId)).toMatchObject([
      { action: 'task_edit', actor: expect.stringMatching(/^notion:/), details: { after: { thumbnail: 3 } } },
      { action: 'task_edit', actor: 'api', details: { after: { thumbnail: 2 } } },
      { action: 'task_edit', details: { after: { thumbnail: null } } },
      { action: 'task_edit', details: { after: { thumbnail: 3 } } },
      { action: 'review_approve' },
    ]);
    const late = await at('uploading');
    await house.setRow(late.page, { thumbnail: '2' });
    const { error } = await house.shows(late.page, { thumbnail: '' });
    expect(error).toMatch(/uploading; only its priority can be changed now/);
    expect(await house.database.tasks.get(late.taskId)).toMatchObject({ thumbnail: null });
  });

  it('has one thumbnail made again, and nothing else', async () => {
    const { page, taskId } = await at('final_review');
    await house.setRow(page, { redo: 'redo: thumbnail 2' });
    await house.shows(page, { status: 'Assembling', redo: '' });
    expect(await remade(taskId)).toEqual([{ kind: 'thumbnail', position: 1 }]);
  });

  it('may be mended as long as its video is not begun', async () => {
    const page = await house.addRow({ title: 'Eb' });
    const { id } = await house.taskOf(page);
    await house.setRow(page, { title: 'Ebb', story_direction: 'Slowly.' });
    await eventually(async () => (await house.database.tasks.get(id)).title === 'Ebb', { what: 'the new title', timeoutMs: 15_000 });
    expect(await house.database.tasks.get(id)).toMatchObject({ storyDirection: 'Slowly.', status: 'queued' });
  });

  it('says when its video appears, until that is sent; a time that cannot be is told of', async () => {
    await house.query(`UPDATE channels SET settings = jsonb_set(settings, '{youtube,privacy}', '"public"')`);
    const page = await house.addRow({ publish_at: '2020-01-01T10:00:00Z' });
    const says = (text: RegExp) =>
      eventually(async () => text.test((await house.row(page)).error ?? ''), { what: `the row to say ${String(text)}`, timeoutMs: 15_000 });
    await says(/Publish At: .* has passed.* set the row to Queued again/);
    await house.setRow(page, { publish_at: '2040-05-01' });
    await says(/Publish At: it needs a time of day, too/);
    await house.setRow(page, { publish_at: '2040-05-01T10:00:00.000+02:00' });
    const { id } = await house.taskOf(page);
    const appears = async () => (await house.database.tasks.get(id)).publishAt?.toISOString();
    expect(await appears()).toBe('2040-05-01T08:00:00.000Z');
    await eventually(async () => !(await house.database.tasks.get(id)).scriptPending, { what: 'the page to be read', timeoutMs: 15_000 });
    await house.bringTo(id, 'assets_ready');
    await house.shows(page, { status: 'Assets Ready' });
    await house.setRow(page, { publish_at: '2020-05-01T10:00:00Z' });
    await says(/Publish At: .* has passed/);
    expect(await appears()).toBe('2040-05-01T08:00:00.000Z');
    await house.setRow(page, { publish_at: '2041-05-01T10:00:00Z' });
    await eventually(async () => (await appears()) === '2041-05-01T10:00:00.000Z', { what: 'the new time', timeoutMs: 15_000 });
    await house.shows(page, { error: '' });
    await house.query(`UPDATE channels SET settings = jsonb_set(settings, '{youtube,privacy}', '"private"')`);
  });

  it('without a title or of no known channel says so, and becomes a task when it is mended', async () => {
    const page = await house.addRow({ channel: 'Nowhere' });
    const row = await eventually(async () => ((await house.row(page)).error ? house.row(page) : null), {
      what: 'the row to say what is wrong',
      timeoutMs: 15_000,
    });
    expect(row.error).toBe('There is no channel "Nowhere". Choose one of tide, then set the row to Queued again.');
    await house.setRow(page, { channel: 'TIDE Channel' });
    expect(await house.taskOf(page)).toMatchObject({ status: 'queued' });
    await house.shows(page, { error: '' });
  });
});
