import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, reads, type TestDatabase } from '#testing';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../data-source.js';
import { Database } from '../database.js';
import { NEXT_QUEUED } from './tasks.js';

const CHANNELS = 20;
const MANY = 10_000;

let testDatabase: TestDatabase;
let dataSource: DataSource;
let database: Database;

/** As many queued as published: most of them of one channel, the rest of nineteen others; ten are in work. */
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
  database = new Database(dataSource.manager);
  await database.channels.save(
    Array.from({ length: CHANNELS }, (_, index) => ({ key: `channel_${index}`, settings: { name: `${index}` } as never })),
  );
  const add = (status: string, count: number) =>
    dataSource.query(
      `INSERT INTO tasks (channel_id, title, status, queued_at, published_at)
       SELECT channels.id, 'x', $1, now() - number * interval '1 second', CASE WHEN $1 = 'published' THEN now() - number * interval '10 minutes' END
       FROM generate_series(1, $2::int) AS number
       JOIN channels ON channels.key = 'channel_' || CASE WHEN number % 10 = 0 THEN number / 10 % ${CHANNELS} ELSE 0 END`,
      [status, count],
    );
  await add('queued', MANY);
  await add('published', MANY);
  await add('generating_video', 10);
  await dataSource.query('ANALYZE tasks, channels');
}, 60_000);
afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});

describe('with ten thousand tasks queued and as many published', () => {
  it('what is admitted next is read from indexes, no more rows of a channel than there are places', async () => {
    const places = 20 - 10;
    const { how, rows } = await reads(dataSource, 'tasks', NEXT_QUEUED, [20]);
    expect(how.length).toBeGreaterThan(0);
    expect(how.filter((scan) => !scan.startsWith('Index'))).toEqual([]);
    expect(rows).toBeLessThanOrEqual(places * CHANNELS + 10);
    // One of each channel that has none in work, though they are more than there are places.
    expect(await database.tasks.nextQueued(20)).toHaveLength(CHANNELS - 2);
  });

  it('a page of what has changed is read from an index', async () => {
    const since = `SELECT id FROM tasks WHERE (updated_at, id) > (now() - interval '1 minute', gen_random_uuid()) ORDER BY updated_at, id LIMIT 100`;
    const { how, rows } = await reads(dataSource, 'tasks', since, []);
    expect([how, rows]).toEqual([[expect.stringMatching(/^Index/)], 100]);
  });

  it('every channel is counted in one go', async () => {
    const counts = await database.census.tasksByChannel();
    const total = (of: 'queued' | 'in_work') => [...counts.values()].reduce((sum, count) => sum + count[of], 0);
    expect([counts.size, total('queued'), total('in_work')]).toEqual([CHANNELS, MANY, 10]);
  });
});
