import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CHANNEL,
  OTHER_CHANNEL,
  UNIT,
  ask,
  put,
  refusal,
  startYouTube,
  titled,
  type Access,
  type ShownVideo,
  type SimulatedYouTube,
} from '../../../../../test/youtube/simulated-youtube.js';

let tube: SimulatedYouTube;
let access: Access;
let videoId: string;
beforeAll(async () => {
  tube = await startYouTube();
  access = await tube.connect();
  videoId = await access.upload(titled('The first'));
});
beforeEach(() => set({}));
afterAll(() => tube.close());

const set = (settings: object) => tube.control('PUT', '', { uploads_a_day: null, units_a_day: null, ...settings });
const next = (on: string, answer: string, more: object = {}) => set({ next: [{ on, answer, ...more }] });
const list = (who = access) => who.api.videos.list({ part: ['status'], id: [videoId] }, who.options);
const video = async () => (await tube.control<ShownVideo[]>('GET', 'videos')).find(({ id }) => id === videoId);
const open = async (bytes = UNIT) => (await access.open(titled('Owl'), { bytes })).headers.get('location') ?? '';
const file = Buffer.alloc(UNIT, 'x');

describe('an answer that was ordered', () => {
  it.each<[string, number, string, string]>([
    ['internal_error', 500, 'backendError', 'global'],
    ['bad_gateway', 502, 'backendError', 'global'],
    ['unavailable', 503, 'backendError', 'global'],
    ['gateway_timeout', 504, 'backendError', 'global'],
    ['unauthorized', 401, 'authError', 'global'],
    ['forbidden', 403, 'forbidden', 'global'],
    ['quota_exceeded', 403, 'quotaExceeded', 'youtube.quota'],
    ['too_many', 429, 'rateLimitExceeded', 'global'],
    ['rate_limited', 403, 'userRateLimitExceeded', 'usageLimits'],
  ])('%s comes once, instead of the right one, and costs nothing', async (answer, status, reason, domain) => {
    const before = await tube.control('GET', 'quota');
    await next('list', answer);
    expect(await refusal(list())).toMatchObject({ status, reason, domain });
    expect(await tube.control('GET', 'quota')).toEqual(before);
    expect((await list()).data.items).toHaveLength(1);
  });

  it.each<[string, number, string, RegExp]>([
    ['uploads_exhausted', 429, 'rateLimitExceeded', /Video Uploads per day/],
    ['upload_limit', 400, 'uploadLimitExceeded', /exceeded the number of videos/],
  ])('%s comes when an upload begins', async (answer, status, reason, message) => {
    await next('open', answer);
    expect(await refusal(access.open())).toMatchObject({ status, reason, message: expect.stringMatching(message) });
    expect((await access.open()).status).toBe(200);
  });

  it('is for so many calls of a kind, and of a channel', async () => {
    const other = await tube.connect(OTHER_CHANNEL);
    await next('list', 'unavailable', { channel_id: OTHER_CHANNEL, times: 2 });
    await list();
    const statuses = [];
    for (let index = 0; index < 3; index++) statuses.push((await refusal(list(other)).catch(() => ({ status: 200 }))).status);
    expect(statuses).toEqual([503, 503, 200]);
    await next('open', 'unavailable');
    await list();
    expect((await access.open()).status).toBe(503);
  });

  it('of a session lets it go', async () => {
    const [first, second] = [await open(), await open()];
    await next('ask', 'gone');
    expect((await ask(first, UNIT)).status).toBe(404);
    expect((await ask(first, UNIT)).status).toBe(404);
    await next('chunk', 'gone_410');
    expect((await put(second, file)).status).toBe(410);
    expect((await ask(second, UNIT)).status).toBe(404);
  });

  it('can be a 503 for what was done', async () => {
    await next('update', 'saved_but_unavailable');
    const update = access.api.videos.update(
      { part: ['status'], requestBody: { id: videoId, status: { privacyStatus: 'unlisted' } } },
      access.options,
    );
    expect(await refusal(update)).toMatchObject({ status: 503 });
    expect(await video()).toMatchObject({ privacy: 'unlisted' });
    const session = await open();
    await next('chunk', 'saved_but_unavailable');
    expect((await put(session, file)).status).toBe(503);
    expect((await ask(session, UNIT)).status).toBe(201);
  });
});

