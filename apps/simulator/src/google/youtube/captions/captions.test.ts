import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  OTHER_CHANNEL,
  refusal,
  sha256,
  startYouTube,
  titled,
  type Access,
  type ShownVideo,
  type SimulatedYouTube,
} from '../../../../../../test/youtube/simulated-youtube.js';

const TRACK = 'WEBVTT\n\n00:00.000 --> 00:02.000\nÜber Eulen\n';

let tube: SimulatedYouTube;
let access: Access;
let videoId: string;
beforeAll(async () => {
  tube = await startYouTube();
  await tube.control('PUT', '', { units_a_day: null });
  access = await tube.connect();
  videoId = await access.upload(titled('Owl', { status: { privacyStatus: 'public' } }));
});
afterAll(() => tube.close());

const insert = (snippet: object, { body = TRACK, who = access }: { body?: string | Readable; who?: Access } = {}) =>
  who.api.captions.insert(
    {
      part: ['snippet'],
      requestBody: { snippet: { videoId, language: 'en', name: '', ...snippet } },
      media: { mimeType: 'text/vtt', body },
    },
    who.options,
  );
const tracks = async () => (await tube.control<ShownVideo[]>('GET', 'videos'))[0]?.captions;

describe('captions', () => {
  it('are taken as the client of Google sends them, in one piece or as a stream', async () => {
    const { data } = await insert({});
    expect(data).toMatchObject({
      kind: 'youtube#caption',
      id: expect.any(String),
      snippet: { videoId, language: 'en', name: '', isDraft: false, trackKind: 'standard', status: 'serving' },
    });
    await insert(
      { language: 'de', name: 'Deutsch', isDraft: true },
      { body: Readable.from([TRACK.slice(0, 10), TRACK.slice(10)].map((piece) => Buffer.from(piece))) },
    );
    const { length: bytes } = Buffer.from(TRACK);
    expect(await tracks()).toEqual([
      { language: 'en', name: '', sha256: sha256(Buffer.from(TRACK)), bytes },
      { language: 'de', name: 'Deutsch', sha256: sha256(Buffer.from(TRACK)), bytes },
    ]);
    const listed = await access.api.captions.list({ part: ['id', 'snippet'], videoId }, access.options);
    expect(listed.data.items).toMatchObject([
      { id: data.id, snippet: { language: 'en' } },
      { snippet: { name: 'Deutsch', isDraft: true } },
    ]);
  });

  it('are there once for a language and a name', async () => {
    await insert({ language: 'fr' });
    expect(await refusal(insert({ language: 'fr' }))).toMatchObject({ status: 409, reason: 'captionExists', domain: 'youtube.caption' });
    await insert({ language: 'fr', name: 'other' });
    expect(await tracks()).toHaveLength(4);
  });

  it.each<[object, number, string]>([
    [{ videoId: 'unknown' }, 404, 'videoNotFound'],
    [{ language: null }, 400, 'invalidMetadata'],
    [{ name: null }, 400, 'invalidMetadata'],
    [{ name: 'n'.repeat(151) }, 400, 'invalidMetadata'],
    [{ sync: true }, 400, 'badRequest'],
  ])('are refused with %j', async (snippet, status, reason) => {
    expect(await refusal(insert({ language: 'es', ...snippet }))).toMatchObject({ status, reason });
  });

  it('need words, and a video of our own', async () => {
    expect(await refusal(insert({ language: 'es' }, { body: Readable.from([]) }))).toMatchObject({
      status: 400,
      reason: 'contentRequired',
    });
    const who = await tube.connect(OTHER_CHANNEL);
    expect(await refusal(insert({ language: 'es' }, { who }))).toMatchObject({ status: 403, reason: 'forbidden' });
    expect(await refusal(who.api.captions.list({ part: ['id'], videoId }, who.options))).toMatchObject({
      status: 403,
      reason: 'forbidden',
    });
    const resumable = access.raw('POST', 'upload/youtube/v3/captions?uploadType=resumable&part=snippet', { body: {} });
    expect(await refusal(resumable)).toMatchObject({ status: 400, reason: 'badRequest' });
  });

  it('may have 100 MB and no more', async () => {
    const megabyte = Buffer.alloc(2 ** 20, 'x');
    const track = (megabytes: number, more = 0) =>
      Readable.from([...Array.from({ length: megabytes }, () => megabyte), ...(more > 0 ? [Buffer.alloc(more)] : [])]);
    await insert({ language: 'it' }, { body: track(100) });
    expect(await tracks()).toContainEqual(expect.objectContaining({ language: 'it', bytes: 100 * 2 ** 20 }));
    expect((await refusal(insert({ language: 'pt' }, { body: track(100, 1) }))).status).toBe(413);
  }, 20_000);
});
