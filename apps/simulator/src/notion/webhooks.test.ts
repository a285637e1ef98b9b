import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '#testing';
import {
  isFullPage,
  verifyWebhookSignature,
  type PageContentUpdatedWebhookPayload,
  type PageCreatedWebhookPayload,
  type PageDeletedWebhookPayload,
  type PagePropertiesUpdatedWebhookPayload,
} from '@notionhq/client';
import {
  startNotion,
  startReceiver,
  words,
  type Received,
  type Receiver,
  type ShownRow,
  type SimulatedNotion,
} from '../../../../test/notion/simulated-notion.js';
import { BOT_ID, DATABASE_ID, DATA_SOURCE_ID, PERSON_ID } from './content/ids.js';

type PageEvent =
  PageCreatedWebhookPayload | PagePropertiesUpdatedWebhookPayload | PageContentUpdatedWebhookPayload | PageDeletedWebhookPayload;
interface Shown {
  id: string;
  state: string;
  taken: number;
  refused: number;
  given_up: number;
}

let workspace: SimulatedNotion;
let receiver: Receiver;
beforeAll(async () => (workspace = await startNotion()));
afterAll(() => workspace.close());
beforeEach(async () => (receiver = await startReceiver()));
afterEach(async () => {
  for (const { id } of await workspace.person<Shown[]>('GET', 'webhooks')) await workspace.person('DELETE', `webhooks/${id}`);
  await workspace.person('PUT', '', {});
  receiver.close();
});

const TOKEN = 'secret_of_the_test';
const subscribe = (more: object = {}) =>
  workspace.person<Shown>('POST', 'webhooks', { url: receiver.url, verification_token: TOKEN, ...more });
const addRow = (title = 'Row', more: object = {}) => workspace.person<ShownRow>('POST', 'rows', { title, ...more });
const isGenuine = ({ raw, headers }: Received) =>
  verifyWebhookSignature({ body: raw, signature: String(headers['x-notion-signature']), verificationToken: TOKEN });