describe('a connection', () => {
  const setPrivacy = (privacyStatus: string) =>
    access.api.videos.update({ part: ['status'], requestBody: { id: videoId, status: { privacyStatus } } }, access.options);

  it('that is cut before a call leaves all as it was', async () => {
    await setPrivacy('unlisted');
    await next('update', 'cut_before');
    await expect(setPrivacy('private')).rejects.toMatchObject({ response: undefined });
    expect(await video()).toMatchObject({ privacy: 'unlisted' });
  });

  it('that is cut after a call has done it', async () => {
    await next('update', 'cut_after');
    await expect(setPrivacy('private')).rejects.toMatchObject({ response: undefined });
    expect(await video()).toMatchObject({ privacy: 'private' });
    const before = (await tube.control<object[]>('GET', 'sessions')).length;
    await next('open', 'cut_after');
    await expect(access.open()).rejects.toThrow();
    expect(await tube.control('GET', 'sessions')).toHaveLength(before + 1);
    await next('playlist_item', 'cut_after');
    const resourceId = { kind: 'youtube#video', videoId };
    const item = { part: ['snippet'], requestBody: { snippet: { playlistId: `PL${CHANNEL.slice(2)}`, resourceId } } };
    await expect(access.api.playlistItems.insert(item, access.options)).rejects.toThrow();
    expect(await video()).toMatchObject({ playlists: [{ id: `PL${CHANNEL.slice(2)}`, count: 1 }] });
    await next('ask', 'cut_after');
    await expect(ask(await open(), UNIT)).rejects.toThrow();
  });
});

describe('shares of answers', () => {
  it('come out the same for a seed, other for another, and about as often as was said', async () => {
    const outcomes = async (seed: number) => {
      await set({ seed, answers: { unavailable: 0.2, quota_exceeded: 0.1, keep_less: 0.1 } });
      const statuses = [];
      for (let index = 0; index < 100; index++)
        statuses.push(
          await list().then(
            () => 200,
            (error: unknown) => (error as { status: number }).status,
          ),
        );
      return statuses;
    };
    const [first, again, other] = [await outcomes(1), await outcomes(1), await outcomes(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const share = (status: number) => first.filter((one) => one === status).length;
    expect([share(503) >= 10 && share(503) <= 32, share(403) >= 3 && share(403) <= 20]).toEqual([true, true]);
    // What does not suit a call is no answer to it.
    expect(share(200) + share(503) + share(403)).toBe(100);
  });
});

describe('what is asked', () => {
  it('is counted by kind, refused or not; setting anything begins anew', async () => {
    await list();
    await next('list', 'unavailable');
    await refusal(list());
    await list();
    const session = await open();
    await ask(session, UNIT);
    await put(session, file);
    await refusal(access.open(titled('<')));
    const { calls } = await tube.control<{ calls: object }>('GET', 'traffic');
    expect(calls).toEqual({ list: 2, open: 2, ask: 1, chunk: 1 });
    await set({});
    expect(await tube.control('GET', 'traffic')).toEqual({ calls: {}, token_exchanges: 0, token_refreshes: 0, multipart_uploads: 0 });
  });
});

describe('settings', () => {
  it.each<[object, RegExp]>([
    [{ uploads_per_day: 3 }, /uploads_per_day: property uploads_per_day should not exist/],
    [{ clock: { now: 'tomorrow' } }, /clock\.now: now must be a day or a time/],
    [{ clock: { speed: -1 } }, /clock\.speed: speed must not be less than 0/],
    [{ keep: 1.5 }, /keep: keep must not be greater than 1/],
    [{ answers: { unavailable: 0.7, internal_error: 0.7 } }, /answers must hold shares/],
    [{ next: [{ on: 'list', answer: 'gone' }] }, /next\.0\.answer: answer is none that this call can get/],
    [{ next: [{ on: 'token', answer: 'quota_exceeded' }] }, /next\.0\.answer/],
    [{ next: [{ on: 'lists', answer: 'unavailable' }] }, /next\.0\.on: on must be one of/],
    [{ next: [{ on: 'list', answer: 'cut_after', at_byte: 5 }] }, /next\.0\.at_byte: at_byte is only for chunks/],
    [{ outcome: 'failed', reason: 'copyright' }, /reason: reason must fit the outcome/],
    [{ reason: 'copyright' }, /reason must fit the outcome/],
    [{ untick: ['youtube.upload'] }, /untick/],
    [{ completion_status: 202 }, /completion_status/],
    [{ session_seconds: '60' }, /session_seconds/],
  ])('%j is refused by name', async (settings, message) => {
    await expect(tube.control('PUT', '', settings)).rejects.toThrow(message);
  });

  it('that are left out are as at the start', async () => {
    const usual = await tube.control('PUT', '', {});
    await tube.control('PUT', '', { seed: 5, untick: [], clock: { now: '2027-01-01', speed: 2 }, lock_private: true });
    expect(await tube.control('PUT', '', {})).toEqual(usual);
    expect(usual).toMatchObject({ uploads_a_day: 100, units_a_day: 10_000, channel_uploads_a_day: null, session_seconds: 604_800 });
  });

  it('name a channel to revoke or to forget sessions of', async () => {
    await expect(tube.control('POST', 'revoke', {})).rejects.toThrow(/channel_id/);
    await expect(tube.control('POST', 'sessions/expire', { channel: CHANNEL })).rejects.toThrow(/channel should not exist/);
  });
});
