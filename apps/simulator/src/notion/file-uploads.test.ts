import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#testing';
import { isFullPage } from '@notionhq/client';
import { startNotion, type ShownRow, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { BOT_ID } from './content/ids.js';

const MIB = 1_024 ** 2;
const PNG = 'image/png';
let workspace: SimulatedNotion;
beforeAll(async () => (workspace = await startNotion()));
afterEach(() => workspace.person('PUT', '', {}));
afterAll(() => workspace.close());

const bytesOf = (size: number) => new Uint8Array(randomBytes(size));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const send = (id: string, bytes: Uint8Array<ArrayBuffer>, part_number?: string, type = PNG) =>
  workspace.notion.fileUploads.send({
    file_upload_id: id,
    file: { filename: 'cat.png', data: new Blob([bytes], { type }) },
    ...(part_number && { part_number }),
  });
const retrieve = (id: string) => workspace.notion.fileUploads.retrieve({ file_upload_id: id });
const attach = (page: string, ...ids: string[]) =>
  workspace.notion.pages.update({ page_id: page, properties: { Review: { files: ids.map((id) => ({ file_upload: { id } })) } } });
const addRow = async () => (await workspace.person<ShownRow>('POST', 'rows', { title: 'Row' })).id;
const filesOf = async (page: string) => (await workspace.person<ShownRow>('GET', `rows/${page}`)).review;
async function uploaded(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { id } = await workspace.notion.fileUploads.create({ filename: 'cat.png', content_type: PNG });
  await send(id, bytes);
  return id;
}
async function urlOf(page: string): Promise<string> {
  const read = await workspace.notion.pages.retrieve({ page_id: page });
  const review = isFullPage(read) ? read.properties.Review : undefined;
  const [file] = review?.type === 'files' ? review.files : [];
  return file && 'file' in file ? file.file.url : '';
}
const invalid = { status: 400, code: 'validation_error' };

describe('a file in one piece', () => {
  it('is announced, sent and attached; then it stays, and its bytes can be read', async () => {
    const bytes = bytesOf(300_000);
    const created = await workspace.notion.fileUploads.create({ mode: 'single_part', filename: 'cat.png', content_type: PNG });
    expect(created).toMatchObject({
      object: 'file_upload',
      status: 'pending',
      filename: 'cat.png',
      content_type: PNG,
      content_length: null,
      created_by: { id: BOT_ID, type: 'bot' },
      upload_url: expect.stringContaining(`/file_uploads/${created.id}/send`) as unknown,
    });
    expect(Date.parse(created.expiry_time ?? '') - Date.now()).toBeGreaterThan(3_500_000);
    expect(await send(created.id, bytes)).toMatchObject({ status: 'uploaded', content_length: 300_000 });
    const [page, other] = [await addRow(), await addRow()];
    await attach(page, created.id);
    await attach(other, created.id);
    expect(await retrieve(created.id)).toMatchObject({ status: 'uploaded', expiry_time: null });
    const response = await fetch(await urlOf(page));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, PNG]);
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(bytes));
    expect(await filesOf(other)).toEqual([{ name: 'cat.png', url: expect.any(String), size: 300_000, sha256: sha256(bytes) }]);
  });

  it('cannot be attached before it was sent, sent twice, or be of another kind than was said', async () => {
    const { id } = await workspace.notion.fileUploads.create({ filename: 'cat.png', content_type: PNG });
    await expect(attach(await addRow(), id)).rejects.toMatchObject(invalid);
    await expect(send(id, bytesOf(5), undefined, 'text/plain')).rejects.toMatchObject(invalid);
    await send(id, bytesOf(5));
    await expect(send(id, bytesOf(5))).rejects.toMatchObject(invalid);
    await expect(workspace.notion.fileUploads.complete({ file_upload_id: id })).rejects.toMatchObject(invalid);
  });

  it('has at most 20 MiB, and a name of at most 900 bytes', async () => {
    const { id } = await workspace.notion.fileUploads.create({ filename: 'cat.png' });
    await expect(send(id, bytesOf(20 * MIB + 1))).rejects.toMatchObject(invalid);
    expect(await send(id, bytesOf(20 * MIB))).toMatchObject({ content_length: 20 * MIB });
    await workspace.notion.fileUploads.create({ filename: `${'ü'.repeat(448)}.png` });
    await expect(workspace.notion.fileUploads.create({ filename: `${'ü'.repeat(449)}.png` })).rejects.toMatchObject(invalid);
  }, 30_000);

  it('of a free workspace has at most 5 MiB, which its bot says', async () => {
    const me = async () => JSON.stringify(await workspace.notion.users.me({}));
    expect(await me()).toContain(`"max_file_upload_size_in_bytes":${5 * 1_024 * MIB}`);
    await workspace.person('PUT', '', { plan: 'free' });
    expect(await me()).toContain(`"max_file_upload_size_in_bytes":${5 * MIB}`);
    const { id } = await workspace.notion.fileUploads.create({ filename: 'cat.png' });
    await expect(send(id, bytesOf(5 * MIB + 1))).rejects.toMatchObject(invalid);
    await send(id, bytesOf(5 * MIB));
  });
});

