import { createCipheriv, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ARTIFACT_STATES,
  CALL_STATES,
  DECISIONS,
  GATED_STEPS,
  ITEM_KINDS,
  ROLES,
  STATUSES,
  STEPS,
  THUMBNAIL_CANDIDATES,
  TRANSITIONS,
} from '#pipeline';
import { createTestDatabase, type TestDatabase } from '#testing';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import { Database } from './database.js';
import type { NewTask } from './repositories/tasks.js';
import { TokenCipher } from './token-cipher.js';

let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
});
afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});

/** The texts that a check constraint allows. */
async function allowed(constraint: string): Promise<string[]> {
  const [row] = await dataSource.query<{ definition: string }[]>(
    `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = $1`,
    [constraint],
  );
  return [...(row?.definition ?? '').matchAll(/'([a-z_]+)'::text/g)].map(([, name]) => name ?? '');
}

describe('the tables', () => {
  it.each([
    ['ck_tasks_status', STATUSES],
    ['ck_tasks_step', STEPS.map(({ name }) => name)],
    ['ck_artifacts_step', STEPS.map(({ name }) => name)],
    ['ck_artifacts_kind', ITEM_KINDS],
    ['ck_artifacts_state', ARTIFACT_STATES],
    ['ck_video_costs_state', CALL_STATES],
    ['ck_reviews_gate', GATED_STEPS.map(({ gate }) => gate.waiting)],
    ['ck_reviews_decision', DECISIONS],
    ['ck_api_tokens_role', ROLES],
  ])('%s allows exactly what libs/pipeline knows', async (constraint, known) => {
    expect((await allowed(constraint)).sort()).toEqual([...known].sort());
  });

  it('hold the same transitions as libs/pipeline', async () => {
    const rows = await dataSource.query<{ from_status: string; to_status: string }[]>('SELECT * FROM task_transitions');
    const pairs = (list: readonly (readonly [string, string])[]) => list.map(([from, to]) => `${from} -> ${to}`).sort();
    expect(pairs(rows.map(({ from_status, to_status }) => [from_status, to_status]))).toEqual(pairs(TRANSITIONS));
  });

  it('refuse a status that no way leads to', async () => {
    await database.channels.save([{ key: 'one', settings: { name: 'One' } as never }]);
    const channel = await database.channels.findByName('ONE');
    const wanted: NewTask = {
      channelId: channel?.id ?? '',
      title: 'x',
      topic: '',
      storyDirection: '',
      ownScript: '',
      priority: 'low',
      status: 'draft',
      notionPageId: 'page',
      requestId: null,
    };
    const task = await database.tasks.add(wanted);
    expect(task).toMatchObject({ priority: 'low', version: 1 });
    await expect(database.tasks.move(task?.id ?? '', 'draft', 'published')).rejects.toThrow(/cannot go from draft to published/);
    expect(await database.tasks.move(task?.id ?? '', 'claimed', 'draft')).toBe(false);
    expect(await database.tasks.move(task?.id ?? '', 'draft', 'queued')).toBe(true);
    expect(await database.tasks.get(task?.id ?? '')).toMatchObject({ status: 'queued', version: 2 });
    expect(await database.tasks.add(wanted)).toBeNull();
  });

  it('go away without a rest and come again as they were', async () => {
    const other = await createTestDatabase();
    const source = await new DataSource(dataSourceOptions(other.url)).initialize();
    try {
      const tables = async () => {
        const rows = await source.query<{ name: string }[]>(`
          SELECT relkind::text || ' ' || relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'migrations%' AND relname NOT LIKE 'PK\\_%'
          UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`);
        return rows.map(({ name }) => name);
      };
      const before = await tables();
      expect(before).toContain('r tasks');
      for (let left = source.migrations.length; left > 0; left--) await source.undoLastMigration();
      expect(await tables()).toEqual([]);
      await source.runMigrations();
      expect(await tables()).toEqual(before);
    } finally {
      await source.destroy();
      await other.drop();
    }
  });
});

