import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { TestGateway } from './gateway.js';

jest.setTimeout(60_000);

const WEBHOOK_TOKEN = 'secret_of_the_test';
const LIMITED = { NOTION_WEBHOOK_TOKEN: WEBHOOK_TOKEN, API_TOKEN: 'own', OPEN_ROUTE_FAILURES_PER_MINUTE: '5', TRUST_PROXY: '1' };

let gateway: TestGateway;
afterEach(() => gateway.remove());

const from = (address: string) => ({ 'x-forwarded-for': address });
const webhook = (id: number, headers: Record<string, string>) => {
  const raw = JSON.stringify({ id: `event-${id}`, type: 'page.created', entity: { id: `page-${id}`, type: 'page' } });
  const signature = `sha256=${createHmac('sha256', WEBHOOK_TOKEN).update(raw).digest('hex')}`;
  return gateway.ask('POST', '/webhook/notion', { raw, headers: { 'x-notion-signature': signature, ...headers } });
};
/** Fifty at a time, so that connections are used again. */
async function times<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  while (done.length < count)
    done.push(...(await Promise.all(Array.from({ length: Math.min(50, count - done.length) }, (_, index) => act(done.length + index)))));
  return done;
}

describe('the open routes', () => {
  it('take any number of signed webhooks from one address, also all at once, and bound only what they refuse', async () => {
    gateway = await TestGateway.start(LIMITED);
    const good = await times(300, (index) => webhook(index, from('10.0.0.1')));
    expect(new Set(good.map(({ status }) => status))).toEqual(new Set([202]));

    for (let attempt = 0; attempt < 5; attempt++)
      expect((await webhook(attempt, { ...from('10.0.0.2'), 'x-notion-signature': 'sha256=guessed' })).status).toBe(401);
    const refused = await webhook(6, from('10.0.0.2'));
    expect(refused).toMatchObject({ status: 429, body: { success: false, error: { code: 'RATE_LIMITED' } } });
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    // Others are not concerned, and neither is the rest of the API.
    expect((await webhook(7, from('10.0.0.1'))).status).toBe(202);
    expect((await gateway.ask('GET', '/api/v1/channels', { token: 'own', headers: from('10.0.0.2') })).status).toBe(200);
  });

  it('take a few handshakes from one address, which prove nothing', async () => {
    gateway = await TestGateway.start(LIMITED);
    const handshake = (index: number) =>
      gateway.ask('POST', '/webhook/notion', { body: { verification_token: `secret_${index}` }, headers: from('10.0.0.8') });
    for (let index = 0; index < 5; index++) expect((await handshake(index)).status).toBe(202);
    expect((await handshake(6)).status).toBe(429);
    expect((await webhook(8, from('10.0.0.9'))).status).toBe(202);
  });

  it('answer any number of probes that somebody could mean, and no more', async () => {
    gateway = await TestGateway.start(LIMITED);
    const answers = await times(1_210, () => gateway.ask('GET', '/health', { headers: from('10.0.0.3') }));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited).toHaveLength(10);
    expect(limited[0]?.body.error.code).toBe('RATE_LIMITED');
    expect((await gateway.ask('GET', '/ready', { headers: from('10.0.0.4') })).status).toBe(200);
  });

  it('are unbounded with 0', async () => {
    gateway = await TestGateway.start({ ...LIMITED, OPEN_ROUTE_FAILURES_PER_MINUTE: '0' });
    const answers = await times(150, (index) => webhook(index, { 'x-notion-signature': 'sha256=guessed' }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  });
});

describe('whoever tries tokens', () => {
  it('is stopped by address, even with the right one; who sends none is only asked for one', async () => {
    gateway = await TestGateway.start(LIMITED);
    const attempt = (token: string, address: string) => gateway.ask('GET', '/api/v1/tasks', { token, headers: from(address) });
    for (let index = 0; index < 5; index++) expect((await attempt(`guess ${index}`, '10.0.0.5')).status).toBe(401);
    expect(await attempt('own', '10.0.0.5')).toMatchObject({ status: 429, body: { error: { code: 'RATE_LIMITED' } } });
    expect((await attempt('own', '10.0.0.6')).status).toBe(200);
    const without = await times(10, () => gateway.ask('GET', '/queues', { headers: from('10.0.0.7') }));
    expect(new Set(without.map(({ status }) => status))).toEqual(new Set([401]));
    expect((await attempt('own', '10.0.0.7')).status).toBe(200);
  });

  it('cannot pass for others behind fewer proxies than there are', async () => {
    gateway = await TestGateway.start({ ...LIMITED, TRUST_PROXY: '0' });
    for (let index = 0; index < 5; index++)
      expect((await gateway.ask('GET', '/api/v1/tasks', { token: 'x', headers: from(`10.0.1.${index}`) })).status).toBe(401);
    expect((await gateway.ask('GET', '/api/v1/tasks', { token: 'x', headers: from('10.0.1.9') })).status).toBe(429);
  });
});
