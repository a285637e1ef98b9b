import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { createTestDatabase, eventually, testRedis } from '#testing';

async function rows(url: string, query: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(query)).rows;
  } finally {
    await client.end();
  }
}

describe('createTestDatabase', () => {
  it('gives every caller all tables and no rows of others', async () => {
    const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await rows(first.url, `INSERT INTO audit_logs (action) SELECT 'x' WHERE false; CREATE TABLE mine AS SELECT 1 AS one`);
    expect(await rows(second.url, `SELECT to_regclass('tasks') IS NOT NULL AS tasks, to_regclass('mine') AS mine`)).toEqual([
      { tasks: true, mine: null },
    ]);
    await Promise.all([first.drop(), second.drop()]);
    await expect(rows(first.url, 'SELECT 1')).rejects.toThrow(/does not exist/);
  });
});

describe('testRedis', () => {
  it('never gives a prefix twice', () => {
    expect(testRedis().prefix).not.toBe(testRedis().prefix);
  });
});

describe('eventually', () => {
  it('returns what the first successful look found, whatever earlier looks did', async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      if (looks === 1) throw new Error('not there yet');
      return looks === 3 && 'found';
    };
    expect(await eventually(look, { what: 'the third look', timeoutMs: 5_000 })).toBe('found');
  });

  it('says what it waited for and how the last look went', async () => {
    await expect(eventually(() => null, { what: 'a whale', timeoutMs: 0 })).rejects.toThrow(
      'Waited 0 ms in vain for a whale; the last look gave null',
    );
    const refuse = () => Promise.reject(new Error('refused'));
    await expect(eventually(refuse, { what: 'a whale', timeoutMs: 0 })).rejects.toThrow('the last look gave an error: refused');
  });
});
