import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { GATED_STEPS, propertyNames, statusTitle } from '#pipeline';
import { SIMULATED_KEY } from '#providers/registry';
import { configurationsOf, videoProperties } from '#providers/notion';
import { eventually } from '#testing';
import { Client } from '@notionhq/client';
import { Hands, VIDEO_COST_USD } from './hands.js';
import { House, type SeenRow } from './house.js';

jest.setTimeout(500_000);

/** The data source of the simulator that shows channels. */
const CHANNELS = '00000000-0000-4000-8000-0000000da7ac';

/** The simulator's database, which has both. */
const VIDEOS_DATABASE = '00000000-0000-4000-8000-0000000000db';

interface ShownFile {
  name: string;
  url: string;
  size: number | null;
}
interface WholeRow extends SeenRow {
  body: string;
  review: ShownFile[];
}

let house: House;
let hands: Hands;
beforeAll(async () => {
  house = await House.open({ storage: 'notion', settings: { NOTION_CHANNELS_DATA_SOURCE_ID: CHANNELS } });
  hands = await Hands.start();
}, 60_000);
afterAll(async () => {
  await (hands as Hands | undefined)?.close();
  await house.close();
}, 60_000);
afterEach(() => house.person('PUT', '', {}));

const whole = (page: string) => house.person<WholeRow>('GET', `rows/${page}`);
const waiting = <T>(what: string, look: () => Promise<T>) => eventually(look, { what, timeoutMs: 120_000 });
const kindOf = (bytes: Uint8Array): string => {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (start.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (start.startsWith('ID3') || start.startsWith('\xff\xfb')) return 'MP3';
  return start.slice(4, 8) === 'ftyp' ? 'MP4' : start;
};

/** Approves a video at every gate, looking at its row there. */
async function publish(page: string, look: (row: WholeRow, gate: string) => Promise<void>): Promise<WholeRow> {
  for (const { gate } of GATED_STEPS) {
    const row = await waiting(`the row to be at ${gate.waiting}`, async () => {
      const seen = await whole(page);
      return seen.status === statusTitle(gate.waiting) && seen.review.length > 0 && seen;
    });
    await look(row, gate.waiting);
    await house.setRow(page, { status: statusTitle(gate.approved) });
    await waiting('the approval', async () => (await house.row(page)).status !== statusTitle(gate.waiting));
  }
  await waiting('the row to be published', async () => (await house.row(page)).status === 'Published');
  return whole(page);
}

describe('a row', () => {
  it('shows at each gate what there is to review, as files, and its storyboard in its page', async () => {
    const page = await house.addRow({ title: 'The Reef' });
    const shown: Record<string, string[]> = {};
    const row = await publish(page, async ({ review }, gate) => {
      for (const { name, url } of review) {
        const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
        (shown[gate] ??= []).push(`${name}: ${kindOf(bytes)}`);
      }
    });
    expect(shown).toEqual({
      assets_ready: ['images.jpg: JPEG'],
      video_ready: ['clips.jpg: JPEG'],
      audio_ready: ['narrations.jpg: JPEG', 'narrations.mp3: MP3'],
      final_review: ['cut.jpg: JPEG', 'cut-preview.mp4: MP4', 'thumbnails.jpg: JPEG', 'captions.txt: {}'],
    });
    expect(row).toMatchObject({ cost: VIDEO_COST_USD, error: null, url: expect.stringMatching(/^https:\/\/youtu\.be\//) });
    expect(row.body).toMatch(/Reefs grow slowly[^]*The sea is old/);
  });

  it('ends right although Notion refuses many requests and says of others that it has failed to do what it did', async () => {
    const answers = { saved_but_unavailable: 0.1, service_overload: 0.05, rate_limited: 0.03, bad_gateway: 0.05, conflict_error: 0.05 };
    await house.person('PUT', '', { seed: 5, answers });
    const page = await house.addRow({ title: 'In a storm' });
    await house.chore('sweep_rows');
    const row = await publish(page, async () => {
      await house.chore('reissue_notion_work');
    });
    expect(row).toMatchObject({ cost: VIDEO_COST_USD, error: null });
    const reviews = await house.database.reviews.ofTask((await house.taskOf(page)).id);
    expect(reviews.map(({ decision }) => decision)).toEqual(['approve', 'approve', 'approve', 'approve']);
    expect(row.body.match(/Reefs grow slowly/g)).toHaveLength(1);
  });
});

describe('the data source of channels', () => {
  const channel = async () => (await house.api<{ key: string; paused_at: string | null }[]>('GET', 'channels'))[0];
  const channelRow = async () =>
    (await house.person<{ id: string; properties: Record<string, unknown> }[]>('GET', `rows?data_source_id=${CHANNELS}`))[0];

  it('shows every channel; its tick pauses one, and a pause from elsewhere ticks it', async () => {
    await house.chore('sweep_rows');
    const row = await eventually(channelRow, { what: 'the channel to be shown', timeoutMs: 20_000 });
    expect(row.properties).toMatchObject({ Paused: false });
    await house.person('PATCH', `rows/${row.id}`, { properties: { Paused: true } });
    await house.chore('sweep_rows');
    await waiting('the channel to be paused', async () => (await channel())?.paused_at);
    const { id } = (await house.api<{ id: string }[]>('GET', 'channels'))[0] ?? { id: '' };
    await house.api('POST', `channels/${id}/resume`, { actor: 'Ann' });
    await house.chore('sweep_rows');
    await waiting('the tick to be gone', async () => (await channelRow())?.properties.Paused === false);
    const log = await house.query<{ actor: string; action: string }>(
      `SELECT actor, action FROM audit_logs WHERE action LIKE 'channel_%ed' AND action <> 'channel_added' ORDER BY created_at`,
    );
    expect(log).toEqual([
      { actor: 'notion', action: 'channel_paused' },
      { actor: 'Ann', action: 'channel_resumed' },
    ]);
  });
});

describe('a channel with a data source of its own', () => {
  it('has its rows there, under the names that its file says, and goes without what is not there', async () => {
    const properties = { title: 'Video', status: 'Where it is', error: 'What is wrong' };
    const wanted = videoProperties(propertyNames(properties), null).filter(({ meaning }) => meaning !== 'progress');
    const notion = new Client({ auth: SIMULATED_KEY, baseUrl: `${house.simulatorUrl}/notion`, notionVersion: '2026-03-11' });
    const parent = { type: 'database_id' as const, database_id: VIDEOS_DATABASE };
    const { id } = await notion.dataSources.create({ parent, properties: configurationsOf(wanted) });
    await house.addChannel('kelp', { data_source_id: id, properties });

    const row = await house.person<{ id: string }>('POST', 'rows', {
      data_source_id: id,
      properties: { Video: 'x'.repeat(101), 'Where it is': 'Queued' },
    });
    const shown = async () => (await house.person<{ properties: Record<string, unknown> }>('GET', `rows/${row.id}`)).properties;
    await waiting('the row to say what is wrong', async () => String((await shown())['What is wrong']).includes('101 characters'));
    await house.person('PATCH', `rows/${row.id}`, { properties: { Video: 'Kelp' } });
    await waiting('the row to show where its video is', async () => (await shown())['Where it is'] === 'Assets Ready');
    const task = await house.taskOf(row.id);
    expect([task.title, (await house.database.channels.get(task.channelId)).key]).toEqual(['Kelp', 'kelp']);
    const { 'What is wrong': error, Cost: cost } = await shown();
    expect([error, cost]).toEqual([null, 0.03]);
    // As this channel wants it, a link to each file.
    const review = async () => (await shown()).Review as object[];
    await waiting('the files to be shown', async () => (await review()).length > 0);
    expect(await review()).toMatchObject([{ url: expect.stringMatching(/\/api\/v1\/tasks\/.*\/artifacts\/.*\/file$/) }]);
    await house.person('PATCH', `rows/${row.id}`, { properties: { 'Where it is': 'Assets Approved' } });
    await waiting('the next gate', async () => (await shown())['Where it is'] === 'Video Ready');
  });
});
