import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Database, type TaskRow } from '#database';
import type { Status } from '#pipeline';
import { News, OutboxRelay, announce } from '#stage';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Redis } from 'ioredis';
import { DataSource, type Logger } from 'typeorm';
import { createGateway } from '../main.js';

jest.setTimeout(60_000);

const channelFile = (name: string) => `name: ${name}\nlanguage: en\nvoice_id: JBFqnCBsd6RMkjVDRZzb\nstyle: blue\natmosphere: calm\nscenes: 3
youtube:\n  channel_id: UCsimulatedchannel000001\n  privacy: private\n  category_id: '28'\n  made_for_kids: false\n  synthetic_media: true\n`;
const PATIENCE = { timeoutMs: 20_000 };

let folder: string;
let testDatabase: TestDatabase;
let gateways: { app: NestExpressApplication; url: string }[];
let database: Database;
let listeners: Listener[];

/** Two gateways that share everything but their process. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'live-'));
  await mkdir(join(folder, 'channels'));
  await writeFile(join(folder, 'channels/tide.yaml'), channelFile('Tide'));
  await writeFile(join(folder, 'channels/reef.yaml'), channelFile('Reef'));
  testDatabase = await createTestDatabase();
  const redis = testRedis();
  Object.assign(process.env, {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: '',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    API_TOKEN: '',
  });
  gateways = [await start(), await start()];
  database = new Database(gateway(0).app.get(DataSource).manager);
});
beforeEach(() => {
  listeners = [];
});
afterEach(() => {
  for (const listener of listeners) listener.leave();
});
afterAll(async () => {
  await Promise.all(gateways.map(({ app }) => app.close()));
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

async function start() {
  const app = await createGateway();
  await app.listen(0, '127.0.0.1');
  return { app, url: (await app.getUrl()).replace('[::1]', '127.0.0.1') };
}

function gateway(index: number) {
  const found = gateways[index];
  if (!found) throw new RangeError('no such gateway');
  return found;
}

interface Update {
  id: string;
  channel_id: string;
  title: string;
  status: Status;
  progress: string;
  error_message?: string;
}

/** A client of the stream, as the standard says one reads it. */
class Listener {
  readonly updates: Update[] = [];
  lastId = '';
  ended = false;
  private readonly leaving = new AbortController();

  static async at(url: string, query = '', lastEventId?: string): Promise<Listener> {
    const listener = new Listener();
    const response = await fetch(`${url}/api/v1/sse/tasks${query}`, {
      signal: listener.leaving.signal,
      headers: lastEventId ? { 'last-event-id': lastEventId } : {},
    });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    listeners.push(listener);
    void listener.read(response);
    await eventually(() => listener.lastId, { what: 'the greeting', ...PATIENCE });
    return listener;
  }

  leave(): void {
    this.leaving.abort();
  }

  /** What the listener was told of a task, in order. */
  of(task: Pick<TaskRow, 'id'>): Update[] {
    return this.updates.filter(({ id }) => id === task.id);
  }

  private async read(response: Response): Promise<void> {
    let text = '';
    try {
      for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (text + piece).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks)
          this.take(new Map(block.split('\n').map((line) => [line.split(': ')[0] ?? '', line.slice(line.indexOf(': ') + 2)])));
      }
    } catch (error) {
      if (!this.leaving.signal.aborted) throw error;
    }
    this.ended = true;
  }

  private take(block: ReadonlyMap<string, string>): void {
    this.lastId = block.get('id') ?? this.lastId;
    if (block.get('event') === 'task') this.updates.push(JSON.parse(block.get('data') ?? '') as Update);
  }
}

