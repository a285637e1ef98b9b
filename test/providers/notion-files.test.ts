import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { SIMULATOR_PATHS } from '#config';
import { ROW_PROPERTIES } from '#pipeline';
import { uploadFile, type FileToUpload } from '#providers/notion';
import { SIMULATED_KEY } from '#providers/registry';
import { eventually } from '#testing';
import { Client, LogLevel } from '@notionhq/client';
import { call } from '../../apps/local/src/gateway-client.js';
import { startSimulator } from '../../apps/simulator/src/main.js';

jest.setTimeout(60_000);
const MIB = 1_024 ** 2;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let notion: Client;
let folder: string;
let turns: number;
const turn = () => {
  turns += 1;
  return Promise.resolve();
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notion-files-'));
  simulator = await startSimulator({ port: 0 });
  notion = new Client({
    auth: SIMULATED_KEY,
    baseUrl: simulator.url + SIMULATOR_PATHS.notion,
    notionVersion: '2026-03-11',
    retry: false,
    logLevel: LogLevel.ERROR,
  });
});
afterAll(async () => {
  await simulator.app.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  turns = 0;
  await set({});
});

/** How the workspace is; what is left out is as usual. */
const set = (settings: object) => call('PUT', `${simulator.url}/simulator/notion`, settings);
const traffic = () => call<{ requests: number }>('GET', `${simulator.url}/simulator/notion/traffic`);
const states = async () => (await notion.fileUploads.list({})).results.map(({ status }) => status);

async function file(bytes: number): Promise<{ path: string; sha256: string }> {
  const path = join(folder, `${bytes}.mp4`);
  const content = randomBytes(bytes);
  await writeFile(path, content);
  return { path, sha256: createHash('sha256').update(content).digest('hex') };
}
const upload = (path: string, more: Partial<FileToUpload> = {}) =>
  uploadFile(notion, { path, name: 'Clips.mp4', contentType: 'video/mp4', turn, ...more });

/** What a row shows of an upload that is attached to it. */
async function attached(id: string): Promise<{ name: string; size: number; sha256: string }> {
  const row = await call<{ id: string }>('POST', `${simulator.url}/simulator/notion/rows`, { title: 'The Whale' });
  const { name } = ROW_PROPERTIES.review;
  await notion.pages.update({ page_id: row.id, properties: { [name]: { files: [{ file_upload: { id } }] } } });
  const { review } = await call<{ review: { name: string; size: number; sha256: string }[] }>(
    'GET',
    `${simulator.url}/simulator/notion/rows/${row.id}`,
  );
  return review[0] ?? { name: '', size: 0, sha256: '' };
}

