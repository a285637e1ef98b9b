import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { TestGateway } from '../api/gateway.js';

jest.setTimeout(60_000);

/** What the webhook was set up with from the start. */
const OWN = 'secret_of_the_settings';

interface Subscription {
  id: string;
  state: string;
  verification_token?: string;
  decided_by: string | null;
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ NOTION_WEBHOOK_TOKEN: OWN, OPEN_ROUTE_FAILURES_PER_MINUTE: '0' });
});
afterAll(() => gateway.remove());

let events = 0;
/** How an event that is signed with a token is answered. */
async function signedWith(token: string): Promise<number> {
  const raw = JSON.stringify({ id: `event-${events++}`, type: 'page.created', entity: { id: 'page', type: 'page' } });
  const signature = `sha256=${createHmac('sha256', token).update(raw).digest('hex')}`;
  return (await gateway.ask('POST', '/webhook/notion', { raw, headers: { 'x-notion-signature': signature } })).status;
}
async function shakeHands(token: string): Promise<Subscription> {
  expect((await gateway.ask('POST', '/webhook/notion', { body: { verification_token: token } })).status).toBe(202);
  const found = (await list()).find(({ verification_token }) => verification_token === token);
  if (!found) throw new Error('The handshake is not in the list');
  return found;
}
const list = async (state = '') =>
  (await gateway.ask<Subscription[]>('GET', `/api/v1/notion-subscriptions${state && `?state=${state}`}`)).body.data;
const decide = (id: string, act: 'activate' | 'retire') =>
  gateway.ask<Subscription>('POST', `/api/v1/notion-subscriptions/${id}/${act}`, { body: { actor: 'Ann' } });

it('a handshake counts once an operator says so, and no more when they say so', async () => {
  const { id, state } = await shakeHands('secret_new');
  expect(state).toBe('pending');
  expect(await signedWith('secret_new')).toBe(401);

  const activated = await decide(id, 'activate');
  expect(activated).toMatchObject({ status: 200, body: { data: { state: 'active', decided_by: 'Ann' } } });
  expect([await signedWith('secret_new'), await signedWith(OWN)]).toEqual([202, 202]);
  expect(activated.body.data).not.toHaveProperty('verification_token');
  expect(await decide(id, 'activate')).toMatchObject({ status: 404, body: { error: { code: 'SUBSCRIPTION_NOT_FOUND' } } });

  expect((await decide(id, 'retire')).status).toBe(200);
  expect([await signedWith('secret_new'), await signedWith(OWN)]).toEqual([401, 202]);
  // Retired is retired: the same handshake again does not bring it back.
  await gateway.ask('POST', '/webhook/notion', { body: { verification_token: 'secret_new' } });
  expect(await list('pending')).toEqual([]);
  const log = await gateway.query<{ action: string; actor: string }>(
    `SELECT action, actor FROM audit_logs WHERE action LIKE 'notion_subscription%' ORDER BY created_at`,
  );
  expect(log).toEqual([
    { action: 'notion_subscription_active', actor: 'Ann' },
    { action: 'notion_subscription_retired', actor: 'Ann' },
  ]);
});

it('tokens are kept so that nobody can read them in the database', async () => {
  await shakeHands('secret_in_the_clear');
  const rows = await gateway.query('SELECT * FROM notion_subscriptions');
  expect(JSON.stringify(rows)).not.toContain('secret_in_the_clear');
});

it("a stranger's handshakes change nothing about those that count, and do not pile up", async () => {
  const { id } = await shakeHands('secret_ours');
  await decide(id, 'activate');
  for (let index = 0; index < 150; index += 1)
    await gateway.ask('POST', '/webhook/notion', { body: { verification_token: `secret_of_stranger_${index}` } });
  expect([await signedWith('secret_ours'), await signedWith(OWN), await signedWith('secret_of_stranger_149')]).toEqual([202, 202, 401]);
  const pending = await list('pending');
  expect(pending).toHaveLength(100);
  expect(pending[0]?.verification_token).toBe('secret_of_stranger_149');
  expect((await list('active')).map((subscription) => subscription.id)).toContain(id);
});
