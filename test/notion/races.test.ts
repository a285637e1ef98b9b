import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { statusTitle, type Status } from '#pipeline';
import { notionJob } from '#stage';
import { eventually } from '#testing';
import { House } from './house.js';

jest.setTimeout(180_000);

/** Moments within which the two sides meet, from a person being first to the system being first (ms). */
const OFFSETS_MS = [0, 5, 10, 15, 20, 30, 40, 60, 80, 120];
/** A request to Notion takes this long, so that what a person does falls between our reading and our writing. */
const SPACING_MS = 15;

let house: House;
beforeAll(async () => {
  house = await House.open({ settings: { TASKS_IN_WORK: '1', NOTION_REQUEST_SPACING_MS: String(SPACING_MS) } });
  const first = await house.taskOf(await house.addRow({ title: 'First' }));
  await eventually(async () => (await house.database.tasks.get(first.id)).status === 'claimed', {
    what: 'the first task to be admitted',
    timeoutMs: 30_000,
  });
});
afterAll(() => house.close());

/** A task at a status, and its row that shows it. */
async function at(status: Status): Promise<{ page: string; taskId: string }> {
  const page = await house.addRow();
  const { id } = await house.taskOf(page);
  await eventually(async () => !(await house.database.tasks.get(id)).scriptPending, { what: 'the page to be read', timeoutMs: 30_000 });
  await house.bringTo(id, status);
  await house.shows(page, { status: statusTitle(status) });
  return { page, taskId: id };
}

/** What the last item of a step does: the task moves on, and its row has to show it. */
async function moveOn(taskId: string, from: Status, to: Status): Promise<boolean> {
  return house.database.transaction((tx) => tx.tasks.move(taskId, from, to));
}

/** Waits until row and task say the same and nothing is on its way between them; returns what they say. */
async function settled({ page, taskId }: { page: string; taskId: string }): Promise<{ status: Status; error: string }> {
  let calm = 0;
  return eventually(
    async () => {
      await house.query(`UPDATE tasks SET updated_at = now() - interval '5 minutes' WHERE id = $1 AND notion_version < version`, [taskId]);
      await house.chore('reissue_notion_work');
      const [task, mirror, row] = await Promise.all([
        house.database.tasks.get(taskId),
        house.database.notionMirrors.find(taskId),
        house.row(page),
      ]);
      const agree =
        row.status === statusTitle(task.status) && task.notionVersion >= task.version && !mirror?.attention && !mirror?.leaseToken;
      calm = agree ? calm + 1 : 0;
      return calm >= 5 && { status: task.status, error: row.error ?? '' };
    },
    { what: 'row and task to agree', timeoutMs: 60_000 },
  );
}

const actions = async (taskId: string) => (await house.audit(taskId)).map(({ action }) => action);

describe('a person and the system at the same row', () => {
  it('an approval is taken whenever it comes, while costs and progress are being written', async () => {
    for (const offset of OFFSETS_MS) {
      const task = await at('assets_ready');
      const progress = house.database.outbox.add([
        { queue: 'notion', name: 'sync_row', jobId: `${task.taskId}-test`, payload: { task_id: task.taskId, progress: true }, priority: 3 },
      ]);
      await sleep(offset);
      await house.setRow(task.page, { status: 'Assets Approved' });
      await progress;
      await house.chore('sweep_outbox');
      expect(await settled(task)).toEqual({ status: 'assets_approved', error: '' });
      expect((await house.database.reviews.ofTask(task.taskId)).map(({ decision }) => decision)).toEqual(['approve']);
      expect((await actions(task.taskId)).filter((action) => action.startsWith('review'))).toEqual(['review_approve']);
    }
  });

  it('a cancel while a stage ends is taken, or its loss is told in the row and in the log', async () => {
    const outcomes = new Set<string>();
    for (const offset of OFFSETS_MS) {
      const task = await at('generating_assets');
      const ended = moveOn(task.taskId, 'generating_assets', 'assets_ready').then(async () => {
        const { version } = await house.database.tasks.get(task.taskId);
        await house.database.outbox.add([
          { queue: 'notion', name: 'sync_row', jobId: `${task.taskId}-v${version}`, payload: { task_id: task.taskId }, priority: 3 },
        ]);
        await house.chore('sweep_outbox');
      });
      await sleep(offset);
      await house.setRow(task.page, { status: 'Draft' });
      await ended;
      const { status, error } = await settled(task);
      const log = await actions(task.taskId);
      if (status === 'draft') expect(log).toContain('task_cancel');
      else {
        expect(status).toBe('assets_ready');
        await eventually(async () => (await actions(task.taskId)).includes('notion_status_overwritten'), {
          what: 'the log to tell that a decision was overwritten',
          timeoutMs: 30_000,
        });
        await eventually(async () => ((await house.row(task.page)).error ?? '').includes('set it again'), {
          what: 'the row to ask for it again',
          timeoutMs: 30_000,
        });
        expect(error === '' || error.includes('set it again')).toBe(true);
      }
      outcomes.add(status);
    }
    // Most of the time it is simply taken.
    expect(outcomes).toContain('draft');
  });
});

