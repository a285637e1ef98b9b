import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, type TaskRow } from '#database';
import { STEPS, type Status } from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Job } from 'bullmq';
import { DataSource } from 'typeorm';
import { HousekeepingWorker } from '../../apps/gateway/src/housekeeping/housekeeping.worker.js';
import { createGateway } from '../../apps/gateway/src/main.js';
import { startSimulator } from '../../apps/simulator/src/main.js';

/** The data source of the simulator's own database. */
const VIDEOS = '00000000-0000-4000-8000-00000000da7a';
const WEBHOOK_TOKEN = 'secret_of_the_test';

/** A row as a person sees it. */
export interface SeenRow {
  id: string;
  title: string;
  status: string;
  url: string | null;
  cost: number | null;
  estimate: number | null;
  error: string | null;
  progress: string | null;
  redo: string | null;
  thumbnail: string | null;
}

export interface HouseOptions {
  channels?: readonly string[];
  /** How reviewers are shown files. */
  storage?: 'notion' | 'local';
  settings?: Readonly<Record<string, string>>;
  /** Settings of the simulator's workspace, from the start. */
  workspace?: object;
}

/** A gateway, a simulator and their engines, for tests of what happens between rows and tasks. */
export class House {
  private constructor(
    readonly app: NestExpressApplication,
    readonly database: Database,
    readonly url: string,
    readonly simulatorUrl: string,
    private readonly folder: string,
    private readonly testDatabase: TestDatabase,
    private readonly simulator: Awaited<ReturnType<typeof startSimulator>>,
  ) {}

