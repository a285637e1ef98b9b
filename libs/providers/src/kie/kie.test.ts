import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Failure, type FailureKind } from '#pipeline';
import { kieFailure } from './failure.js';
import { KieClips } from './clips.js';
import { KieHost } from './host.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let server: Server;
let base: string;
let kie: KieClips;
let host: KieHost;
/** What the server answers, one after another; the last goes on. */
let answers: Answer[];
let asked: { path: string; headers: IncomingMessage['headers']; body: string }[];
const idle = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kie-'));
  [answers, asked] = [[], []];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      (answers.length > 1 ? answers.shift() : answers[0])?.(request, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  kie = new KieClips({ baseUrl: base, apiKey: 'secret-key' });
  host = new KieHost({ baseUrl: base, apiKey: 'secret-key' });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const json =
  (body: unknown, status = 200): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const ok = (data: unknown) => json({ code: 200, msg: 'success', data });
const refused = (code: number, status = 200) => json({ code, msg: 'no', data: null }, status);
const page = (status: number) => (_: IncomingMessage, response: ServerResponse) => response.writeHead(status).end('<html>no</html>');
const cut: Answer = (request) => request.socket.destroy();
const cutInTheMiddle: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': 1_000 });
  response.write('{"code":200,', () => response.destroy());
};

const job = { model: 'kling/v2-5-turbo-image-to-video-pro', imageUrl: 'https://x/y.png', motion: 'slow pan', seconds: 5 } as const;
const submit = () => kie.submitClip(job);
const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  const outcome = await promise.catch((error: unknown) => error);
  if (!(outcome instanceof Failure)) throw new Error(`Expected a Failure, got ${JSON.stringify(outcome)}`);
  return outcome;
};

describe('what a code of KIE means', () => {
  it.each<[code: number, kind: FailureKind]>([
    [400, 'permanent'],
    [401, 'permanent'],
    [402, 'permanent'],
    [404, 'permanent'],
    [422, 'permanent'],
    [429, 'transient'],
    [433, 'permanent'],
    [455, 'transient'],
    [500, 'transient'],
    [501, 'permanent'],
    [505, 'permanent'],
    [503, 'transient'],
  ])('%d is %s', (code, kind) => {
    expect(kieFailure(code, 'words')).toMatchObject({ kind, code: `KIE_${code}` });
  });

  it('429 waits for the next window', () => {
    expect(kieFailure(429, 'too fast').retryAfterMs).toBe(10_000);
  });
});

describe('a submission', () => {
  it.each([
    ['kling/v2-5-turbo-image-to-video-pro', { prompt: 'slow pan', duration: '5', image_url: 'https://x/y.png' }],
    ['kling-2.6/image-to-video', { prompt: 'slow pan', duration: '5', image_urls: ['https://x/y.png'], sound: false }],
  ])('speaks the language of %s', async (model, input) => {
    answers = [ok({ taskId: 'job-1' })];
    expect(await kie.submitClip({ ...job, model })).toBe('job-1');
    expect(asked.map(({ path, body }) => [path, JSON.parse(body) as unknown])).toEqual([['/api/v1/jobs/createTask', { model, input }]]);
    expect(asked[0]?.headers).toMatchObject({
      authorization: 'Bearer secret-key',
      'user-agent': expect.stringContaining('Mozilla') as unknown,
    });
  });

  it.each<[what: string, answer: Answer]>([
    ['the line is cut before the answer', cut],
    ['the line is cut in the middle of the answer', cutInTheMiddle],
    ['a proxy gives up waiting', page(504)],
    ['a proxy lost the server', page(502)],
    ['the answer is no JSON', page(200)],
    ['the answer has no data', ok(null)],
    ['the answer has no job id', ok({})],
  ])('is unknown when %s, sent once, and left to a person', async (_what, answer) => {
    answers = [answer];
    const failure = await failureOf(submit());
    expect(failure).toMatchObject({ code: 'KIE_SUBMIT_UNKNOWN', kind: 'permanent', billed: 'unknown' });
    expect(asked).toHaveLength(1);
    expect(JSON.stringify(failure)).not.toContain('secret-key');
  });

  it.each<[what: string, answer: Answer, kind: FailureKind, code: string]>([
    ['no credits', refused(402), 'permanent', 'KIE_402'],
    ['no credits, as a status', refused(402, 402), 'permanent', 'KIE_402'],
    ['too many', refused(429, 429), 'transient', 'KIE_429'],
    ['a fault that KIE itself reports', refused(500), 'transient', 'KIE_500'],
    ['a turned-off origin', page(521), 'transient', 'KIE_521'],
    ['overload', page(503), 'transient', 'KIE_503'],
    ['a blocked network', page(403), 'permanent', 'KIE_403'],
  ])('that KIE did not take for %s was not billed and is no riddle', async (_what, answer, kind, code) => {
    answers = [answer];
    expect(await failureOf(submit())).toMatchObject({ kind, code, billed: 'no' });
  });

  it('that never left this machine is tried again', async () => {
    server.close();
    server.closeAllConnections();
    expect(await failureOf(submit())).toMatchObject({ kind: 'transient', code: 'KIE_NOT_REACHED' });
  });

  it('names the address that KIE tells when the job is over', async () => {
    answers = [ok({ taskId: 'job-1' })];
    await kie.submitClip({ ...job, callbackUrl: 'https://videos.example.com/webhook/kie/1' });
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({ callBackUrl: 'https://videos.example.com/webhook/kie/1' });
  });
});