describe('publications', () => {
  it('are taken over as they were: what is published, and what is on its way with its session', async () => {
    const other = await createTestDatabase();
    const source = await new DataSource(dataSourceOptions(other.url)).initialize();
    try {
      const publications = source.migrations.findIndex((migration) => migration.constructor.name.startsWith('Publications'));
      const undo = async () => {
        for (let left = source.migrations.length; left > publications; left--) await source.undoLastMigration();
      };
      await undo();
      const youtube = { category_id: '28', privacy: 'public', made_for_kids: false, synthetic_media: true };
      await source.query(`INSERT INTO channels (key, settings) VALUES ('one', $1)`, [JSON.stringify({ language: 'en', youtube })]);
      const add = async (title: string, status: string, publication: string, job: string | null, result: object | null) => {
        const [task] = await source.query<{ id: string }[]>(
          `INSERT INTO tasks (channel_id, title, status, step, step_opened) SELECT id, $1, $2, 'publication', true FROM channels RETURNING id`,
          [title, status],
        );
        const artifact = `INSERT INTO artifacts (channel_id, task_id, step, kind, position, input, state, path, checksum, bytes, provider_job_id, result)
          SELECT id, $1, $2, $3, 0, $4, $5, 'p', $6, 7, $7, $8 FROM channels`;
        await source.query(artifact, [task?.id, 'cut', 'cut', '{}', 'ready', 'sum', null, '{}']);
        const input = JSON.stringify({ title, description: 'd', tags: ['t'] });
        await source.query(artifact, [
          task?.id,
          'publication',
          'publication',
          input,
          publication,
          'other',
          job,
          result && JSON.stringify(result),
        ]);
      };
      await add('there', 'published', 'ready', 'v1.a.b.c', { video_id: 'abc', url: 'u', privacy: 'public' });
      await add('on its way', 'uploading', 'due', 'v1.d.e.f', null);
      await add('not begun', 'uploading', 'due', null, null);
      await source.runMigrations();
      const taken = await source.query<object[]>(
        `SELECT title, state, publications.checksum, video_id, session_encrypted AS session, metadata ->> 'language' AS language, privacy
         FROM publications JOIN tasks ON tasks.id = task_id ORDER BY title`,
      );
      const common = { checksum: 'sum', language: 'en', privacy: 'public' };
      expect(taken).toEqual([
        { title: 'on its way', state: 'sending', video_id: null, session: 'v1.d.e.f', ...common },
        { title: 'there', state: 'released', video_id: 'abc', session: 'v1.a.b.c', ...common },
      ]);
      await undo();
    } finally {
      await source.destroy();
      await other.drop();
    }
  });
});