  static async open({ channels = ['tide'], storage = 'local', settings = {}, workspace }: HouseOptions = {}): Promise<House> {
    const folder = await mkdtemp(join(tmpdir(), 'house-'));
    await mkdir(join(folder, 'channels'));
    for (const [index, key] of channels.entries()) await writeFile(join(folder, `channels/${key}.yaml`), channelFile(key, index, storage));
    const [testDatabase, simulator] = await Promise.all([createTestDatabase(), startSimulator({ port: 0 })]);
    const redis = testRedis();
    Object.assign(process.env, {
      DATABASE_URL: testDatabase.url,
      REDIS_URL: redis.url,
      QUEUE_PREFIX: redis.prefix,
      CHANNELS_DIR: join(folder, 'channels'),
      WORKSPACE_ROOT: join(folder, 'workspace'),
      SIMULATOR_URL: simulator.url,
      NOTION_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      NOTION_DATA_SOURCE_ID: VIDEOS,
      NOTION_CHANNELS_DATA_SOURCE_ID: '',
      NOTION_PROPERTIES: '',
      NOTION_REQUEST_SPACING_MS: '1',
      NOTION_SWEEP_SECONDS: '3600',
      NOTION_RETRY_SECONDS: '1',
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      TASKS_IN_WORK: '20',
      LOG_LEVEL: 'silent',
      HOST: '127.0.0.1',
      PORT: '0',
      API_TOKEN: '',
      ...settings,
    });
    if (workspace) await send('PUT', `${simulator.url}/simulator/notion`, workspace);
    const app = await createGateway();
    await app.listen(0, '127.0.0.1');
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const database = new Database(app.get(DataSource).manager);
    const house = new House(app, database, url, simulator.url, folder, testDatabase, simulator);
    await house.person('POST', 'webhooks', { url: `${url}/webhook/notion`, verification_token: WEBHOOK_TOKEN });
    return house;
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.simulator.app.close();
    await this.testDatabase.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What a person does in Notion. */
  person<T>(method: string, path: string, body?: object): Promise<T> {
    return send(method, `${this.simulatorUrl}/simulator/notion${path ? `/${path}` : ''}`, body);
  }

  api<T>(method: string, path: string, body?: object): Promise<T> {
    return send<{ data: T }>(method, `${this.url}/api/v1/${path}`, body).then(({ data }) => data);
  }

  chore(name: string): Promise<void> {
    return this.app.get(HousekeepingWorker).process({ name } as Job);
  }

  query<T>(statement: string, values: unknown[] = []): Promise<T[]> {
    return this.app.get(DataSource).query(statement, values);
  }

  async addRow(fields: object = {}): Promise<string> {
    return (await this.person<{ id: string }>('POST', 'rows', { title: 'Ebb', channel: 'tide', status: 'Queued', ...fields })).id;
  }

  /** Adds a channel whose rows stand in a data source of their own. */
  async addChannel(key: string, notion: object): Promise<void> {
    // JSON is YAML, too.
    const file = `${channelFile(key, 99, 'local')}notion: ${JSON.stringify(notion)}\n`;
    await writeFile(join(this.folder, `channels/${key}.yaml`), file);
    await eventually(async () => (await this.database.channels.findByName(key)) !== null, {
      what: 'the channel to be taken over',
      timeoutMs: 15_000,
    });
  }

  async setRow(id: string, fields: object): Promise<void> {
    await this.person('PATCH', `rows/${id}`, fields);
  }

  async row(id: string): Promise<SeenRow> {
    const row = (await this.person<SeenRow[]>('GET', 'rows')).find((one) => one.id === id);
    if (!row) throw new Error(`There is no row ${id}`);
    return row;
  }

  async taskOf(page: string): Promise<TaskRow> {
    return eventually(async () => (await this.database.tasks.byNotionPages([page])).get(page), {
      what: 'a task of the row',
      timeoutMs: 15_000,
    });
  }

  /** Waits until a row shows what is expected of it. */
  async shows(id: string, expected: Partial<SeenRow>): Promise<SeenRow> {
    let last: SeenRow | null = null;
    return eventually(
      async () => {
        const row = (last = await this.row(id));
        return Object.entries(expected).every(([field, value]) => (row[field as keyof SeenRow] ?? '') === value) && row;
      },
      { what: `the row to show ${JSON.stringify(expected)}`, timeoutMs: 15_000 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it shows ${JSON.stringify(last)}`);
    });
  }

  async audit(taskId: string): Promise<{ actor: string; action: string; details: Record<string, unknown> }[]> {
    return this.query('SELECT actor, action, details FROM audit_logs WHERE task_id = $1 ORDER BY created_at', [taskId]);
  }

  /**
   * Brings a task to a status along the legal way, its row with it; every item up to there is ready, two of a kind.
   * In one transaction: the gateway must not see it on its way.
   */
  async bringTo(taskId: string, wanted: Status): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { channelId } = await tx.tasks.get(taskId);
      for (let task = await tx.tasks.get(taskId); task.status !== wanted; task = await tx.tasks.get(taskId)) {
        const next = WAY[WAY.findIndex(({ status }) => status === task.status) + 1];
        if (!next) throw new Error(`${wanted} is not on the way`);
        await tx.tasks.move(taskId, task.status, next.status, { step: next.step, stepOpened: true, itemsLeft: 0 });
      }
      const { step } = await tx.tasks.get(taskId);
      const done = STEPS.slice(0, STEPS.findIndex(({ name }) => name === step) + 1);
      await tx.artifacts.add(
        done.flatMap(({ name, item }) =>
          (['storyboard', 'cut', 'caption'].includes(item) ? [0] : [0, 1]).map((position) => ({
            channelId,
            taskId,
            step: name,
            kind: item,
            position,
            revision: 1,
            input: { key: `image_${position}`, images: [`image_${position}`], references: [] } as never,
          })),
        ),
      );
    });
    await this.query(
      `UPDATE artifacts SET state = 'ready', path = kind || position, checksum = 'x' || position,
         result = CASE WHEN kind = 'storyboard' THEN $2::jsonb ELSE '{}' END WHERE task_id = $1`,
      [taskId, JSON.stringify(STORYBOARD_RESULT)],
    );
    await this.api('GET', `tasks/${taskId}`);
    await this.chore('reissue_notion_work');
    await this.query(`UPDATE tasks SET updated_at = now() - interval '5 minutes' WHERE id = $1`, [taskId]);
    await this.chore('reissue_notion_work');
  }
}

const STORYBOARD_RESULT = {
  model: 'test',
  estimate: { scenes: 2, images: 2, seconds: 10, usd: 3 },
  storyboard: { title: 't', description: '', tags: [], research: [], characters: [], images: [], scenes: [] },
};

/** The statuses that a task passes, each with the step that it belongs to. */
const WAY = [
  ...(['draft', 'queued', 'claimed'] as const).map((status) => ({ status: status, step: null })),
  ...STEPS.flatMap(({ name, working, ready, gate }) =>
    [working, ready, gate?.waiting, gate?.approved].flatMap((status) => (status ? [{ status, step: name }] : [])),
  ),
].filter(({ status }, index, all) => all.findIndex((other) => other.status === status) === index);

async function send<T>(method: string, url: string, body?: object): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

function channelFile(key: string, index: number, storage: string): string {
  return `name: ${key} channel
language: en
voice_id: JBFqnCBsd6RMkjVDRZzb
style: blue
atmosphere: calm
scenes: 1
storage: ${storage}
youtube:
  channel_id: UCsimulatedchannel${String(index + 1).padStart(6, '0')}
  privacy: private
  category_id: '28'
  made_for_kids: false
  synthetic_media: true
`;
}
