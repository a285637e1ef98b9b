import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CHANNEL,
  OTHER_CHANNEL,
  refusal,
  startYouTube,
  titled,
  type Access,
  type ShownVideo,
  type SimulatedYouTube,
} from '../../../../../../test/youtube/simulated-youtube.js';

const UPLOADS = `UU${CHANNEL.slice(2)}`;
const OWN = `PL${CHANNEL.slice(2)}`;

let tube: SimulatedYouTube;
let access: Access;
let other: Access;
beforeAll(async () => {
  tube = await startYouTube();
  [access, other] = [await tube.connect(), await tube.connect(OTHER_CHANNEL)];
});
beforeEach(() => set({}));
afterAll(() => tube.close());

const set = (settings: object) => tube.control('PUT', '', { uploads_a_day: null, units_a_day: null, ...settings });
const list = async (playlistId: string, more: object = {}, who = access) =>
  (await who.api.playlistItems.list({ part: ['snippet', 'contentDetails', 'status'], playlistId, ...more }, who.options)).data;
const ids = async (playlistId: string, more: object = {}, who = access) =>
  (await list(playlistId, { maxResults: 50, ...more }, who)).items?.map((item) => item.contentDetails?.videoId);
const insert = (snippet: object, who = access) =>
  who.api.playlistItems.insert({ part: ['snippet'], requestBody: { snippet } }, who.options);
const video = (videoId: string) => ({ resourceId: { kind: 'youtube#video', videoId } });
const make = async (title: string, privacyStatus?: string, who = access) =>
  (
    await who.api.playlists.insert(
      { part: ['snippet', 'status'], requestBody: { snippet: { title }, status: { privacyStatus } } },
      who.options,
    )
  ).data.id ?? '';
const upload = (privacyStatus = 'private', who = access) => who.upload(titled('Owl', { status: { privacyStatus } }));

describe('the list of uploads', () => {
  it('has the newest first, for their owner all, for others what is public', async () => {
    const uploaded = [await upload(), await upload('public'), await upload('unlisted')];
    expect((await ids(UPLOADS))?.slice(0, 3)).toEqual(uploaded.toReversed());
    expect(await ids(UPLOADS, {}, other)).toEqual([uploaded[1]]);
    expect((await list(UPLOADS)).items?.[0]).toMatchObject({
      snippet: {
        title: 'Owl',
        channelId: CHANNEL,
        playlistId: UPLOADS,
        position: 0,
        resourceId: { kind: 'youtube#video', videoId: uploaded[2] },
      },
      status: { privacyStatus: 'unlisted' },
    });
  });

  it('can be searched for one video, and is told page by page', async () => {
    const uploaded: string[] = [];
    for (let index = 0; index < 7; index++) uploaded.unshift(await upload());
    expect(await ids(UPLOADS, { videoId: uploaded[3] })).toEqual([uploaded[3]]);
    expect(await ids(UPLOADS, { videoId: 'unknown' })).toEqual([]);
    const first = await list(UPLOADS);
    expect(first.items).toHaveLength(5);
    expect(first.pageInfo).toMatchObject({ resultsPerPage: 5 });
    expect(first).not.toHaveProperty('prevPageToken');
    const second = await list(UPLOADS, { maxResults: 2, pageToken: first.nextPageToken });
    expect(second.items?.map((item) => item.contentDetails?.videoId)).toEqual(uploaded.slice(5, 7));
    expect(second.prevPageToken).toEqual(expect.any(String));
    const all = await list(UPLOADS, { maxResults: 50 });
    expect(all).not.toHaveProperty('nextPageToken');
    expect(await refusal(list(UPLOADS, { maxResults: 51 }))).toMatchObject({ status: 400, reason: 'invalidParameter' });
    expect(await refusal(list(UPLOADS, { pageToken: 'page2' }))).toMatchObject({ status: 400, reason: 'invalidPageToken' });
  });

  it('can be behind what was uploaded', async () => {
    const now = Date.now();
    const at = (seconds: number) =>
      set({ listing_lag_seconds: 60, clock: { now: new Date(now + seconds * 1_000).toISOString(), speed: 0 } });
    await at(0);
    const id = await upload();
    expect(await ids(UPLOADS, { videoId: id })).toEqual([]);
    const { data } = await access.api.videos.list({ part: ['id'], id: [id] }, access.options);
    expect(data.items).toHaveLength(1);
    await at(59);
    expect(await ids(UPLOADS, { videoId: id })).toEqual([]);
    await at(60);
    expect(await ids(UPLOADS, { videoId: id })).toEqual([id]);
  });

  it('takes nothing by hand', async () => {
    expect(await refusal(insert({ playlistId: UPLOADS, ...video(await upload()) }))).toMatchObject({
      status: 400,
      reason: 'playlistOperationUnsupported',
    });
  });
});

