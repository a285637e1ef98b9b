import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CHANNEL,
  OTHER_CHANNEL,
  refusal,
  startYouTube,
  titled,
  type Access,
  type SimulatedYouTube,
} from '../../../../../test/youtube/simulated-youtube.js';

let tube: SimulatedYouTube;
let access: Access;
beforeEach(async () => {
  tube = await startYouTube();
  await at('2026-11-20T20:00:00Z');
  access = await tube.connect();
});
afterEach(() => tube.close());

/** Stops the time, without letting the token end that the test goes on with. */
const at = (now: string, settings: object = {}) =>
  tube.control('PUT', '', { token_seconds: 400 * 86_400, ...settings, clock: { now, speed: 0 } });
const usage = () => tube.control<{ day: string; uploads: number; units: number; refused: number }[]>('GET', 'quota');
const today = async () => {
  const [day] = (await usage()).slice(-1);
  return [day?.uploads, day?.units];
};
const list = () => access.api.videos.list({ part: ['id'], id: ['unknown'] }, access.options);

describe('what calls cost', () => {
  it('is an upload of its own bucket, and units for all others', async () => {
    const id = await access.upload();
    expect(await today()).toEqual([1, 0]);
    const { api, options } = access;
    const playlistId = `PL${CHANNEL.slice(2)}`;
    const png = Buffer.from('89504e470d0a1a0a', 'hex');
    const snippet = { title: 'Owl', categoryId: '28' };
    const item = { playlistId, resourceId: { kind: 'youtube#video', videoId: id } };
    const track = { videoId: id, language: 'en', name: '' };
    const costs: [string, number, () => Promise<unknown>][] = [
      ['videos.list', 1, () => api.videos.list({ part: ['id'], id: [id] }, options)],
      ['channels.list', 1, () => api.channels.list({ part: ['id'], mine: true }, options)],
      ['playlists.list', 1, () => api.playlists.list({ part: ['id'], mine: true }, options)],
      ['playlistItems.list', 1, () => api.playlistItems.list({ part: ['id'], playlistId }, options)],
      ['playlists.insert', 50, () => api.playlists.insert({ part: ['snippet'], requestBody: { snippet: { title: 'Owls' } } }, options)],
      ['playlistItems.insert', 50, () => api.playlistItems.insert({ part: ['snippet'], requestBody: { snippet: item } }, options)],
      ['thumbnails.set', 50, () => api.thumbnails.set({ videoId: id, media: { mimeType: 'image/png', body: png } }, options)],
      [
        'captions.insert',
        400,
        () =>
          api.captions.insert(
            { part: ['snippet'], requestBody: { snippet: track }, media: { mimeType: 'text/vtt', body: 'WEBVTT' } },
            options,
          ),
      ],
      ['captions.list', 50, () => api.captions.list({ part: ['id'], videoId: id }, options)],
      ['videos.update', 50, () => api.videos.update({ part: ['snippet'], requestBody: { id, snippet } }, options)],
      ['videos.delete', 50, () => api.videos.delete({ id }, options)],
    ];
    for (const [name, cost, ask] of costs) {
      const [, before = 0] = await today();
      await ask();
      const [uploads, after = 0] = await today();
      expect([name, uploads, after - before]).toEqual([name, 1, cost]);
    }
    const media = { mimeType: 'video/mp4', body: 'bytes' };
    await api.videos.insert({ part: ['snippet', 'status'], requestBody: titled('Whole'), media }, options);
    expect((await today())[0]).toBe(2);
  });

  it('is the same for what is refused', async () => {
    await refusal(access.open(titled('<')));
    await refusal(access.api.videos.update({ part: ['snippet'], requestBody: { id: 'unknown', snippet: {} } }, access.options));
    await refusal(access.api.videos.list({ part: ['id'] }, access.options));
    expect(await today()).toEqual([1, 51]);
  });

  it('is nothing for a session, for tokens, and without a token', async () => {
    await access.upload();
    await tube.connect();
    await fetch(`${tube.url}/youtube/youtube/v3/videos?part=id&id=x`);
    expect(await usage()).toEqual([{ day: '2026-11-20', uploads: 1, units: 0, refused: 0 }]);
  });
});

