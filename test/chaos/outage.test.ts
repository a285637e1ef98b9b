import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#testing';
import { Client } from 'pg';

const ROOT = resolve(import.meta.dirname, '../..');
/** Nothing listens here: Redis is away. */
const NOWHERE = 'redis://127.0.0.1:9';
const TOKEN = 'secret_of_the_test';

let database: TestDatabase;
let process_: ChildProcess;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  process_.kill('SIGKILL');
  await database.drop();
});

async function start(app: string, ready: RegExp): Promise<string> {
  process_ = spawn(process.execPath, [`${ROOT}/dist/apps/${app}/src/main.js`], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      REDIS_URL: NOWHERE,
      SIMULATOR_URL: 'http://127.0.0.1:10',
      NOTION_WEBHOOK_TOKEN: TOKEN,
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (!process_.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: process_.stdout })) {
    const found = ready.exec(line)?.[1];
    if (found) return found;
  }
  throw new Error(`${app} ended`);
}

it('a gateway that starts while Redis is away takes webhooks, says that it is not ready, and ends when it is told to', async () => {
  const url = await start('gateway', /gateway_start_done.*(http:\/\/127\.0\.0\.1:\d+)/);
  const body = JSON.stringify({ id: 'event-1', type: 'page.created', authors: [{ id: 'ann' }], entity: { id: 'page-1', type: 'page' } });
  const signature = `sha256=${createHmac('sha256', TOKEN).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'x-notion-signature': signature };
  expect((await fetch(`${url}/webhook/notion`, { method: 'POST', headers, body })).status).toBe(202);
  expect([(await fetch(`${url}/health`)).status, (await fetch(`${url}/ready`)).status]).toEqual([200, 503]);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  expect((await client.query('SELECT event_id FROM webhook_events')).rows).toEqual([{ event_id: 'event-1' }]);
  expect((await client.query('SELECT name FROM outbox')).rows).toEqual([{ name: 'work_inbox' }]);
  await client.end();
  const ended = once(process_, 'exit');
  process_.kill('SIGTERM');
  expect(await ended).toEqual([1, null]);
}, 60_000);
