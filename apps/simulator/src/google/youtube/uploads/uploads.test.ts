import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CHANNEL,
  FileToUpload,
  OTHER_CHANNEL,
  UNIT,
  ask,
  put,
  reached,
  refusal,
  sha256,
  standing,
  startYouTube,
  titled,
  type Access,
  type SimulatedYouTube,
} from '../../../../../../test/youtube/simulated-youtube.js';

let tube: SimulatedYouTube;
let access: Access;
let uploads: FileToUpload;
beforeAll(async () => {
  tube = await startYouTube();
  access = await tube.connect();
  uploads = new FileToUpload(tube, access, file);
});
beforeEach(() => set({}));
afterAll(() => tube.close());

const set = (settings: object) => tube.control('PUT', '', { uploads_a_day: null, units_a_day: null, ...settings });
const file = randomBytes(4 * UNIT + 12_345);
const whole = [{ bytes: file.length, sha256: sha256(file) }];
describe('an upload session', () => {
  it('is told of in an absolute address, with no words', async () => {
    const response = await access.open();
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('location')).toMatch(
      new RegExp(`^${tube.url}/youtube/upload/youtube/v3/videos\\?uploadType=resumable&part=snippet%2Cstatus&upload_id=[\\w-]{32}$`),
    );
  });

  it('takes chunk after chunk, and answers the last one with the video, as often as it is asked', async () => {
    const { title, session } = await uploads.open();
    expect(standing(await ask(session, file.length))).toEqual(reached(0));
    const first = await put(session, file, { end: UNIT });
    expect([...standing(first), await first.text()]).toEqual([...reached(UNIT), '']);
    expect(standing(await put(session, file, { first: UNIT, end: 3 * UNIT }))).toEqual(reached(3 * UNIT));
    expect(standing(await ask(session, file.length))).toEqual(reached(3 * UNIT));
    const done = await put(session, file, { first: 3 * UNIT });
    const body = await done.text();
    expect(done.status).toBe(201);
    expect(JSON.parse(body)).toMatchObject({
      kind: 'youtube#video',
      snippet: { title, channelId: CHANNEL },
      status: { uploadStatus: 'uploaded', privacyStatus: 'private' },
    });
    const { id } = JSON.parse(body) as { id: string };
    await access.api.videos.update({ part: ['snippet'], requestBody: { id, snippet: { title, categoryId: '1' } } }, access.options);
    for (const again of [await ask(session, file.length), await put(session, file, { first: 3 * UNIT })])
      expect([again.status, await again.text()]).toEqual([201, body]);
    expect(await uploads.shown(title)).toMatchObject([{ id, bytes: file.length, sha256: sha256(file), sessions: 1 }]);
  });

  it('can say 200 in the end', async () => {
    await set({ completion_status: 200 });
    const { session } = await uploads.open();
    expect([(await put(session, file)).status, (await ask(session, file.length)).status]).toEqual([200, 200]);
  });

  it('takes a whole file without a Content-Range, of a length that nobody announced', async () => {
    const title = uploads.newTitle();
    const opened = await access.raw('POST', 'upload/youtube/v3/videos?uploadType=resumable&part=snippet&part=status', {
      body: titled(title),
    });
    const done = await fetch(opened.headers.get('location') ?? '', { method: 'PUT', body: new Uint8Array(file) });
    expect(done.status).toBe(201);
    expect(await uploads.shown(title)).toMatchObject(whole);
  });

  it('is open to whoever has its address, unless a token that comes along is dead', async () => {
    const { session } = await uploads.open();
    expect((await ask(session, file.length)).status).toBe(308);
    expect(await refusal(ask(session, file.length, 'dead'))).toMatchObject({ status: 401, reason: 'authError' });
  });

  it.each<[string, { first?: number; end?: number; total?: number }]>([
    ['no multiple of 256 KiB', { end: UNIT + 1 }],
    ['smaller than 256 KiB', { end: 1_000 }],
    ['with a gap', { first: 2 * UNIT }],
    ['that overlaps', { first: 0, end: 2 * UNIT }],
    ['of another total', { first: UNIT, end: 2 * UNIT, total: file.length + 1 }],
  ])('refuses a chunk %s, and keeps what it had', async (_, range) => {
    const { title, session } = await uploads.open();
    await put(session, file, { end: UNIT });
    expect(await refusal(put(session, file, { first: UNIT, ...range }))).toMatchObject({ status: 400, reason: 'badRequest' });
    expect(standing(await ask(session, file.length))).toEqual(reached(UNIT));
    expect(await uploads.finish(session, title)).toMatchObject(whole);
  });

  it.each(['bytes 0-99', 'bytes 5-4/100', 'bytes 0-100/100', 'kilobytes 0-1/2'])('refuses the Content-Range %s', async (range) => {
    const { session } = await uploads.open(100);
    const sent = fetch(session, { method: 'PUT', headers: { 'content-range': range }, body: new Uint8Array(100) });
    expect(await refusal(sent)).toMatchObject({ status: 400, reason: 'badRequest' });
  });

  it('refuses a body that is not as long as its Content-Range says, and keeps nothing of it', async () => {
    const { title, session } = await uploads.open();
    const range = `bytes 0-${2 * UNIT - 1}/${file.length}`;
    for (const length of [UNIT, 3 * UNIT]) {
      const body = new Uint8Array(file.subarray(0, length));
      expect((await fetch(session, { method: 'PUT', headers: { 'content-range': range }, body })).status).toBe(400);
      const stream = Readable.toWeb(Readable.from([body])) as ReadableStream;
      const streamed = await fetch(session, {
        method: 'PUT',
        headers: { 'content-range': range },
        body: stream,
        duplex: 'half',
      });
      expect(streamed.status).toBe(400);
      expect(standing(await ask(session, file.length))).toEqual(reached(0));
    }
    expect(await uploads.finish(session, title)).toMatchObject(whole);
  });

  it('is known no more after its time', async () => {
    const start = Date.now();
    const at = (seconds: number) =>
      set({ session_seconds: 3_600, clock: { now: new Date(start + seconds * 1_000).toISOString(), speed: 0 } });
    await at(0);
    const [{ session }, done] = [await uploads.open(), await uploads.open()];
    await put(done.session, file);
    await at(3_599);
    expect((await ask(session, file.length)).status).toBe(308);
    await at(3_600);
    expect(await refusal(ask(session, file.length))).toMatchObject({ status: 404, reason: 'notFound' });
    expect((await put(session, file)).status).toBe(404);
    expect((await ask(done.session, file.length)).status).toBe(404);
    expect((await ask(`${session}x`, file.length)).status).toBe(404);
  });

  it('can be forgotten on demand, of one channel or of all', async () => {
    const other = await tube.connect(OTHER_CHANNEL);
    const { session } = await uploads.open();
    const theirs = (await other.open()).headers.get('location') ?? '';
    expect(await tube.control('POST', 'sessions/expire', { channel_id: CHANNEL })).toEqual({ expired: expect.any(Number) });
    expect([(await ask(session, file.length)).status, (await ask(theirs, UNIT)).status]).toEqual([404, 308]);
    expect(await tube.control('POST', 'sessions/expire')).toEqual({ expired: 1 });
    expect((await ask(theirs, UNIT)).status).toBe(404);
    const sessions = await tube.control<{ state: string }[]>('GET', 'sessions');
    expect(new Set(sessions.map(({ state }) => state))).toEqual(new Set(['expired']));
  });
});