describe('a cancel between our reading of a row and our writing', () => {
  /** How long the reading takes, and everything that events tell of it comes after that or not (ms). */
  const READING_MS = 1_500;

  async function cancelInBetween(eventsTake: number): Promise<{ page: string; taskId: string }> {
    const task = await at('generating_assets');
    // Not `blocks/{id}`: the storyboard may be on its way to the page.
    const next = [{ answer: 'slow', method: 'GET', path: `/pages/${task.page}` }];
    await house.person('PUT', '', { slow_ms: READING_MS, delay_ms: eventsTake, next });
    await moveOn(task.taskId, 'generating_assets', 'assets_ready');
    await house.database.outbox.add([notionJob('sync_row', `${task.taskId}-moved`, { task_id: task.taskId })]);
    await house.chore('sweep_outbox');
    const asked = async () => (await house.person<{ kinds: Record<string, number> }>('GET', 'traffic')).kinds['GET /pages/{id}'];
    await eventually(async () => ((await asked()) ?? 0) > 0, { what: 'the row to be asked for', timeoutMs: 10_000 });
    await house.setRow(task.page, { status: 'Draft' });
    return task;
  }
  afterEach(() => house.person('PUT', '', {}));

  it('is taken when its event comes before we write', async () => {
    const task = await cancelInBetween(0);
    expect((await settled(task)).status).toBe('draft');
    expect(await actions(task.taskId)).toEqual(['task_cancel']);
  });

  it('is overwritten when its event comes later, and that is told in the row and in the log', async () => {
    const task = await cancelInBetween(2 * READING_MS);
    const row = await eventually(
      async () => {
        const seen = await house.row(task.page);
        return seen.error?.includes('set it again') && seen;
      },
      { what: 'the row to ask for it again', timeoutMs: 30_000 },
    );
    expect(row.status).toBe('Assets Ready');
    expect(await actions(task.taskId)).toEqual(['notion_status_overwritten']);
    await house.setRow(task.page, { status: 'Draft' });
    expect(await settled(task)).toEqual({ status: 'draft', error: '' });
  });
});

it('of two who decide at once, one by the row and one by the API, one counts and the log tells which', async () => {
  for (const offset of OFFSETS_MS) {
    const task = await at('video_ready');
    const inRow = sleep(offset / 2).then(() => house.setRow(task.page, { status: 'Video Approved' }));
    const byApi = sleep((OFFSETS_MS.at(-1) ?? 0) - offset).then(() =>
      house.api('POST', `tasks/${task.taskId}/reject`, { reviewer: 'Ann', gate: 'video_ready' }).catch(() => null),
    );
    await Promise.all([inRow, byApi]);
    const { status } = await settled(task);
    const reviews = await house.database.reviews.ofTask(task.taskId);
    expect(reviews).toHaveLength(1);
    expect(status).toBe(reviews[0]?.decision === 'approve' ? 'video_approved' : 'generating_video');
    expect((await actions(task.taskId)).filter((action) => action.startsWith('review'))).toEqual([`review_${reviews[0]?.decision ?? ''}`]);
  }
});

it('of twenty rows that are approved in one stroke and twenty that are cancelled, each is, once', async () => {
  const tasks: { page: string; taskId: string }[] = [];
  for (let index = 0; index < 20; index += 1) tasks.push(await at(index % 2 === 0 ? 'audio_ready' : 'assets_ready'));
  const ids = (kept: (index: number) => boolean) => tasks.filter((_, index) => kept(index)).map(({ page }) => page);
  await house.person('PATCH', 'rows', { ids: ids((index) => index % 2 === 0), status: 'Audio Approved' });
  await house.person('PATCH', 'rows', { ids: ids((index) => index % 2 === 1), status: 'Draft' });
  for (const [index, task] of tasks.entries()) {
    expect((await settled(task)).status).toBe(index % 2 === 0 ? 'audio_approved' : 'draft');
    expect(await actions(task.taskId)).toEqual([index % 2 === 0 ? 'review_approve' : 'task_cancel']);
  }
});