describe('a budget that is used up', () => {
  it('of units is a 403 that names no time; uploads go on', async () => {
    await at('2026-11-20T20:00:00Z', { units_a_day: 51 });
    await list();
    const update = () => access.api.videos.update({ part: ['snippet'], requestBody: { id: 'x', snippet: {} } }, access.options);
    expect((await refusal(update())).status).toBe(404);
    expect(await refusal(list())).toMatchObject({ status: 403, reason: 'quotaExceeded', domain: 'youtube.quota' });
    expect((await access.open()).status).toBe(200);
    expect(await usage()).toEqual([{ day: '2026-11-20', uploads: 1, units: 51, refused: 1 }]);
  });

  it('is used up for a call that costs more than is left', async () => {
    await at('2026-11-20T20:00:00Z', { units_a_day: 49 });
    expect((await refusal(access.api.videos.delete({ id: 'x' }, access.options))).reason).toBe('quotaExceeded');
    expect((await list()).status).toBe(200);
  });

  it('of uploads is a 429 that only its words tell from being too fast; it is the project that has used it', async () => {
    await at('2026-11-20T20:00:00Z', { uploads_a_day: 2 });
    const other = await tube.connect(OTHER_CHANNEL);
    await other.upload();
    await access.upload();
    const response = await access.open();
    expect([response.status, await response.json()]).toEqual([
      429,
      {
        error: {
          code: 429,
          message: expect.stringMatching(/metric 'Video Uploads' and limit 'Video Uploads per day' of service 'youtube\.googleapis\.com'/),
          errors: [{ message: expect.any(String), domain: 'global', reason: 'rateLimitExceeded' }],
          status: 'RESOURCE_EXHAUSTED',
          details: [expect.objectContaining({ reason: 'RATE_LIMIT_EXCEEDED' })],
        },
      },
    ]);
    expect((await list()).status).toBe(200);
  });

  it('is 100 uploads and 10,000 units when nobody says', async () => {
    for (let index = 0; index < 100; index++) expect((await access.open()).status).toBe(200);
    expect((await access.open()).status).toBe(429);
    for (let index = 0; index < 200; index++) await access.raw('DELETE', 'youtube/v3/videos?id=x');
    expect((await refusal(list())).reason).toBe('quotaExceeded');
    await at('2026-11-20T20:00:00Z', { uploads_a_day: null, units_a_day: null });
    expect([(await access.open()).status, (await list()).status]).toEqual([200, 200]);
  });

  it('of a channel is a 400, for 24 hours, and the others go on', async () => {
    const settings = { channel_uploads_a_day: 2 };
    await at('2026-11-20T20:00:00Z', settings);
    const other = await tube.connect(OTHER_CHANNEL);
    await access.upload();
    await at('2026-11-20T22:00:00Z', settings);
    await access.upload();
    expect(await refusal(access.open())).toMatchObject({ status: 400, reason: 'uploadLimitExceeded', domain: 'youtube.video' });
    expect((await other.open()).status).toBe(200);
    await at('2026-11-21T19:59:59Z', settings);
    expect((await access.open()).status).toBe(400);
    await at('2026-11-21T20:00:00Z', settings);
    expect((await access.open()).status).toBe(200);
  });
});

describe('a day', () => {
  it.each([
    ['of summer time', '2026-07-01', '2026-07-01T07:00:00Z', '2026-07-02T07:00:00Z'],
    ['of winter time', '2026-12-01', '2026-12-01T08:00:00Z', '2026-12-02T08:00:00Z'],
    ['of 25 hours', '2026-11-01', '2026-11-01T07:00:00Z', '2026-11-02T08:00:00Z'],
    ['of 23 hours', '2027-03-14', '2027-03-14T08:00:00Z', '2027-03-15T07:00:00Z'],
  ])('%s lasts from midnight to midnight in California', async (_, day, begin, end) => {
    const settings = { units_a_day: 1 };
    const before = (moment: string) => new Date(Date.parse(moment) - 1).toISOString();
    await at('2026-06-01T00:00:00Z', settings);
    access = await tube.connect();
    const statuses = [];
    for (const moment of [before(begin), begin, before(end), end]) {
      await at(moment, settings);
      statuses.push(
        await list().then(
          () => 200,
          (error: unknown) => (error as { status: number }).status,
        ),
      );
    }
    expect(statuses).toEqual([200, 200, 403, 200]);
    expect((await usage()).find((one) => one.day === day)).toEqual({ day, uploads: 0, units: 1, refused: 1 });
  });

  it('passes on a clock that runs faster', async () => {
    await tube.control('PUT', '', { token_seconds: 400 * 86_400, units_a_day: 1, clock: { now: '2026-11-21T07:59:00Z', speed: 100 } });
    await list();
    expect((await refusal(list())).status).toBe(403);
    await new Promise((resolve) => setTimeout(resolve, 650));
    expect((await list()).status).toBe(200);
    expect((await usage()).map(({ day }) => day)).toEqual(['2026-11-20', '2026-11-21']);
  });
});