/** What came but for the handshake. */
const events = () => receiver.received.slice(1).map(({ body }) => body as unknown as PageEvent);
async function come(count: number): Promise<PageEvent[]> {
  await eventually(() => events().length >= count, { what: `${count} events`, timeoutMs: 15_000 });
  return events();
}
/** A moment in which nothing more should come. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('a subscription', () => {
  it('begins with a signed handshake and is told nothing until somebody has pasted its token', async () => {
    const { id, state } = await workspace.person<Shown>('POST', 'webhooks', { url: receiver.url });
    expect(state).toBe('pending');
    const [handshake] = receiver.received;
    const token = String(handshake?.body.verification_token);
    expect(Object.keys(handshake?.body ?? {})).toEqual(['verification_token']);
    expect(token).toMatch(/^secret_/);
    const signature = String(handshake?.headers['x-notion-signature']);
    expect(await verifyWebhookSignature({ body: handshake?.raw ?? '', signature, verificationToken: token })).toBe(true);
    await addRow();
    await workspace.person('POST', `webhooks/${id}/resend`);
    expect(receiver.received.map(({ raw }) => raw)).toEqual([handshake?.raw, handshake?.raw]);
    await expect(workspace.person('POST', 'webhooks/verify', { verification_token: 'secret_other' })).rejects.toThrow('400');
    expect(await workspace.person('POST', 'webhooks/verify', { verification_token: token })).toMatchObject({ id, state: 'active' });
    const { id: page } = await addRow();
    await eventually(() => receiver.received.length === 3, { what: 'the event', timeoutMs: 5_000 });
    expect(receiver.received[2]?.body).toMatchObject({ type: 'page.created', entity: { id: page }, subscription_id: id });
  });

  it('is not made with a receiver that refuses the handshake', async () => {
    receiver.status = 403;
    await expect(subscribe()).rejects.toThrow('The handshake was answered 403');
    expect(await workspace.person('GET', 'webhooks')).toEqual([]);
  });

  it('is one of many: each has its own token, types and version, can be paused and deleted', async () => {
    const other = await startReceiver();
    const first = await subscribe();
    const second = await workspace.person<Shown>('POST', 'webhooks', {
      url: other.url,
      verification_token: 'secret_second',
      event_types: ['data_source.schema_updated', 'view.created', 'page.deleted'],
    });
    await workspace.person('PATCH', `webhooks/${second.id}`, { api_version: '2025-09-03' });
    const { id } = await addRow();
    await come(1);
    await workspace.person('PATCH', `rows/${id}`, { in_trash: true });
    await eventually(() => other.received.length === 2, { what: 'the event of the other', timeoutMs: 5_000 });
    expect(other.received[1]?.body).toMatchObject({ type: 'page.deleted', subscription_id: second.id, api_version: '2025-09-03' });
    expect((await come(2))[1]).toMatchObject({ type: 'page.deleted', subscription_id: first.id, api_version: '2026-03-11' });
    const changed = { properties: { Extra: { checkbox: {} } } };
    await workspace.notion.dataSources.update({ data_source_id: DATA_SOURCE_ID, ...changed });
    await eventually(() => other.received.length === 3, { what: 'the schema event', timeoutMs: 5_000 });
    expect(other.received[2]?.body).toMatchObject({
      entity: { type: 'data_source', id: DATA_SOURCE_ID },
      data: { updated_properties: [{ name: 'Extra', action: 'created' }] },
    });
    await workspace.person('PATCH', `webhooks/${first.id}`, { state: 'paused' });
    await addRow();
    await quiet();
    expect(events()).toHaveLength(2);
    other.close();
  });
});

describe('an event', () => {
  it('says what happened to what and by whom, never what it says; properties by their encoded ids', async () => {
    const { id: subscription_id } = await subscribe();
    const { id } = await addRow();
    await workspace.person('PATCH', `rows/${id}`, { status: 'Queued', redo: 'images 3' });
    await workspace.notion.pages.update({ page_id: id, properties: { Progress: { rich_text: words('1/3') } } });
    await workspace.notion.blocks.children.append({ block_id: id, children: [{ divider: {} }] });
    const page = await workspace.notion.pages.retrieve({ page_id: id });
    const idOf = (name: string) => (isFullPage(page) ? page.properties[name]?.id : undefined);
    const all = await come(4);
    const parent = { id: DATABASE_ID, type: 'database', data_source_id: DATA_SOURCE_ID };
    const common = { subscription_id, attempt_number: 1, api_version: '2026-03-11', entity: { id, type: 'page' }, integration_id: BOT_ID };
    expect(all).toMatchObject([
      { ...common, type: 'page.created', authors: [{ id: PERSON_ID, type: 'person' }], data: { parent } },
      { ...common, type: 'page.properties_updated', data: { parent, updated_properties: [idOf('Status'), idOf('Redo')] } },
      {
        ...common,
        type: 'page.properties_updated',
        authors: [{ id: BOT_ID, type: 'bot' }],
        data: { updated_properties: [idOf('Progress')] },
      },
      { ...common, type: 'page.content_updated', data: { parent, updated_blocks: [{ type: 'block' }] } },
    ]);
    expect(idOf('Status')).toMatch(/%/);
    expect(new Set(all.map((event) => event.id)).size).toBe(4);
    expect(all.every(({ timestamp }) => Math.abs(Date.now() - Date.parse(timestamp)) < 10_000)).toBe(true);
    expect(receiver.received.map(({ raw }) => raw).join()).not.toContain('images 3');
  });

  it('is signed over bytes that nobody gets by writing the same JSON anew', async () => {
    await subscribe();
    await addRow();
    await come(1);
    const [, event] = receiver.received;
    if (!event) throw new Error('no event');
    expect(await isGenuine(event)).toBe(true);
    expect(await isGenuine({ ...event, raw: JSON.stringify(event.body) })).toBe(false);
    expect(event.body.workspace_name).toBe('Simulator · Büro 🎬');
    expect(event.raw).toMatch(/\\u00[\da-f]{2}.*[^\0-\x7f]/);
    expect(Object.keys(event.body)[0]).toBe('attempt_number');
  });

  it('gathers what happens in a moment: one for each page and kind, with all properties and authors', async () => {
    await workspace.person('PUT', '', { aggregation_ms: 250 });
    await subscribe();
    const [one, other] = [await addRow('One'), await addRow('Other')];
    await workspace.person('PATCH', `rows/${one.id}`, { redo: 'a' });
    await workspace.notion.pages.update({ page_id: one.id, properties: { Progress: { rich_text: words('1/3') } } });
    await workspace.person('PATCH', `rows/${one.id}`, { redo: 'b' });
    const all = await come(3);
    await quiet();
    expect(events()).toHaveLength(3);
    expect(all.map(({ type, entity }) => [type, entity.id])).toEqual([
      ['page.created', one.id],
      ['page.created', other.id],
      ['page.properties_updated', one.id],
    ]);
    const gathered = all[2];
    if (gathered?.type !== 'page.properties_updated') throw new Error('another event');
    expect([gathered.data.updated_properties.length, gathered.authors.map(({ type }) => type)]).toEqual([2, ['person', 'bot']]);
  });
});

it('what the connection does not see it is not told of', async () => {
  await subscribe();
  const { id } = await addRow();
  await workspace.person('PATCH', `rows/${id}`, { shared: false });
  await workspace.person('PATCH', `rows/${id}`, { redo: 'x' });
  await workspace.person('PATCH', `rows/${id}`, { shared: true, redo: 'y' });
  await come(2);
  await quiet();
  expect(events().map(({ type }) => type)).toEqual(['page.created', 'page.properties_updated']);
});

describe('delivery', () => {
  it('is tried up to eight times, less and less often, always as the same event', async () => {
    await workspace.person('PUT', '', { redelivery_ms: 5 });
    const { id } = await subscribe();
    receiver.status = 500;
    await addRow();
    const all = await come(8);
    await quiet();
    expect(events().map(({ attempt_number }) => attempt_number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new Set(all.map((event) => event.id)).size).toBe(1);
    expect((await Promise.all(receiver.received.map(isGenuine))).every(Boolean)).toBe(true);
    const [shown] = await workspace.person<Shown[]>('GET', 'webhooks');
    expect(shown).toMatchObject({ id, taken: 0, refused: 8, given_up: 1 });
  });

  it('may have a new id at every try, as nobody says that it has not', async () => {
    await workspace.person('PUT', '', { redelivery_ms: 5, same_id_again: false });
    await subscribe();
    receiver.status = 500;
    await addRow();
    await come(2);
    receiver.status = 200;
    expect(new Set(events().map((event) => event.id)).size).toBe(events().length);
  });

  it('is lost, or comes twice, as often as was said and always for the same events of a seed', async () => {
    const arrivals = async (settings: object) => {
      await workspace.person('PUT', '', settings);
      const url = await startReceiver();
      await workspace.person('POST', 'webhooks', { url: url.url, verification_token: TOKEN });
      const ids = [];
      for (let index = 0; index < 40; index++) ids.push((await addRow()).id);
      await quiet();
      const told = url.received.slice(1).map(({ body }) => (body.entity as { id: string }).id);
      url.close();
      return ids.map((id) => told.filter((one) => one === id).length);
    };
    const settings = { seed: 7, drop: 0.3, duplicate: 0.3 };
    const [first, again, other] = [await arrivals(settings), await arrivals(settings), await arrivals({ ...settings, seed: 8 })];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const times = (count: number) => first.filter((one) => one === count).length;
    expect([times(0) > 4 && times(0) < 22, times(2) > 2 && times(2) < 18, times(0) + times(1) + times(2)]).toEqual([true, true, 40]);
  }, 30_000);

  it('takes its time, and another time for each event, so that they overtake each other', async () => {
    await workspace.person('PUT', '', { seed: 3, delay_ms: 100, reorder_ms: 300 });
    await subscribe();
    const ids: string[] = [];
    for (let index = 0; index < 10; index++) ids.push((await addRow()).id);
    const began = Date.now();
    expect(events()).toEqual([]);
    const order = (await come(10)).map(({ entity }) => entity.id);
    expect(Date.now() - began).toBeGreaterThan(50);
    expect([...order].sort()).toEqual([...ids].sort());
    expect(order).not.toEqual(ids);
  });

  it('may leave out the data source, and be followed by what nobody should listen to', async () => {
    await workspace.person('PUT', '', { no_data_source: 1 });
    await subscribe();
    const { id } = await addRow();
    expect((await come(1))[0]).toMatchObject({ data: { parent: { id: DATABASE_ID, type: 'database' } } });
    expect(events()[0]).not.toHaveProperty('data.parent.data_source_id');
    await workspace.person('PUT', '', { unknown_type: 1, own_bot: 1, bad_signature: 1, replay: 1 });
    await workspace.person('PATCH', `rows/${id}`, { redo: 'x' });
    await come(6);
    await quiet();
    const [, , ...last] = receiver.received;
    const judged = await Promise.all(last.map(async (one) => ({ ...one.body, isGenuine: await isGenuine(one), raw: one.raw })));
    const find = (test: (one: (typeof judged)[number]) => boolean) => judged.filter(test);
    expect(judged).toHaveLength(5);
    expect(find((one) => !one.isGenuine)).toMatchObject([{ type: 'page.properties_updated' }]);
    expect(find((one) => (one as { type?: string }).type === 'page.teleported')).toHaveLength(1);
    expect(
      find((one) => JSON.stringify((one as { authors?: unknown }).authors) === JSON.stringify([{ type: 'bot', id: BOT_ID }])),
    ).toHaveLength(1);
    // What comes again is an event that came before, byte for byte.
    const all = receiver.received.slice(1).map(({ raw }) => raw);
    expect(all.length - new Set(all).size).toBe(1);
  });
});