describe('everything in one request', () => {
  it('is what the client of Google does by itself: it is taken, and counted', async () => {
    const title = uploads.newTitle();
    await access.api.videos.insert(
      {
        part: ['snippet', 'status'],
        requestBody: titled(title),
        media: { mimeType: 'video/mp4', body: Readable.from([file.subarray(0, 70_000), file.subarray(70_000)]) },
      },
      access.options,
    );
    expect(await uploads.shown(title)).toMatchObject([{ bytes: file.length, sha256: sha256(file), sessions: 0 }]);
    expect(await tube.control('GET', 'traffic')).toMatchObject({ multipart_uploads: 1, calls: { multipart: 1 } });
    const bad = access.api.videos.insert(
      { part: ['snippet', 'status'], requestBody: titled('<'), media: { mimeType: 'video/mp4', body: 'x' } },
      access.options,
    );
    expect(await refusal(bad)).toMatchObject({ status: 400, reason: 'invalidTitle' });
  });

  it('is refused when it has no end, no file or no words', async () => {
    const send = (body: string, type = 'multipart/related; boundary=b') =>
      access.raw('POST', 'upload/youtube/v3/videos?uploadType=multipart&part=snippet,status', { body, headers: { 'content-type': type } });
    const json = `--b\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(titled('Owl'))}\r\n--b\r\n`;
    expect((await send(`${json}content-type: video/mp4\r\n\r\nbytes`)).status).toBe(400);
    expect(await refusal(send(`${json}content-type: video/mp4\r\n\r\n\r\n--b--`))).toMatchObject({ reason: 'mediaBodyRequired' });
    expect(await refusal(send(`--b\r\n\r\n{\r\n--b\r\n\r\nbytes\r\n--b--`))).toMatchObject({ status: 400, reason: 'parseError' });
    expect((await send(`${json}\r\n`)).status).toBe(400);
    expect((await send('bytes', 'video/mp4')).status).toBe(400);
    expect((await send(`${json}content-type: video/mp4\r\n\r\nbytes\r\n--b--\r\n`)).status).toBe(200);
    const other = access.raw('POST', 'upload/youtube/v3/videos?uploadType=media&part=snippet', { body: {} });
    expect(await refusal(other)).toMatchObject({ status: 400, reason: 'badRequest' });
  });
});
