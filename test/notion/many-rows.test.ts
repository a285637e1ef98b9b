import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GATED_STEPS, statusTitle } from '#pipeline';
import { eventually } from '#testing';
import { Hands, VIDEO_COST_USD } from './hands.js';
import { House, type SeenRow } from './house.js';

/** `NOTION_ROWS=200` is what the product is meant for; fewer show the same. */
const ROWS = Number(process.env.NOTION_ROWS ?? 30);
const CHANNELS = Array.from({ length: 10 }, (_, index) => `channel_${index}`);
/** Notion's minute takes this long here (ms), and everything that depends on it as much less. */
const MINUTE_MS = 3_000;
const WINDOW = { requests: 180, window_ms: MINUTE_MS };
/** Far more than it takes (ms). */
const LONG_MS = 120_000 + ROWS * 4_000;

let house: House;
let hands: Hands;
beforeAll(async () => {
  house = await House.open({
    channels: CHANNELS,
    workspace: { seed: 7, drop: 0.2, duplicate: 0.2, reorder_ms: 2_000, rate: WINDOW },
    settings: { NOTION_REQUEST_SPACING_MS: String((400 * MINUTE_MS) / 60_000) },
  });
}, 60_000);
afterAll(async () => {
  await (hands as Hands | undefined)?.close();
  await house.close();
}, 60_000);

const count = async (statement: string) => (await house.query<{ count: number }>(statement))[0]?.count ?? 0;

/** One sweep, to its end. */
async function sweep(): Promise<void> {
  const swept = () => count(`SELECT coalesce(extract(epoch FROM max(swept_until)) * 1000, 0)::float AS count FROM notion_sweeps`);
  const began = Date.now();
  await eventually(
    async () => {
      await house.chore('sweep_rows');
      return (await swept()) >= began;
    },
    { what: 'a sweep to end', timeoutMs: 60_000 },
  );
}

/** What a reviewer does who has a look at the board now and then: approves whatever waits. */
async function approveAll(rows: readonly SeenRow[]): Promise<void> {
  for (const { gate } of GATED_STEPS) {
    const ids = rows.filter(({ status }) => status === statusTitle(gate.waiting)).map(({ id }) => id);
    if (ids.length > 0) await house.person('PATCH', 'rows', { ids, status: statusTitle(gate.approved) });
  }
}

it(
  'become tasks exactly once within two sweeps, and end published with their cost and address, whatever webhooks do, within the rate',
  async () => {
    const titles = Array.from({ length: ROWS }, (_, index) => `Video ${index}`);
    for (const [index, title] of titles.entries()) await house.addRow({ title, channel: CHANNELS[index % CHANNELS.length] });
    await sweep();
    await sweep();
    const tasks = await house.query<{ title: string }>(`SELECT title FROM tasks ORDER BY title`);
    expect(tasks.map(({ title }) => title)).toEqual([...titles].sort());

    hands = await Hands.start();
    let sweptAt = Date.now();
    const rows = await eventually(
      async () => {
        const seen = await house.person<SeenRow[]>('GET', 'rows');
        await approveAll(seen);
        if (Date.now() - sweptAt > MINUTE_MS) {
          await house.chore('sweep_rows');
          sweptAt = Date.now();
        }
        await new Promise((resolve) => setTimeout(resolve, MINUTE_MS / 10));
        return seen.every(({ status }) => status === statusTitle('published')) && seen;
      },
      { what: 'every row to be published', timeoutMs: LONG_MS },
    );
    const byPage = new Map(
      (await house.query<{ id: string; notion_page_id: string }>('SELECT id, notion_page_id FROM tasks')).map((task) => [
        task.notion_page_id,
        task.id,
      ]),
    );
    expect(rows.map(({ id, url, cost, error }) => ({ id, url, cost, error }))).toEqual(
      rows.map(({ id }) => ({ id, url: `https://youtu.be/${byPage.get(id) ?? ''}`, cost: VIDEO_COST_USD, error: null })),
    );
    expect(await count(`SELECT count(*)::int AS count FROM artifacts WHERE kind = 'publication' AND state = 'ready'`)).toBe(ROWS);
    expect(await count(`SELECT count(*)::int AS count FROM reviews WHERE decision = 'approve'`)).toBe(4 * ROWS);
    const traffic = await house.person<Record<string, unknown>>('GET', 'traffic');
    process.stdout.write(`${ROWS} rows: ${JSON.stringify(traffic)}\n`);
    expect(traffic).toMatchObject({ rate_limited: 0 });
  },
  LONG_MS + 120_000,
);