it.each([
  ['small', 1_000, 2],
  // Beyond what every plan takes, the plan is asked for.
  ['of the largest single piece', 20_000_000, 3],
  ['of two parts and a little', 20 * MIB + 1, 6],
])('a file that is %s arrives byte for byte, each request in its turn', async (_what, bytes, requests) => {
  const { path, sha256 } = await file(bytes);
  const { id, expiresAt } = await upload(path);
  expect(turns).toBe(requests);
  expect((await traffic()).requests).toBe(requests);
  const leftMs = (expiresAt?.getTime() ?? 0) - Date.now();
  expect(leftMs > 3_500_000 && leftMs <= 3_600_000).toBe(true);
  expect(await attached(id)).toMatchObject({ name: 'Clips.mp4', size: bytes, sha256 });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Far more than the parts that are in memory at once (bytes). */
const LARGE = 200 * MIB;

it('a file never lies in memory as a whole', async () => {
  const path = join(folder, 'large.mp4');
  await writeFile(path, '');
  await truncate(path, LARGE);
  // The simulator keeps what it is sent, in this process; this server throws it away.
  let [sent, most] = [0, 0];
  // What is held counts, not what the collector or the system has not come by for, which on a busy machine is anything.
  const held = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      sent += chunk.length;
    });
    request.on('end', () => {
      most = Math.max(most, held());
      const status = request.url?.endsWith('/complete') ? 'uploaded' : 'pending';
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: 'upload-1', status, expiry_time: null, bot: {} }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await uploadFile(new Client({ auth: 'x', baseUrl: `http://127.0.0.1:${port}` }), {
      path,
      name: 'large.mp4',
      contentType: 'video/mp4',
      turn,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(sent).toBeGreaterThan(LARGE);
  expect(most - before).toBeLessThan(LARGE / 2);
});

it.each([
  ['the upload is made', { method: 'POST', path: '/file_uploads' }, 1_000],
  ['a single piece is sent', { method: 'POST', path: '/send' }, 1_000],
  ['a part is sent', { method: 'POST', path: '/send' }, 21 * MIB],
  ['the parts are put together', { method: 'POST', path: '/complete' }, 21 * MIB],
])('an answer that is lost when %s costs nothing but a question', async (_when, request, bytes) => {
  const { path, sha256 } = await file(bytes);
  await set({ next: [{ ...request, answer: 'saved_but_unavailable', times: 1 }] });
  const { id } = await upload(path);
  expect(await attached(id)).toMatchObject({ size: bytes, sha256 });
});

it('requests that fail in passing are sent again', async () => {
  const { path, sha256 } = await file(21 * MIB);
  const failing = ['bad_gateway', 'service_overload', 'internal_server_error'].map((answer) => ({ answer, path: '/send', times: 1 }));
  await set({ next: failing });
  expect(await attached((await upload(path)).id)).toMatchObject({ sha256 });
});

it('that there are too many requests is told at once, with how long to wait', async () => {
  const { path } = await file(1_000);
  await set({ rate: { requests: 1, window_ms: 20_000 } });
  await expect(upload(path)).rejects.toMatchObject({ kind: 'transient', rateLimited: true, retryAfterMs: expect.any(Number) as unknown });
  expect(turns).toBe(2);
});

it('a file that the plan does not take is refused before anything is sent', async () => {
  await set({ plan: 'free' });
  const fits = await file(5 * MIB);
  expect(await attached((await upload(fits.path)).id)).toMatchObject({ sha256: fits.sha256 });
  const before = await states();
  const { path } = await file(5 * MIB + 1);
  await expect(upload(path)).rejects.toMatchObject({
    code: 'NOTION_FILE_TOO_LARGE',
    kind: 'permanent',
    userMessage: expect.stringMatching(/"Clips\.mp4" has 5\.0 MiB.*up to 5\.0 MiB/) as unknown,
  });
  expect(await states()).toEqual(before);
});

it('an upload that Notion did not wait for can be made again', async () => {
  const { path, sha256 } = await file(21 * MIB);
  // An hour takes 0.3 s here.
  await set({ clock: 12_000 });
  let asked = 0;
  const slow = async () => {
    asked += 1;
    if (asked === 4) await eventually(async () => (await states())[0] === 'expired', { what: 'the upload to expire', timeoutMs: 30_000 });
  };
  await expect(upload(path, { turn: slow })).rejects.toMatchObject({ code: 'NOTION_UPLOAD_EXPIRED', kind: 'transient' });
  await set({});
  expect(await attached((await upload(path)).id)).toMatchObject({ sha256 });
});

it.each([
  ['short', 'Der Wal 鯨.mp4', 'Der Wal 鯨.mp4'],
  ['too long, which keeps its ending', `${'鯨'.repeat(400)}.mp4`, `${'鯨'.repeat(298)}.mp4`],
  ['too long and made of characters of many bytes', '👩‍👩‍👧‍👦'.repeat(60), '👩‍👩‍👧‍👦'.repeat(36)],
  ['too long with a dot far from its end', `a.${'b'.repeat(1_000)}`, `a.${'b'.repeat(898)}`],
])('a name that is %s is one that Notion takes', async (_what, name, shown) => {
  const { path } = await file(100);
  expect((await attached((await upload(path, { name })).id)).name).toBe(shown);
});

it('no further request is sent once it is told to stop', async () => {
  const { path } = await file(21 * MIB);
  const stop = new AbortController();
  const stopping = () => {
    turns += 1;
    if (turns === 3) stop.abort();
    return Promise.resolve();
  };
  await expect(upload(path, { turn: stopping, signal: stop.signal })).rejects.toMatchObject({ code: 'STOPPED', kind: 'transient' });
  expect((await traffic()).requests).toBe(2);
});

it('a file that is gone is no case for trying again', async () => {
  await expect(upload(join(folder, 'gone.mp4'))).rejects.toMatchObject({ code: 'NOTION_FILE_MISSING', kind: 'permanent' });
});