describe('captions and thumbnails', () => {
  it('are made for what waits for its final review when they come, and go without taking it along', async () => {
    const other = await createTestDatabase();
    const source = await new DataSource(dataSourceOptions(other.url)).initialize();
    try {
      const last = () => source.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1');
      const undo = async () => {
        for (let undone = ''; !undone.startsWith('Dressing');) {
          undone = (await last())[0]?.name ?? 'Dressing';
          await source.undoLastMigration();
        }
      };
      await undo();
      await source.query(`INSERT INTO channels (key, settings) VALUES ('one', '{}')`);
      for (const [title, status, step] of [
        ['waits', 'final_review', 'cut'],
        ['works', 'generating_audio', 'narrations'],
      ])
        await source.query(`INSERT INTO tasks (channel_id, title, status, step, step_opened) SELECT id, $1, $2, $3, true FROM channels`, [
          title,
          status,
          step,
        ]);
      const tasks = () => source.query<object[]>('SELECT title, status, step, step_opened AS opened FROM tasks ORDER BY title');
      await source.runMigrations();
      const works = { title: 'works', status: 'generating_audio', step: 'narrations', opened: true };
      expect(await tasks()).toEqual([{ title: 'waits', status: 'assembling', step: 'captions', opened: false }, works]);
      await undo();
      expect(await tasks()).toEqual([{ title: 'waits', status: 'assembling', step: 'cut', opened: false }, works]);
    } finally {
      await source.destroy();
      await other.drop();
    }
  });

  it('leave the choice of a thumbnail to whoever there is one for', async () => {
    const channelId = (await database.channels.findByName('one'))?.id ?? '';
    const text = { title: 'x', topic: '', storyDirection: '', ownScript: '', notionPageId: null, requestId: null };
    const task = await database.tasks.add({ ...text, channelId, priority: 'low', status: 'draft' });
    const choose = (thumbnail: number | null) => database.tasks.edit(task?.id ?? '', { thumbnail });
    for (const thumbnail of [1, THUMBNAIL_CANDIDATES, null]) await choose(thumbnail);
    for (const thumbnail of [0, THUMBNAIL_CANDIDATES + 1]) await expect(choose(thumbnail)).rejects.toThrow(/ck_tasks_thumbnail/);
  });
});

describe('the outbox', () => {
  it('holds a job once, until its time has come', async () => {
    const job = { queue: 'asset', name: 'open', payload: {}, priority: 1 };
    await database.outbox.add([
      { ...job, jobId: 'now' },
      { ...job, jobId: 'now' },
      { ...job, jobId: 'later', notBefore: new Date(Date.now() + 60_000) },
    ]);
    const due = await database.outbox.due(10);
    expect(due.map(({ jobId }) => jobId)).toEqual(['now']);
    await database.outbox.remove(due);
    expect(await database.outbox.due(10)).toEqual([]);
  });
});

describe('stored secrets', () => {
  it('come back only with the same key, for the same owner, unchanged', () => {
    const cipher = new TokenCipher(randomBytes(32));
    const stored = cipher.encrypt('refresh-token', 'channel-1');
    expect(stored).not.toContain('refresh-token');
    expect(stored).not.toBe(cipher.encrypt('refresh-token', 'channel-1'));
    expect(cipher.decrypt(stored, 'channel-1')).toBe('refresh-token');
    expect(() => cipher.decrypt(stored, 'channel-2')).toThrow();
    expect(() => new TokenCipher(randomBytes(32)).decrypt(stored, 'channel-1')).toThrow();
    const [version, nonce, tag, text = ''] = stored.split('.');
    const changed = [version, nonce, tag, (text.startsWith('A') ? 'B' : 'A') + text.slice(1)].join('.');
    expect(() => cipher.decrypt(changed, 'channel-1')).toThrow();
    expect(() => cipher.decrypt('plain text', 'channel-1')).toThrow(/form/);
  });

  it('lets one key take over from another: all that are set read, the first one writes', () => {
    const [before, after] = [randomBytes(32), randomBytes(32)];
    const stored = new TokenCipher(before).encrypt('refresh-token', 'channel-1');
    const both = new TokenCipher(after, before);
    expect(both.decrypt(stored, 'channel-1')).toBe('refresh-token');
    expect([both.isCurrent(stored), both.isCurrent(both.encrypt('x', 'y'))]).toEqual([false, true]);
    expect(() => new TokenCipher(after).decrypt(stored, 'channel-1')).toThrow(/key [0-9a-f]{8}, which is not among those that are set/);
    // As the first release has written it.
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', before, nonce).setAAD(Buffer.from('channel-1'));
    const text = Buffer.concat([cipher.update('old-token'), cipher.final()]);
    const v1 = ['v1', ...[nonce, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('.');
    expect(both.decrypt(v1, 'channel-1')).toBe('old-token');
    expect(() => new TokenCipher(after).decrypt(v1, 'channel-1')).toThrow(/None of the keys/);
  });
});
