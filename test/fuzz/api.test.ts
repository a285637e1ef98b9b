import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createTestDatabase, testRedis, type TestDatabase } from '#testing';
import fc from 'fast-check';
import { Client } from 'pg';
import { startSimulator } from '../../apps/simulator/src/main.js';
import { GatewayProcess } from './gateway-process.js';
import { hostileRequests, type ApiDocument, type HostileRequest } from './hostile-requests.js';

/** Requests of one run; each takes some milliseconds. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 1_000);
/** No answer within this time (ms) is none. */
const PATIENCE_MS = 20_000;
jest.setTimeout(120_000 + RUNS * 100);

const marker = (name: string) => `MARKER-${name}-${randomBytes(8).toString('hex')}`;
const SECRETS = {
  API_TOKEN: marker('api-token'),
  NOTION_WEBHOOK_TOKEN: marker('webhook-token'),
  NOTION_AUTOMATION_SECRET: marker('automation-secret'),
  KIE_WEBHOOK_KEY: marker('kie-key'),
  GOOGLE_CLIENT_SECRET: marker('client-secret'),
  TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
};
const GRANT_SECRET = marker('grant');

let folder: string;
let database: TestDatabase;
let gateway: GatewayProcess;
/** Google is asked for access, whoever asks for it to be renewed. */
let simulator: Awaited<ReturnType<typeof startSimulator>>;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
/** What must never leave the gateway, in an answer or a line of the log. */
const secrets = [...Object.values(SECRETS), GRANT_SECRET];
/** Shown once, in the answer to whoever made them; never logged. */
const made: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  // One, so that requests that name a channel often mean the same.
  await mkdir(join(folder, 'channels'));
  await copyFile('channels/deep_sea.yaml', join(folder, 'channels/deep_sea.yaml'));
  database = await createTestDatabase();
  secrets.push(new URL(database.url).password);
  simulator = await startSimulator({ port: 0 });
  const redis = testRedis();
  gateway = await GatewayProcess.start({
    ...SECRETS,
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: simulator.url,
    TRUST_PROXY: '1',
    LOG_LEVEL: 'trace',
  });
});
afterAll(async () => {
  agent.destroy();
  await gateway.stop();
  await simulator.app.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** What only the work of the stages would make: an item whose file is gone, its paid call, and its failure. */
async function addRecords(taskId: string): Promise<Record<'artifact_id' | 'call_id' | 'dead_letter_id', string[]>> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const add = async (statement: string) => (await client.query<{ id: string }>(statement, [taskId])).rows.map(({ id }) => id);
  try {
    return {
      artifact_id: await add(`INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, input, path, checksum)
        SELECT channel_id, id, 'images', 'image', 0, 'ready', '{"prompt":"x"}', 'gone/0.png', 'x' FROM tasks WHERE id = $1 RETURNING id`),
      call_id: await add(`INSERT INTO video_costs (channel_id, task_id, artifact_id, provider, operation, amount_usd, simulated, state)
        SELECT channel_id, task_id, id, 'kie', 'clip', 1, false, 'intended' FROM artifacts WHERE task_id = $1 RETURNING id`),
      dead_letter_id: await add(`INSERT INTO dead_letters (channel_id, task_id, step, code, message, user_message, attempts)
        SELECT channel_id, id, 'images', 'X', 'x', 'x', 1 FROM tasks WHERE id = $1 RETURNING id`),
    };
  } finally {
    await client.end();
  }
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** As it is: `fetch` would put paths and headers in order first. */
function send({ method, path, headers, body }: HostileRequest): Promise<Answer> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((answered, failed) => {
    // Node counts the bytes of a body only where it expects one.
    const length = body === null ? {} : { 'content-length': Buffer.byteLength(body) };
    const options = { hostname, port, method, path, headers: { ...headers, ...length }, agent, timeout: PATIENCE_MS };
    const sent = httpRequest(options, (response) => {
      const { statusCode: status = 0, headers: told } = response;
      // Live updates never end.
      const isEndless = told['content-type']?.startsWith('text/event-stream') ?? false;
      if (isEndless) response.destroy();
      const whole = isEndless ? Promise.resolve('') : textOf(response);
      whole.then((text) => answered({ status, headers: told, text }), failed);
    });
    sent.on('timeout', () => sent.destroy(new Error(`No answer within ${PATIENCE_MS} ms`)));
    sent.on('error', failed);
    sent.end(body ?? undefined);
  });
}

const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
  const headers = { authorization: `Bearer ${SECRETS.API_TOKEN}`, 'content-type': 'application/json' };
  const { status, text } = await send({ method, path, headers, body: body ? JSON.stringify(body) : null });
  expect(status).toBeLessThan(300);
  return JSON.parse(text) as T;
};

function check({ method }: HostileRequest, { status, headers, text }: Answer): void {
  expect(status).toBeLessThan(500);
  if (status >= 400 && method !== 'HEAD') {
    expect(JSON.parse(text)).toEqual({
      success: false,
      error: {
        code: expect.stringMatching(/^[A-Z][A-Z_]+$/) as unknown,
        message: expect.stringMatching(/./) as unknown,
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
        request_id: headers['x-request-id'],
        ...(text.includes('"details":[') && { details: expect.any(Array) as unknown }),
      },
    });
  }
  const whole = JSON.stringify(headers) + text;
  // Nor where on the machine the files are.
  for (const secret of [...secrets, folder]) expect(whole).not.toContain(secret);
}

it(`answers ${RUNS} hostile requests without a fault and without a secret`, async () => {
  const document = await ask<ApiDocument>('GET', '/docs-json');
  const { data: channels } = await ask<{ data: { id: string; key: string; youtube_channel_id: string }[] }>('GET', '/api/v1/channels');
  const plan = { channel: channels[0]?.key, title: 'Ebb' };
  const tasks = await Promise.all(
    [plan, { ...plan, status: 'draft' }].map((body) => ask<{ data: { id: string } }>('POST', '/api/v1/tasks', body)),
  );
  const task_id = tasks.map(({ data }) => data.id);
  const ids = { task_id, channel_id: channels.map(({ id }) => id), ...(await addRecords(task_id[0] ?? '')) };

  const statuses = new Map<number, number>();
  const requests = hostileRequests(document, {
    ids,
    channels: channels.map(({ key }) => key),
    youTubeChannels: channels.map(({ youtube_channel_id }) => youtube_channel_id),
    token: SECRETS.API_TOKEN,
    grantSecret: GRANT_SECRET,
  });
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const answer = await send(request);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      made.push(...(answer.text.match(/avg_[\w-]{43}/g) ?? []));
      check(request, answer);
    }),
    { numRuns: RUNS },
  );

  expect((await send({ method: 'GET', path: '/ready', headers: {}, body: null })).status).toBe(200);
  expect(gateway.isRunning).toBe(true);
  // Enough of them came through to the work itself.
  expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0)).toBeGreaterThan(RUNS / 20);
  const log = gateway.output.join('\n');
  for (const secret of [...secrets, ...made]) expect(log).not.toContain(secret);
  expect(gateway.output.filter((line) => line.includes('http_request_failed') || line.includes('bulk_item_failed'))).toEqual([]);
  if (process.env.FUZZ_REPORT) process.stderr.write(`${JSON.stringify(Object.fromEntries([...statuses].sort()))}\n`);
});
