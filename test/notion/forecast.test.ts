import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '#testing';
import { House } from './house.js';

jest.setTimeout(120_000);

let house: House;
beforeAll(async () => {
  house = await House.open({ settings: { TASKS_IN_WORK: '1' } });
}, 60_000);
afterAll(() => house.close());

/** How often rows were written since that was last forgotten. */
async function writings(): Promise<number> {
  const { kinds } = await house.person<{ kinds: Record<string, number> }>('GET', 'traffic');
  return Object.entries(kinds).reduce((sum, [kind, count]) => sum + (/^PATCH .*\/pages\//.test(kind) ? count : 0), 0);
}
const shows = (page: string, words: RegExp) =>
  eventually(async () => words.test((await house.row(page)).progress ?? ''), {
    what: `the row to show ${String(words)}`,
    timeoutMs: 15_000,
  });

const DAY = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`;
const QUEUED = new RegExp(`^queued; done about ${DAY} UTC, reviews aside, as of ${DAY}$`);

describe('a row', () => {
  it('says when its video is done while that goes on by itself, and not while it waits for a person', async () => {
    const page = await house.addRow();
    await house.shows(page, { status: 'Claimed' });
    await shows(page, /^done about (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC, reviews aside$/);
    const { id } = await house.taskOf(page);
    await house.bringTo(id, 'assets_ready');
    await house.shows(page, { status: 'Assets Ready' });
    expect((await house.row(page)).progress).toBe('images 2/2; 2 scenes, about 0:10, USD 3.00');
    await house.setRow(page, { status: 'Assets Approved' });
    await shows(page, /done about .* UTC, reviews aside$/);
  });

  it('is not written because that has changed, nor for its sake alone; of one that is queued it says as of when', async () => {
    const page = await house.addRow({ title: 'Slack water' });
    const { id } = await house.taskOf(page);
    expect((await house.row(page)).progress ?? '').toBe('');
    await house.api('PATCH', `tasks/${id}`, { priority: 'low' });
    await shows(page, QUEUED);
    const before = await house.api<{ forecast: { finishes_at: string } }>('GET', `tasks/${id}`);
    const shown = (await house.row(page)).progress;
    await house.person('PUT', '', {});
    const tasks = Array.from({ length: 30 }, (_, index) => ({ channel: 'tide', title: `In front ${index}`, priority: 'high' }));
    await house.api('POST', 'tasks/bulk-create', { tasks });
    await eventually(
      async () => {
        const { forecast } = await house.api<typeof before>('GET', `tasks/${id}`);
        return Date.parse(forecast.finishes_at) > Date.parse(before.forecast.finishes_at) + 60_000;
      },
      { what: 'the forecast to change', timeoutMs: 15_000 },
    );
    for (const chore of ['reissue_notion_work', 'sweep_rows']) await house.chore(chore);
    const other = await house.addRow({ title: 'The one that is written' });
    const { id: otherId } = await house.taskOf(other);
    await house.api('PATCH', `tasks/${otherId}`, { priority: 'low' });
    await shows(other, QUEUED);
    expect((await house.row(page)).progress).toBe(shown);
    expect(await writings()).toBe(1);
  });
});
