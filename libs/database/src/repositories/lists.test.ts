import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { GATES, STATUSES, type Status } from '#pipeline';
import { createTestDatabase, reads, type TestDatabase } from '#testing';
import { DataSource, SimpleConsoleLogger } from 'typeorm';
import { dataSourceOptions } from '../data-source.js';
import { Database } from '../database.js';

jest.setTimeout(120_000);

/** As after a year: nearly everything is published. */
const VIDEOS = 20_000;
const REVIEWS = 60_000;
const ENTRIES = 150_000;

/** What TypeORM has asked since it was last emptied. */
const asked: { statement: string; parameters: unknown[] }[] = [];
class Notes extends SimpleConsoleLogger {
  override logQuery(statement: string, parameters: unknown[] = []): void {
    asked.push({ statement, parameters });
  }
}

let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;
let channelId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource({ ...dataSourceOptions(testDatabase.url), logging: ['query'], logger: new Notes() }).initialize();
  database = new Database(dataSource.manager);
  await database.channels.save(Array.from({ length: 20 }, (_, index) => ({ key: `channel_${index}`, settings: { name: '' } as never })));
  channelId = (await database.channels.findByName('channel_7'))?.id ?? '';
  const others = STATUSES.filter((status) => status !== 'published');
  await dataSource.query(
    `WITH keys AS (SELECT array_agg(id ORDER BY key) AS ids FROM channels)
     INSERT INTO tasks (channel_id, title, status, priority, created_at, updated_at)
     SELECT ids[1 + n % 20], 'Video ' || n, CASE WHEN n % 49 = 0 THEN ($1::text[])[1 + n / 49 % ${others.length}] ELSE 'published' END, n % 3,
            now() - n * interval '10 minutes', now() - n * interval '9 minutes'
     FROM keys, generate_series(1, ${VIDEOS}) AS n`,
    [others],
  );
  await dataSource.query(
    `INSERT INTO reviews (channel_id, task_id, gate, decision, reviewer, shown, created_at)
     SELECT channel_id, id, ($1::text[])[1 + n % 4], CASE WHEN n % 10 = 0 THEN 'reject' ELSE 'approve' END, 'reviewer ' || n % 30, '[]', created_at + n * interval '1 second'
     FROM tasks, generate_series(1, ${REVIEWS / VIDEOS}) AS n`,
    [GATES],
  );
  await dataSource.query(
    `INSERT INTO audit_logs (channel_id, task_id, actor, action, created_at)
     SELECT channel_id, id, 'actor ' || (n * 7 + priority) % 40, 'action ' || (n * 5 + priority) % 30, created_at + n * interval '1 second'
     FROM tasks, generate_series(1, ${Math.floor(ENTRIES / VIDEOS)}) AS n`,
  );
  await dataSource.query('ANALYZE');
});
afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});

/** How each query of a list has read its tables. */
async function readingOf(list: () => Promise<unknown>): Promise<{ statement: string; rows: number; how: string[] }[]> {
  asked.length = 0;
  await list();
  return Promise.all(
    [...asked].map(async ({ statement, parameters }) => ({ statement, ...(await reads(dataSource, null, statement, parameters)) })),
  );
}

const page = { limit: 50, offset: 0 };
const inError: Status[] = STATUSES.filter((status) => status.endsWith('_error'));

describe('a page of a list reads little of a long table', () => {
  it.each<[what: string, list: () => Promise<unknown>]>([
    ['videos, newest first', () => database.tasks.list(page)],
    ['videos of a channel', () => database.tasks.list({ ...page, channelId })],
    ['videos that wait', () => database.tasks.list({ ...page, statuses: GATES })],
    ['videos of a channel in error', () => database.tasks.list({ ...page, channelId, statuses: inError })],
    ['drafts', () => database.tasks.list({ ...page, statuses: ['draft'] })],
    ['published videos', () => database.tasks.list({ ...page, statuses: ['published'] })],
    [
      'what changed lately',
      () => database.tasks.list({ ...page, updatedAfter: anHourAgo(), sort: { by: 'updated_at', descending: true } }),
    ],
    ['the most urgent', () => database.tasks.list({ ...page, sort: { by: 'priority', descending: true } })],
    ['reviews, newest first', () => database.reviews.list(page)],
    ['reviews of a channel', () => database.reviews.list({ ...page, channelId })],
    ['reviews of a person', () => database.reviews.list({ ...page, reviewer: 'reviewer 3' })],
    ['the audit log', () => database.auditLogs.list(page)],
    ['the audit log of a channel', () => database.auditLogs.list({ ...page, channelId })],
    ['the audit log of a person', () => database.auditLogs.list({ ...page, actor: 'actor 8' })],
    ['an action in the audit log', () => database.auditLogs.list({ ...page, action: 'action 6' })],
  ])('%s', async (_what, list) => {
    const [rows] = await readingOf(list);
    expect(rows?.how).not.toContain('Seq Scan');
    expect(rows?.rows).toBeGreaterThan(0);
    expect(rows?.rows).toBeLessThan(VIDEOS / 10);
  });

  it('and so does the total of what few rows match', async () => {
    for (const list of [
      () => database.tasks.list({ ...page, limit: 1, statuses: GATES }),
      () => database.tasks.list({ ...page, limit: 1, statuses: ['draft'] }),
      () => database.tasks.list({ ...page, limit: 1, channelId }),
    ]) {
      const [, total] = await readingOf(list);
      expect(total?.statement).toMatch(/COUNT/);
      expect(total?.how).not.toContain('Seq Scan');
      expect(total?.rows).toBeLessThan(VIDEOS / 10);
    }
  });
});

const anHourAgo = () => new Date(Date.now() - 3_600_000);