describe('a file in parts', () => {
  const announce = (number_of_parts: number) =>
    workspace.notion.fileUploads.create({ mode: 'multi_part', filename: 'reel.mp4', content_type: 'video/mp4', number_of_parts });
  const part = (id: string, number: number, bytes: Uint8Array<ArrayBuffer>) => send(id, bytes, String(number), 'video/mp4');

  it('is put together in the order of the parts, in whichever they came', async () => {
    const parts = [bytesOf(5 * MIB), bytesOf(6 * MIB), bytesOf(1_000)];
    const { id, complete_url } = await announce(3);
    expect(complete_url).toContain(`/file_uploads/${id}/complete`);
    const complete = () => workspace.notion.fileUploads.complete({ file_upload_id: id });
    await part(id, 3, parts[2] ?? bytesOf(0));
    const [, sent] = await Promise.all([part(id, 2, bytesOf(5 * MIB)), part(id, 1, parts[0] ?? bytesOf(0))]);
    expect(sent).toMatchObject({ status: 'pending', number_of_parts: { total: 3 } });
    // A part that is sent again replaces what came before.
    expect(await part(id, 2, parts[1] ?? bytesOf(0))).toMatchObject({ number_of_parts: { total: 3, sent: 3 } });
    expect(await complete()).toMatchObject({ status: 'uploaded', content_length: 11 * MIB + 1_000 });
    const page = await addRow();
    await attach(page, id);
    expect((await filesOf(page))[0]?.sha256).toBe(sha256(Buffer.concat(parts)));
    await expect(complete()).rejects.toMatchObject(invalid);
  }, 30_000);

  it('is not complete before all parts are there, each but the last of 5 to 20 MiB', async () => {
    const { id } = await announce(2);
    await expect(part(id, 1, bytesOf(5 * MIB - 1))).rejects.toMatchObject(invalid);
    await part(id, 1, bytesOf(5 * MIB));
    await expect(workspace.notion.fileUploads.complete({ file_upload_id: id })).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining('1 of 2 parts') as unknown,
    });
    for (const number of [0, 3]) await expect(part(id, number, bytesOf(5))).rejects.toMatchObject(invalid);
    await expect(part(id, 2, bytesOf(20 * MIB + 1))).rejects.toMatchObject(invalid);
    await expect(announce(0)).rejects.toMatchObject(invalid);
    await expect(workspace.notion.fileUploads.create({ mode: 'multi_part', number_of_parts: 2 })).rejects.toMatchObject(invalid);
  }, 30_000);
});

describe('time', () => {
  it('lets what was never attached expire, and addresses to read a file', async () => {
    const bytes = bytesOf(1_000);
    const page = await addRow();
    await attach(page, await uploaded(bytes));
    // An hour in a second and a half.
    await workspace.person('PUT', '', { clock: 2_400 });
    const left = await uploaded(bytes);
    const url = await urlOf(page);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url.replace(/signature=../, 'signature=00'))).status).toBe(403);
    expect((await fetch(url.replace(/expires=\d+/, `expires=${Date.now() + 9_999_999}`))).status).toBe(403);
    await eventually(async () => (await retrieve(left)).status === 'expired', { what: 'the file to expire', timeoutMs: 10_000 });
    await eventually(async () => (await fetch(url)).status === 403, { what: 'the address to expire', timeoutMs: 10_000 });
    await expect(attach(page, left)).rejects.toMatchObject(invalid);
    expect((await fetch(await urlOf(page))).status).toBe(200);
    const { results } = await workspace.notion.fileUploads.list({ status: 'expired' });
    expect(results.map(({ id }) => id)).toContain(left);
  }, 30_000);
});

describe('a property of files', () => {
  it('is written in whole: what is not named again is gone', async () => {
    const page = await addRow();
    const [one, other] = [await uploaded(bytesOf(10)), await uploaded(bytesOf(20))];
    await attach(page, one, other);
    expect((await filesOf(page)).map(({ size }) => size)).toEqual([10, 20]);
    await attach(page, other);
    expect((await filesOf(page)).map(({ size }) => size)).toEqual([20]);
    // A file that Notion hosts is kept by its own address, however old.
    const kept = { type: 'file' as const, name: 'kept.png', file: { url: await urlOf(page) } };
    const files = [kept, { name: 'else', external: { url: 'https://a.example/else.png' } }];
    await workspace.notion.pages.update({ page_id: page, properties: { Review: { files } } });
    expect(await filesOf(page)).toEqual([
      { name: 'kept.png', url: expect.any(String), size: 20, sha256: expect.any(String) },
      { name: 'else', url: 'https://a.example/else.png', size: null, sha256: null },
    ]);
  });
});

describe('a file from elsewhere', () => {
  it('is fetched by Notion itself; when it cannot be, the upload has failed', async () => {
    const bytes = bytesOf(2_000);
    const host = createServer((request, response) => {
      if (request.url === '/cat.png') response.writeHead(200, { 'content-type': PNG }).end(bytes);
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => host.once('listening', resolve));
    const address = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    const fetched = async (name: string) => {
      const { id } = await workspace.notion.fileUploads.create({
        mode: 'external_url',
        external_url: `${address}/${name}`,
        filename: name,
      });
      return eventually(
        async () => {
          const upload = await retrieve(id);
          return upload.status === 'pending' ? null : upload;
        },
        { what: 'the file to be fetched', timeoutMs: 10_000 },
      );
    };
    expect(await fetched('cat.png')).toMatchObject({ status: 'uploaded', content_length: 2_000, file_import_result: { type: 'success' } });
    expect(await fetched('dog.png')).toMatchObject({
      status: 'failed',
      file_import_result: { type: 'error', error: { type: 'download_error', status_code: 404 } },
    });
    host.close();
  });
});
