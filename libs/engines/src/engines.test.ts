import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { startPostgres, startRedis, type Engine } from '#engines';

let folder: string;
const running: Engine[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engines-'));
});

afterEach(async () => {
  for (const engine of running.splice(0)) await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

async function started(engine: Promise<Engine>): Promise<Engine> {
  running.push(await engine);
  return engine;
}

/** A loopback port that is taken until the function returned with it is called. */
async function takenPort(): Promise<{ port: number; release: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, release: () => server.close() };
}

async function sql<T>(url: string, query: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(query)).rows as T[];
  } finally {
    await client.end();
  }
}

describe('startPostgres', () => {
  const dataDir = () => join(folder, 'closed/postgres');

  it('keeps its rows and its password between starts, and lets nobody in without it', async () => {
    const first = await startPostgres({ dataDir: dataDir(), durable: true });
    await sql(first.url, `CREATE TABLE whales AS SELECT 'Ü' AS name`);
    const withoutPassword = new URL(first.url);
    withoutPassword.password = 'wrong';
    await expect(sql(withoutPassword.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    await first.stop();
    await expect(sql(first.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);

    const second = await started(startPostgres({ dataDir: dataDir(), durable: false }));
    expect(await sql(second.url, 'SELECT name FROM whales')).toEqual([{ name: 'Ü' }]);
    expect((await stat(`${dataDir()}.password`)).mode & 0o077).toBe(0);
  });

  it('is stopped by closing connections, not by waiting for them', async () => {
    const postgres = await startPostgres({ dataDir: dataDir(), durable: false });
    const client = new Client({ connectionString: postgres.url });
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    await client.connect();
    await postgres.stop();
    expect(errors.map(({ message }) => message)).toContain('terminating connection due to administrator command');
  });

  it('says when the folder or the port is in use, or another version made the folder', async () => {
    const postgres = await startPostgres({ dataDir: dataDir(), durable: false });
    await expect(startPostgres({ dataDir: dataDir(), durable: false })).rejects.toMatchObject({ code: 'POSTGRES_FOLDER_IN_USE' });
    await postgres.stop();

    const { port, release } = await takenPort();
    await expect(startPostgres({ dataDir: dataDir(), port, durable: false })).rejects.toMatchObject({ code: 'POSTGRES_PORT_IN_USE' });
    release();

    expect((await readFile(join(dataDir(), 'PG_VERSION'), 'utf8')).trim()).toBe('18');
    await writeFile(join(dataDir(), 'PG_VERSION'), '17\n');
    await expect(startPostgres({ dataDir: dataDir(), durable: false })).rejects.toMatchObject({ code: 'POSTGRES_OTHER_VERSION' });
  });
});

describe('startRedis', () => {
  it('keeps durable data between starts', async () => {
    const dataDir = join(folder, 'redis');
    const first = await startRedis({ dataDir, durable: true });
    const before = new Redis(first.url);
    await before.set('whale', 'sings');
    before.disconnect();
    await first.stop();

    const second = await started(startRedis({ dataDir, durable: true }));
    const after = new Redis(second.url);
    expect(await after.get('whale')).toBe('sings');
    expect(await after.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    after.disconnect();
  });

  it('says when the port is in use', async () => {
    const { port, release } = await takenPort();
    await expect(startRedis({ dataDir: folder, port, durable: false })).rejects.toMatchObject({
      code: 'REDIS_PORT_IN_USE',
      userMessage: expect.stringContaining(String(port)),
    });
    release();
  });
});
