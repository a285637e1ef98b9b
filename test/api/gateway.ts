import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, type TaskRow } from '#database';
import { STEPS, type Role, type Status } from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import { getQueueToken } from '@nestjs/bullmq';
import type { Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Job, Queue } from 'bullmq';
import { DataSource } from 'typeorm';
import { createGateway } from '../../apps/gateway/src/main.js';

const channelFile = (
  name: string,
  id: string,
) => `name: ${name}\nlanguage: en\nvoice_id: JBFqnCBsd6RMkjVDRZzb\nstyle: blue\natmosphere: calm\nscenes: 3
youtube:\n  channel_id: ${id}\n  privacy: private\n  category_id: '28'\n  made_for_kids: false\n  synthetic_media: true\n`;

/** Any answer of the API. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: {
    success: boolean;
    data: T;
    pagination: { total: number; limit: number; offset: number; has_more: boolean };
    error: { code: string; message: string; details?: { field: string; message: string }[] };
  };
}

export interface Request {
  body?: unknown;
  /** The body as it is sent, when it is no JSON. */
  raw?: string;
  token?: string;
  headers?: Record<string, string>;
}

/** A gateway in this process, on a database of its own, with the channels "tide" and "reef"; nobody works on what it queues. */
export class TestGateway {
  private constructor(
    private readonly app: NestExpressApplication,
    private readonly folder: string,
    private readonly testDatabase: TestDatabase,
    readonly url: string,
    readonly database: Database,
  ) {}

  /** @param environment settings that differ; they stay set in this process */
  static async start(environment: Record<string, string> = {}): Promise<TestGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'api-'));
    await mkdir(join(folder, 'channels'));
    await writeFile(join(folder, 'channels/tide.yaml'), channelFile('Tide', 'UCsimulatedchannel000001'));
    await writeFile(join(folder, 'channels/reef.yaml'), channelFile('Reef', 'UCsimulatedchannel000002'));
    const testDatabase = await createTestDatabase();
    const redis = testRedis();
    Object.assign(process.env, {
      DATABASE_URL: testDatabase.url,
      REDIS_URL: redis.url,
      QUEUE_PREFIX: redis.prefix,
      CHANNELS_DIR: join(folder, 'channels'),
      WORKSPACE_ROOT: join(folder, 'workspace'),
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      LOG_LEVEL: 'silent',
      HOST: '127.0.0.1',
      API_TOKEN: '',
      ...environment,
    });
    return TestGateway.listen(folder, testDatabase);
  }

  /** Another gateway of the same installation. */
  async another(): Promise<TestGateway> {
    return TestGateway.listen(this.folder, this.testDatabase);
  }

  private static async listen(folder: string, testDatabase: TestDatabase): Promise<TestGateway> {
    const app = await createGateway();
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    return new TestGateway(app, folder, testDatabase, url, new Database(app.get(DataSource).manager));
  }

  /** Closes it, and leaves the database to the others of its installation. */
  async close(): Promise<void> {
    await this.app.close();
  }

  /** Closes it and removes everything. */
  async remove(): Promise<void> {
    await this.close();
    await this.testDatabase.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async ask<T = Record<string, unknown>>(method: string, path: string, { body, raw, token, headers }: Request = {}): Promise<Answer<T>> {
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(content !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(content !== undefined && { body: content }),
    });
    const isJson = response.headers.get('content-type')?.includes('json');
    if (!isJson) await response.body?.cancel();
    return { status: response.status, headers: response.headers, body: (isJson ? await response.json() : {}) as Answer<T>['body'] };
  }

  /** A part of the gateway. */
  get<T>(part: Type<T>): T {
    return this.app.get(part);
  }

  query<T>(statement: string, parameters: unknown[] = []): Promise<T[]> {
    return this.app.get(DataSource).query<T[]>(statement, parameters);
  }

  /** A job, once it has reached its queue. */
  job(queue: string, id: string): Promise<Job> {
    const jobs = this.app.get<Queue>(getQueueToken(queue), { strict: false });
    return eventually<Job | undefined>(() => jobs.getJob(id), { what: `the job ${id}`, timeoutMs: 10_000 });
  }

  /** Makes a token. @param by an admin's, once there are any */
  async token(name: string, role: Role, by?: string): Promise<string> {
    const made = await this.ask<{ token: string }>('POST', '/api/v1/api-tokens', { body: { name, role }, ...(by && { token: by }) });
    if (made.status !== 201) throw new Error(`${made.status} ${JSON.stringify(made.body)}`);
    return made.body.data.token;
  }

  /** Adds a task and brings it along the legal way to a status, at once, or the gateway would admit it on its way. */
  async task(title: string, status: Status = 'draft', channelKey = 'tide'): Promise<TaskRow> {
    const channel = await this.database.channels.findByName(channelKey);
    return this.database.transaction(async (tx) => {
      const text = { title, topic: '', storyDirection: '', ownScript: '', notionPageId: null, requestId: null };
      const task = await tx.tasks.add({ ...text, channelId: channel?.id ?? '', priority: 'normal', status: 'draft' });
      if (!task) throw new Error('not added');
      for (const [index, to] of WAY.slice(0, WAY.indexOf(status) + 1).entries()) {
        const from = WAY[index - 1];
        const step = STEPS.find(({ working, gate }) => working === to || gate?.waiting === to);
        if (from) await tx.tasks.move(task.id, from, to, step ? { step: step.name, stepOpened: true } : {});
      }
      return tx.tasks.get(task.id);
    });
  }
}

/** Every status that a task passes when nothing goes wrong. */
const WAY: Status[] = [
  ...new Set<Status>([
    'draft',
    'queued',
    'claimed',
    ...STEPS.flatMap(({ working, ready, gate }) => [working, ...(ready ? [ready] : []), ...(gate ? [gate.waiting, gate.approved] : [])]),
  ]),
];
