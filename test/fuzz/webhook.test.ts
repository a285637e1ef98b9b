import { createHmac, randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createTestDatabase, testRedis, type TestDatabase } from '#testing';
import fc from 'fast-check';
import { Client } from 'pg';
import { GatewayProcess } from './gateway-process.js';
import { HOSTILE_TEXTS } from './hostile-requests.js';

/** Bodies of one run; each takes about a millisecond. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 5_000);
/** Bodies that are under way at once. */
const AT_ONCE = 50;
/** No answer within this time (ms) is none. */
const PATIENCE_MS = 30_000;
/** Handshakes are kept for an operator, but no more than that. */
const MOST_HANDSHAKES = 100;
jest.setTimeout(120_000 + RUNS * 20);

const marker = (name: string) => `MARKER-${name}-${randomBytes(8).toString('hex')}`;
const SECRETS = {
  API_TOKEN: marker('api-token'),
  NOTION_WEBHOOK_TOKEN: marker('webhook-token'),
  NOTION_AUTOMATION_SECRET: marker('automation-secret'),
  TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
};

let folder: string;
let database: TestDatabase;
let gateway: GatewayProcess;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  await mkdir(join(folder, 'channels'));
  await copyFile('channels/deep_sea.yaml', join(folder, 'channels/deep_sea.yaml'));
  database = await createTestDatabase();
  const redis = testRedis();
  gateway = await GatewayProcess.start({
    ...SECRETS,
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    // One address sends them all, and must not be turned away before it is listened to.
    OPEN_ROUTE_FAILURES_PER_MINUTE: '0',
    LOG_LEVEL: 'trace',
  });
});
afterAll(async () => {
  agent.destroy();
  await gateway.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** How a request says who sends it; only the last two are in order. */
const SENDERS = ['nobody', 'garbage', 'other_token', 'other_bytes', 'wrong_secret', 'notion', 'automation'] as const;
interface Delivery {
  body: Buffer;
  sender: (typeof SENDERS)[number];
  contentType: string;
}

const texts = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ unit: 'binary' }), fc.uuid());
const values = fc.oneof(fc.jsonValue({ maxDepth: 3 }), texts, fc.constantFrom(null, -0, 1e308, [[]], { __proto__: null }));
const eventLike = fc.record(
  {
    id: fc.oneof({ weight: 4, arbitrary: fc.uuid() }, values),
    type: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('page.created', 'page.properties_updated', 'comment.created', 'no.such') },
      values,
    ),
    authors: fc.oneof(fc.array(fc.record({ id: texts, type: texts })), values),
    entity: fc.oneof({ weight: 3, arbitrary: fc.record({ id: texts, type: fc.constantFrom('page', 'block', '') }) }, values),
    data: fc.oneof(fc.record({ updated_properties: fc.oneof(fc.array(texts), values) }), values),
    timestamp: fc.oneof(fc.constant(new Date().toISOString()), values),
  },
  { requiredKeys: [] },
);
/** As they come from Notion, but for their words. */
const wholeEvents = fc.record({
  id: fc.uuid(),
  type: texts,
  authors: fc.array(fc.record({ id: texts, type: texts })),
  entity: fc.record({ id: texts, type: fc.constantFrom('page', 'block') }),
  data: fc.record({ updated_properties: fc.array(texts) }),
  timestamp: texts,
});
const automationLike = fc.record(
  { source: fc.oneof(fc.record({ event_id: texts }), values), data: fc.oneof(fc.record({ id: texts }), values) },
  { requiredKeys: [] },
);
const handshakeLike = fc.record({ verification_token: fc.oneof(fc.string({ minLength: 1, maxLength: 60 }), values) });
const asBytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const deep = fc.integer({ min: 1, max: 5_000 }).map((depth) => Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`));
const bodies = fc.oneof(
  { weight: 4, arbitrary: eventLike.map(asBytes) },
  { weight: 3, arbitrary: wholeEvents.map(asBytes) },
  { weight: 2, arbitrary: automationLike.map(asBytes) },
  { weight: 1, arbitrary: handshakeLike.map(asBytes) },
  { weight: 1, arbitrary: values.map(asBytes) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: eventLike.chain((event) => fc.nat(200).map((cut) => asBytes(event).subarray(0, cut))) },
  { weight: 1, arbitrary: deep },
);
const deliveries: fc.Arbitrary<Delivery> = fc.record({
  body: bodies,
  sender: fc.constantFrom(...SENDERS),
  contentType: fc.oneof(
    { weight: 9, arbitrary: fc.constant('application/json') },
    fc.constantFrom('text/plain', 'application/json; charset=utf-7', ''),
  ),
});

const signature = (body: Buffer | string, token: string) => `sha256=${createHmac('sha256', token).update(body).digest('hex')}`;

function headersOf({ body, sender, contentType }: Delivery): Record<string, string> {
  const { NOTION_WEBHOOK_TOKEN: token, NOTION_AUTOMATION_SECRET: secret } = SECRETS;
  const proofs: Record<Delivery['sender'], Record<string, string>> = {
    nobody: {},
    garbage: { 'x-notion-signature': 'sha256=zzzz' },
    other_token: { 'x-notion-signature': signature(body, 'secret_of_somebody') },
    other_bytes: { 'x-notion-signature': signature(`${body.toString('latin1')} `, token) },
    wrong_secret: { 'x-webhook-secret': `${secret}x` },
    notion: { 'x-notion-signature': signature(body, token) },
    automation: { 'x-webhook-secret': secret },
  };
  return { ...(contentType && { 'content-type': contentType }), 'content-length': String(body.length), ...proofs[sender] };
}

function send(delivery: Delivery): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((answered, failed) => {
    const options = { hostname, port, method: 'POST', path: '/webhook/notion', headers: headersOf(delivery), agent, timeout: PATIENCE_MS };
    const sent = httpRequest(options, (response) => {
      textOf(response).then((text) => answered({ status: response.statusCode ?? 0, text }), failed);
    });
    sent.on('timeout', () => sent.destroy(new Error(`No answer within ${PATIENCE_MS} ms`)));
    sent.on('error', failed);
    sent.end(delivery.body);
  });
}

const faults = () => gateway.output.filter((line) => line.includes('http_request_failed'));
const isInOrder = ({ sender }: Delivery) => sender === 'notion' || sender === 'automation';

it(`takes ${RUNS} hostile webhook bodies without a fault, an effect of what is not signed, or a secret`, async () => {
  const statuses = new Map<number, number>();
  let stored = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(deliveries, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
      const answers = await Promise.all(batch.map(send));
      for (const [index, { status, text }] of answers.entries()) {
        const delivery = batch[index];
        if (!delivery) throw new RangeError('more answers than deliveries');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500) throw new Error(`${status} for ${JSON.stringify(delivery.body.toString())}: ${faults().join('\n')}`);
        for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
        if (status !== 202) continue;
        // Of what nobody has signed only a handshake is taken, which counts for nothing.
        if (isInOrder(delivery)) stored += 1;
        else expect(delivery.body.toString()).toContain('verification_token');
      }
    }),
    { numRuns: Math.ceil(RUNS / AT_ONCE), endOnFailure: true },
  );

  const client = new Client({ connectionString: database.url });
  await client.connect();
  const count = async (of: string) => Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${of}`)).rows[0]?.count);
  expect(await count('webhook_events')).toBeLessThanOrEqual(stored);
  expect(await count('webhook_events')).toBeGreaterThan(stored / 4);
  expect(await count(`notion_subscriptions WHERE state <> 'pending'`)).toBe(0);
  expect(await count('notion_subscriptions')).toBeLessThanOrEqual(MOST_HANDSHAKES);
  expect(await count(`audit_logs WHERE action NOT LIKE 'channel_%'`)).toBe(0);
  expect([await count('tasks'), await count('reviews'), await count('alerts')]).toEqual([0, 0, 0]);
  await client.end();
  expect(gateway.isRunning).toBe(true);
  const log = gateway.output.join('\n');
  for (const secret of Object.values(SECRETS)) expect(log).not.toContain(secret);
  expect(faults()).toEqual([]);
  if (process.env.FUZZ_REPORT)
    process.stderr.write(`${stored} in order and taken; ${JSON.stringify(Object.fromEntries([...statuses].sort()))}\n`);
});