describe('waiting for a job', () => {
  const wait = (signal = idle) =>
    kie.waitForClip('job/1', { signal, turn: () => Promise.resolve(), pause: (ms) => sleep(ms, undefined, { signal }) });
  const state = (name: string, more: object = {}) => ok({ taskId: 'job/1', state: name, resultJson: '', failCode: null, ...more });
  const success = state('success', { resultJson: JSON.stringify({ resultUrls: ['https://x/clip.mp4'] }) });

  it('goes on over faults of the line and of KIE until the clip is there', async () => {
    answers = [state('waiting'), cut, refused(500), success];
    expect(await wait()).toBe('https://x/clip.mp4');
    expect(asked.map(({ path }) => path)).toEqual(Array(4).fill('/api/v1/jobs/recordInfo?taskId=job%2F1'));
  }, 20_000);

  it('gives up, for now, when KIE stays away', async () => {
    answers = [refused(500)];
    expect(await failureOf(wait())).toMatchObject({ kind: 'transient', code: 'KIE_500' });
    expect(asked).toHaveLength(5);
  }, 20_000);

  it.each([
    ['422', 'the picture shows a person'],
    ['500', 'internal'],
    [null, ''],
  ])('ends with a job that failed with %s, which another look cannot change', async (failCode, failMsg) => {
    answers = [state('fail', { failCode, failMsg })];
    const failure = await failureOf(wait());
    expect(failure).toMatchObject({ kind: 'permanent', code: 'KIE_JOB_FAILED' });
    expect(failure.userMessage).toContain(failMsg || 'no reason given');
  });

  it('stops at once when it is told to', async () => {
    answers = [state('generating')];
    const stopping = new AbortController();
    const outcome = failureOf(wait(stopping.signal));
    stopping.abort();
    expect(await outcome).toMatchObject({ kind: 'transient', code: 'STOPPED' });
  });
});

describe('a download', () => {
  const clip = Buffer.alloc(300_000, 'clip');
  const whole: Answer = (_request, response) => response.writeHead(200, { 'content-length': clip.length }).end(clip);
  const at = (name: string) => join(folder, name);

  it('brings every byte, without showing the key to the host of the files', async () => {
    answers = [whole];
    await kie.download(`${base}/clip.mp4`, at('clip.mp4'), idle);
    expect((await readFile(at('clip.mp4'))).equals(clip)).toBe(true);
    expect(asked[0]?.headers.authorization).toBeUndefined();
  });

  it('asks for a new link when the old one is dead', async () => {
    answers = [page(403), ok(`${base}/again.mp4`), whole];
    await kie.download(`${base}/clip.mp4`, at('clip.mp4'), idle);
    expect((await readFile(at('clip.mp4'))).equals(clip)).toBe(true);
    expect(asked.map(({ path }) => path)).toEqual(['/clip.mp4', '/api/v1/common/download-url', '/again.mp4']);
    expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ url: `${base}/clip.mp4` });
  });

  const breaksOff: Answer = (_request, response) => {
    response.writeHead(200, { 'content-length': clip.length });
    response.write(clip.subarray(0, 1_000), () => response.destroy());
  };

  it('that breaks off is begun anew, and brings every byte', async () => {
    answers = [breaksOff, page(503), whole];
    await kie.download(`${base}/clip.mp4`, at('clip.mp4'), idle);
    expect((await readFile(at('clip.mp4'))).equals(clip)).toBe(true);
    expect(asked).toHaveLength(3);
  }, 20_000);

  it('that breaks off again and again is left to the queue', async () => {
    answers = [breaksOff];
    const failure = await failureOf(kie.download(`${base}/clip.mp4`, at('clip.mp4'), idle));
    expect(failure).toMatchObject({ kind: 'transient', code: 'KIE_DOWNLOAD_CUT' });
    expect(asked).toHaveLength(4);
  }, 20_000);

  it('of a file that is there no more says so', async () => {
    answers = [page(404), refused(422)];
    expect(await failureOf(kie.download(`${base}/clip.mp4`, at('clip.mp4'), idle))).toMatchObject({ kind: 'permanent', code: 'KIE_422' });
  });
});

describe('hosting a picture', () => {
  it.each([
    ['downloadUrl', { downloadUrl: 'https://x/a.png', fileUrl: 'https://x/b.png' }, 'https://x/a.png'],
    ['fileUrl', { fileUrl: 'https://x/b.png' }, 'https://x/b.png'],
  ])('finds its address in %s, and never uses a name twice', async (_field, data, url) => {
    await writeFile(join(folder, 'scene.png'), 'the picture');
    answers = [ok(data)];
    expect([await host.hostImage(join(folder, 'scene.png'), idle), await host.hostImage(join(folder, 'scene.png'), idle)]).toEqual([
      url,
      url,
    ]);
    const names = asked.map(({ body }) => /filename="([^"]+\.png)"/.exec(body)?.[1]);
    expect(new Set(names).size).toBe(2);
    expect(asked[0]?.body).toContain('the picture');
  });
});
