import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
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

const JPEG = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(1_000, 7)]);
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(1_000, 7)]);

let tube: SimulatedYouTube;
let access: Access;
let videoId: string;
beforeAll(async () => {
  tube = await startYouTube();
  access = await tube.connect();
  videoId = await access.upload(titled('Owl', { status: { privacyStatus: 'public' } }));
});
beforeEach(() => tube.control('PUT', '', { units_a_day: null }));
afterAll(() => tube.close());

const set = (body: Buffer, mimeType = 'image/jpeg', { id = videoId, who = access } = {}) =>
  who.api.thumbnails.set({ videoId: id, media: { mimeType, body } }, who.options);
const thumbnail = async () => (await tube.control<ShownVideo[]>('GET', 'videos'))[0]?.thumbnail;

describe('thumbnails.set', () => {
  it.each([
    ['a JPEG', JPEG, 'image/jpeg', 'image/jpeg'],
    ['a PNG', PNG, 'image/png', 'image/png'],
    ['a PNG that is called a stream of bytes', PNG, 'application/octet-stream', 'image/png'],
    ['a JPEG that is called a PNG', JPEG, 'image/png', 'image/jpeg'],
  ])('takes %s', async (_, bytes, called, contentType) => {
    const { data } = await set(bytes, called);
    expect(data).toMatchObject({
      kind: 'youtube#thumbnailSetResponse',
      items: [{ default: { url: expect.stringContaining(videoId), width: 120 } }],
    });
    expect(await thumbnail()).toEqual({ bytes: bytes.length, sha256: sha256(bytes), content_type: contentType });
  });

  it('refuses what is no picture, whatever it is called, and leaves the thumbnail that there is', async () => {
    await set(PNG);
    const before = await thumbnail();
    expect(await refusal(set(Buffer.from('GIF89a, which is not taken')))).toMatchObject({ status: 400, reason: 'invalidImage' });
    expect(await refusal(set(PNG, 'text/plain'))).toMatchObject({ status: 400, reason: 'badContent' });
    const empty = access.raw('POST', `upload/youtube/v3/thumbnails/set?uploadType=media&videoId=${videoId}`, {
      headers: { 'content-type': 'image/png' },
    });
    expect(await refusal(empty)).toMatchObject({ status: 400, reason: 'mediaBodyRequired' });
    expect(await thumbnail()).toEqual(before);
  });

  it('takes 50 MB and no more', async () => {
    const most = Buffer.concat([PNG, Buffer.alloc(50 * 2 ** 20 - PNG.length)]);
    await set(most);
    expect(await thumbnail()).toMatchObject({ bytes: 50 * 2 ** 20 });
    expect(await refusal(set(Buffer.concat([most, Buffer.alloc(1)])))).toMatchObject({ status: 413, reason: 'uploadTooLarge' });
  }, 20_000);

  it('is not for every channel, nor for videos of another', async () => {
    await tube.control('PUT', '', { thumbnails_allowed: false });
    expect(await refusal(set(PNG))).toMatchObject({
      status: 403,
      reason: 'forbidden',
      message: expect.stringContaining('custom video thumbnails'),
    });
    await tube.control('PUT', '', {});
    expect(await refusal(set(PNG, 'image/png', { id: 'unknown' }))).toMatchObject({ status: 404, reason: 'videoNotFound' });
    const who = await tube.connect(OTHER_CHANNEL);
    expect(await refusal(set(PNG, 'image/png', { who }))).toMatchObject({ status: 403, reason: 'forbidden' });
    expect(await refusal(access.raw('POST', 'upload/youtube/v3/thumbnails/set?uploadType=media'))).toMatchObject({
      status: 400,
      reason: 'missingRequiredParameter',
    });
  });

  it('of a Short waits until it is processed', async () => {
    const now = Date.now();
    const at = (seconds: number, settings: object) =>
      tube.control('PUT', '', { shorts: true, ...settings, clock: { now: new Date(now + seconds * 1_000).toISOString(), speed: 0 } });
    await at(0, { processing_seconds: 10 });
    const id = await access.upload(titled('A Short'));
    await at(9, {});
    expect(await refusal(set(PNG, 'image/png', { id }))).toMatchObject({ status: 403, reason: 'forbidden' });
    await at(9, { shorts: false });
    await set(PNG, 'image/png', { id });
    await at(10, {});
    await set(PNG, 'image/png', { id });
  });

  it('can be asked too often', async () => {
    await tube.control('PUT', '', { next: [{ on: 'thumbnail', answer: 'too_many' }] });
    expect(await refusal(set(PNG))).toMatchObject({ status: 429, reason: 'uploadRateLimitExceeded' });
  });
});
