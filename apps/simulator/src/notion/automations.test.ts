import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '#testing';
import {
  startNotion,
  startReceiver,
  type Receiver,
  type ShownRow,
  type SimulatedNotion,
} from '../../../../test/notion/simulated-notion.js';
import { CHANNELS_DATA_SOURCE_ID, DATABASE_ID } from './content/ids.js';

interface Shown {
  automation_id: string;
  state: string;
  sent: number;
}

let workspace: SimulatedNotion;
let receiver: Receiver;
let automation: string;
beforeAll(async () => (workspace = await startNotion()));
afterAll(() => workspace.close());
beforeEach(async () => {
  receiver = await startReceiver();
  const wanted = { url: receiver.url, header: 'x-webhook-secret', value: 'long and random' };
  automation = (await workspace.person<Shown>('POST', 'automations', wanted)).automation_id;
});
afterEach(async () => {
  await workspace.person('DELETE', `automations/${automation}`);
  receiver.close();
});

const state = async () => (await workspace.person<Shown[]>('GET', 'automations'))[0]?.state;
const come = (count: number) => eventually(() => receiver.received.length >= count, { what: `${count} calls`, timeoutMs: 5_000 });
const quiet = () => new Promise((resolve) => setTimeout(resolve, 150));

it('an automation sends the row when its status changes, with a header of its own and without a signature', async () => {
  const { id } = await workspace.person<ShownRow>('POST', 'rows', { title: 'Row', status: 'Draft' });
  await come(1);
  await workspace.person('PATCH', `rows/${id}`, { redo: 'images 3' });
  await workspace.person('PATCH', `rows/${id}`, { status: 'Draft' });
  await workspace.person('PATCH', `rows/${id}`, { status: 'Queued' });
  await workspace.notion.pages.update({ page_id: id, properties: { Status: { status: { name: 'Claimed' } } } });
  await workspace.person('POST', 'rows', { data_source_id: CHANNELS_DATA_SOURCE_ID, title: 'tide' });
  await come(3);
  await quiet();
  const bodies = receiver.received.map(({ body }) => body);
  expect(bodies).toHaveLength(3);
  expect(bodies[1]).toMatchObject({
    source: { type: 'automation', automation_id: automation, attempt: 1, action_id: expect.any(String), event_id: expect.any(String) },
    data: {
      object: 'page',
      id,
      parent: { type: 'database_id', database_id: DATABASE_ID },
      properties: { Status: { status: { name: 'Queued' } }, Redo: { rich_text: [{ plain_text: 'images 3' }] } },
      url: expect.any(String),
    },
  });
  expect(new Set(bodies.map(({ source }) => (source as { event_id: string }).event_id)).size).toBe(3);
  expect(receiver.received[1]?.headers).toMatchObject({ 'x-webhook-secret': 'long and random' });
  expect(receiver.received[1]?.headers).not.toHaveProperty('x-notion-signature');
});

it('it is paused by a failure until somebody lets it go on', async () => {
  receiver.status = 500;
  const { id } = await workspace.person<ShownRow>('POST', 'rows', { title: 'Row', status: 'Draft' });
  await eventually(async () => (await state()) === 'paused', { what: 'the pause', timeoutMs: 5_000 });
  receiver.status = 200;
  await workspace.person('PATCH', `rows/${id}`, { status: 'Queued' });
  await quiet();
  expect(receiver.received).toHaveLength(1);
  await workspace.person('POST', `automations/${automation}/resume`);
  await workspace.person('PATCH', `rows/${id}`, { status: 'Draft' });
  await come(2);
  expect([await state(), receiver.received.length]).toEqual(['active', 2]);
});