let titles = 0;
async function addTask(channel = 'tide', status: 'draft' | 'queued' = 'draft'): Promise<Update> {
  const response = await fetch(`${gateway(0).url}/api/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channel, title: `Ebb ${(titles += 1)}`, status }),
  });
  return ((await response.json()) as { data: Update }).data;
}

const until = (what: string, look: () => unknown) => eventually(look, { what, ...PATIENCE });
const query = <T>(statement: string, values: unknown[] = []) => gateway(0).app.get(DataSource).query<T[]>(statement, values);

/** A change as any process makes it: committed together with the news of it, then relayed. */
async function change(taskId: string, title: string): Promise<void> {
  await database.transaction(async (tx) => {
    await query('UPDATE tasks SET title = $2, updated_at = now() WHERE id = $1', [taskId, title]);
    await announce(tx, taskId);
  });
  await gateway(0).app.get(OutboxRelay).flush();
}

describe('GET /api/v1/sse/tasks', () => {
  it('tells at every gateway what was changed at any of them', async () => {
    const [here, there] = [await Listener.at(gateway(0).url), await Listener.at(gateway(1).url)];
    const task = await addTask();
    for (const listener of [here, there])
      await until('the new video', () => listener.of(task).some(({ status, title }) => status === 'draft' && title === task.title));
    await fetch(`${gateway(0).url}/api/v1/tasks/${task.id}/queue`, { method: 'POST' });
    for (const listener of [here, there]) await until('it to be admitted', () => listener.of(task).at(-1)?.status === 'claimed');
  });

  it('tells only of the channel or the video that is asked for', async () => {
    const [task, other] = [await addTask('tide'), await addTask('reef')];
    const channel = await Listener.at(gateway(1).url, `?channel_id=${other.channel_id}`);
    const video = await Listener.at(gateway(1).url, `?task_id=${task.id}`);
    const everything = await Listener.at(gateway(1).url);
    await change(task.id, 'Changed');
    await change(other.id, 'Changed too');
    for (const one of [task, other]) await until('both changes', () => everything.of(one).at(-1)?.title.startsWith('Changed'));
    await until('its channel', () => channel.of(other).at(-1)?.title === 'Changed too');
    await until('its video', () => video.of(task).at(-1)?.title === 'Changed');
    expect(new Set(channel.updates.map(({ channel_id }) => channel_id))).toEqual(new Set([other.channel_id]));
    expect(new Set(video.updates.map(({ id }) => id))).toEqual(new Set([task.id]));
  });

  it('tells a client that comes again what it has missed, before anything else', async () => {
    const [task, untouched] = [await addTask(), await addTask()];
    await query(`UPDATE tasks SET updated_at = now() - interval '1 hour'`);
    const first = await Listener.at(gateway(0).url);
    await change(task.id, 'Heard');
    await until('the change', () => first.of(task).length > 0);
    first.leave();
    await change(task.id, 'Missed');
    const second = await Listener.at(gateway(1).url, '', first.lastId);
    await until('what was missed', () => second.of(task).at(-1)?.title === 'Missed');
    expect(second.of(untouched)).toEqual([]);
    const dayAgo = await Listener.at(gateway(1).url, '', new Date(Date.now() - 86_400_000).toISOString());
    await until('a day of changes', () => dayAgo.of(untouched).length === 1);
  });

  it('comes to the end of what was missed, however much of it has one date', async () => {
    const channelId = (await addTask()).channel_id;
    await query(`INSERT INTO tasks (channel_id, title, status) SELECT $1, 'Many', 'draft' FROM generate_series(1, 450)`, [channelId]);
    const listener = await Listener.at(gateway(0).url, '', new Date().toISOString());
    await until('all of them', () => new Set(listener.updates.filter(({ title }) => title === 'Many').map(({ id }) => id)).size === 450);
  });

  it('tells how far a step is, about once a second however fast items are finished, and always how it stands in the end', async () => {
    const task = await addTask();
    await database.transaction(async (tx) => {
      const way: Status[] = ['draft', 'queued', 'claimed', 'generating_assets'];
      for (const [index, to] of way.entries())
        if (index > 0) await tx.tasks.move(task.id, way[index - 1] ?? to, to, { step: 'images', stepOpened: true });
    });
    const items = 30;
    const image = { channelId: task.channel_id, taskId: task.id, step: 'images', kind: 'image', revision: 1, input: {} as never } as const;
    await database.artifacts.add(Array.from({ length: items }, (_, position) => ({ ...image, position })));
    const listener = await Listener.at(gateway(1).url, `?task_id=${task.id}`);
    const began = Date.now();
    for (let position = 0; position < items; position++) {
      await query(`UPDATE artifacts SET state = 'ready', path = 'x', checksum = 'x' WHERE task_id = $1 AND position = $2`, [
        task.id,
        position,
      ]);
      await announce(database, task.id);
      await gateway(0).app.get(OutboxRelay).flush();
    }
    await until('the last of them', () => listener.updates.at(-1)?.progress === `images ${items}/${items}`);
    const seconds = (Date.now() - began) / 1_000;
    // One for having come, one at once, and one for each second since.
    expect(listener.updates.length).toBeLessThanOrEqual(3 + seconds);
  });

  it('reads a change once for all clients of a gateway', async () => {
    const task = await addTask();
    const clients = await Promise.all(Array.from({ length: 8 }, () => Listener.at(gateway(1).url, `?task_id=${task.id}`)));
    for (const client of clients) await until('the video, which is new', () => client.of(task).length > 0);
    const asked: string[] = [];
    const dataSource = gateway(1).app.get(DataSource);
    const silent = () => undefined;
    const logger: Logger = {
      logQuery: (text, values) => void asked.push(`${text} ${JSON.stringify(values)}`),
      logQueryError: silent,
      logQuerySlow: silent,
      logSchemaBuild: silent,
      logMigration: silent,
      log: silent,
    };
    dataSource.setOptions({ logging: ['query'], logger });
    await change(task.id, 'Read once');
    for (const client of clients) await until('the change', () => client.updates.at(-1)?.title === 'Read once');
    dataSource.setOptions({ logging: false });
    expect(
      asked.filter((text) => text.includes(`count(*) FILTER (WHERE artifacts.state = 'ready')`) && text.includes(task.id)),
    ).toHaveLength(1);
  });

  it('makes up for what was told while Redis was away', async () => {
    const task = await addTask();
    const listener = await Listener.at(gateway(1).url, `?task_id=${task.id}`);
    await query(`UPDATE tasks SET title = 'Nobody was told', updated_at = now() WHERE id = $1`, [task.id]);
    const redis = new Redis(process.env.REDIS_URL ?? '');
    const subscriber = await until('the subscription', async () => {
      const clients = String(await redis.client('LIST')).split('\n');
      return clients.find((line) => line.includes(`name=${process.env.QUEUE_PREFIX ?? ''}:news`));
    });
    for (const line of String(await redis.client('LIST')).split('\n')) {
      if (line.includes(`name=${process.env.QUEUE_PREFIX ?? ''}:news`)) await redis.client('KILL', 'ID', /^id=(\d+)/.exec(line)?.[1] ?? '');
    }
    expect(subscriber).toBeDefined();
    await until('what was missed', () => listener.updates.at(-1)?.title === 'Nobody was told');
    redis.disconnect();
  });

  it('goes on when what it hears is no news', async () => {
    const task = await addTask();
    const listener = await Listener.at(gateway(1).url, `?task_id=${task.id}`);
    const redis = new Redis(process.env.REDIS_URL ?? '');
    for (const message of ['not JSON', '{}', '{"task_id":1}']) await redis.publish(`${process.env.QUEUE_PREFIX ?? ''}:news:tasks`, message);
    redis.disconnect();
    await change(task.id, 'All is well');
    await until('the change', () => listener.updates.at(-1)?.title === 'All is well');
  });

  it('lets go of a client that does not read, and of nobody else', async () => {
    const { channel_id: channelId } = await addTask('reef');
    const tasks = await query<{ id: string }>(
      `INSERT INTO tasks (channel_id, title, status, error_message, updated_at)
       SELECT $1, 'Long', 'draft', repeat('x', 900000), now() - interval '1 hour' FROM generate_series(1, 24) RETURNING id`,
      [channelId],
    );
    const { port } = new URL(gateway(1).url);
    const idle: Socket = connect(Number(port), '127.0.0.1');
    idle.pause();
    idle.write(`GET /api/v1/sse/tasks?channel_id=${channelId} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const gone = once(idle, 'error').catch(() => undefined);
    const reader = await Listener.at(gateway(1).url, `?channel_id=${channelId}`);
    // More than the kernel keeps for a socket that nobody reads, each as soon as the one before has arrived elsewhere.
    for (const task of tasks) {
      await change(task.id, 'Longer');
      await until('the change', () => reader.of(task).at(-1)?.title === 'Longer');
    }
    // Reading now shows how much was kept for it: what the kernel took, and then the end.
    let received = 0;
    idle.on('data', (piece: Buffer) => (received += piece.length));
    idle.resume();
    await Promise.race([gone, once(idle, 'close')]);
    expect(received).toBeLessThan(tasks.length * 900_000);
    expect(reader.ended).toBe(false);
    await query(`UPDATE tasks SET error_message = NULL WHERE channel_id = $1`, [channelId]);
  });

  it.each([
    ['a Last-Event-ID that was never sent', '', 'yesterday', 422, 'INVALID_INPUT'],
    ['a filter that is no id', '?task_id=7', undefined, 422, 'INVALID_INPUT'],
    ['a video that nobody knows', '?task_id=00000000-0000-4000-8000-000000000000', undefined, 404, 'TASK_NOT_FOUND'],
    ['a channel that nobody knows', '?channel_id=00000000-0000-4000-8000-000000000000', undefined, 404, 'CHANNEL_NOT_FOUND'],
  ])('refuses %s', async (_what, path, lastEventId, status, code) => {
    const headers = lastEventId ? { 'last-event-id': lastEventId } : {};
    const response = await fetch(`${gateway(0).url}/api/v1/sse/tasks${path}`, { headers });
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });

  it('answers HEAD with its head alone', async () => {
    const response = await fetch(`${gateway(0).url}/api/v1/sse/tasks`, { method: 'HEAD', signal: AbortSignal.timeout(10_000) });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      expect.stringMatching(/^text\/event-stream/),
      '',
    ]);
  });

  it('ends with its gateway, which waits for nobody', async () => {
    const { app, url } = await start();
    const listener = await Listener.at(url);
    await app.close();
    await until('the end of the stream', () => listener.ended);
  });
});

describe('news', () => {
  it('never hold up a job: what Redis does not take is gone', async () => {
    const task = await addTask();
    await announce(database, task.id);
    await database.outbox.add([{ queue: 'notion', name: 'sweep_rows', jobId: 'beside-news', payload: {}, priority: 3 }]);
    const news = gateway(0).app.get(News);
    news.onApplicationShutdown();
    await gateway(0).app.get(OutboxRelay).flush();
    expect(await database.outbox.due(10)).toEqual([]);
  });
});