describe('playlists', () => {
  it('are made and listed; one is there from the start', async () => {
    const id = await make('Owls', 'unlisted');
    const { data } = await access.api.playlists.list({ part: ['snippet', 'status', 'contentDetails'], mine: true }, access.options);
    expect(data.items).toMatchObject([
      { id: OWN, snippet: { title: 'Videos' }, status: { privacyStatus: 'public' }, contentDetails: { itemCount: 0 } },
      { id, snippet: { title: 'Owls', channelId: CHANNEL }, status: { privacyStatus: 'unlisted' } },
    ]);
    const named = await other.api.playlists.list({ part: ['id'], id: [id, 'unknown'] }, other.options);
    expect(named.data.items).toEqual([{ kind: 'youtube#playlist', id }]);
    expect(await refusal(access.api.playlists.list({ part: ['id'] }, access.options))).toMatchObject({
      status: 400,
      reason: 'missingRequiredParameter',
    });
  });

  it.each([
    [{}, 'playlistTitleRequired'],
    [{ title: 't'.repeat(151) }, 'invalidPlaylistSnippet'],
    [{ title: 'Owls', description: 'd'.repeat(5_001) }, 'invalidPlaylistSnippet'],
  ])('are not made of %j', async (snippet, reason) => {
    const made = access.api.playlists.insert({ part: ['snippet'], requestBody: { snippet } }, access.options);
    expect(await refusal(made)).toMatchObject({ status: 400, reason });
  });

  it('take a video as often as they are told to, where they are told to', async () => {
    const id = await make('Owls');
    const [one, two] = [await upload(), await upload()];
    expect((await insert({ playlistId: id, ...video(one) })).data).toMatchObject({
      snippet: { playlistId: id, position: 0, resourceId: { videoId: one } },
    });
    await insert({ playlistId: id, ...video(one) });
    expect((await insert({ playlistId: id, position: 0, ...video(two) })).data.snippet?.position).toBe(0);
    expect(await ids(id)).toEqual([two, one, one]);
    expect(await ids(id, { videoId: one })).toEqual([one, one]);
    const shown = (await tube.control<ShownVideo[]>('GET', 'videos')).find((each) => each.id === one);
    expect(shown).toMatchObject({ playlists: [{ id, count: 2 }] });
    expect(await refusal(insert({ playlistId: id, position: 4, ...video(two) }))).toMatchObject({ reason: 'invalidPlaylistItemPosition' });
    await access.api.videos.delete({ id: one }, access.options);
    expect(await ids(id)).toEqual([two]);
  });

  it('are refused when there is none, no video, or another owner', async () => {
    const [id, hidden] = [await make('Owls'), await make('Hidden', 'private')];
    const videoId = await upload();
    expect(await refusal(insert({ playlistId: 'PLunknown', ...video(videoId) }))).toMatchObject({
      status: 404,
      reason: 'playlistNotFound',
    });
    expect(await refusal(insert({ playlistId: id, ...video('unknown') }))).toMatchObject({ status: 404, reason: 'videoNotFound' });
    expect(await refusal(insert({ playlistId: id, ...video(videoId) }, other))).toMatchObject({ status: 403, reason: 'forbidden' });
    expect(await refusal(insert(video(videoId)))).toMatchObject({ status: 400, reason: 'playlistIdRequired' });
    expect(await refusal(insert({ playlistId: id }))).toMatchObject({ status: 400, reason: 'resourceIdRequired' });
    expect(await refusal(insert({ playlistId: id, resourceId: { kind: 'youtube#channel', videoId } }))).toMatchObject({
      reason: 'invalidResourceType',
    });
    expect(await refusal(list('PLunknown'))).toMatchObject({ status: 404, reason: 'playlistNotFound' });
    expect(await refusal(list(hidden, {}, other))).toMatchObject({ status: 403, reason: 'playlistItemsNotAccessible' });
    expect(await refusal(access.raw('GET', 'youtube/v3/playlistItems?part=id'))).toMatchObject({
      status: 400,
      reason: 'missingRequiredParameter',
    });
  });

  it('may be full', async () => {
    await set({ next: [{ on: 'playlist_item', answer: 'playlist_full' }] });
    expect(await refusal(insert({ playlistId: OWN, ...video('any') }))).toMatchObject({
      status: 403,
      reason: 'playlistContainsMaximumNumberOfVideos',
    });
  });
});
