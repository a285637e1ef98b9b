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

let tube: SimulatedYouTube;
let access: Access;
let other: Access;
const START = Date.now();
beforeAll(async () => {
  tube = await startYouTube();
  [access, other] = [await tube.connect(), await tube.connect(OTHER_CHANNEL)];
});
beforeEach(() => stopAt(0));
afterAll(() => tube.close());

/** Stops the time so many seconds after the start. */
const stopAt = (seconds: number, settings: object = {}) =>
  tube.control('PUT', '', { uploads_a_day: null, units_a_day: null, ...settings, clock: { now: moment(seconds), speed: 0 } });
const moment = (seconds: number) => new Date(START + seconds * 1_000).toISOString();
const read = async (id: string, who = access, part = ['snippet', 'status', 'processingDetails']) =>
  (await who.api.videos.list({ part, id: [id] }, who.options)).data.items?.[0];
const update = (requestBody: object, part: string[], who = access) => who.api.videos.update({ part, requestBody }, who.options);
const shown = async (id: string) => (await tube.control<ShownVideo[]>('GET', 'videos')).find((video) => video.id === id);
let names = 0;
const upload = (more: { snippet?: object; status?: object } = {}, who = access) => who.upload(titled(`Video ${++names}`, more));

describe('a new video', () => {
  it('is processed on the clock', async () => {
    await stopAt(0, { processing_seconds: 100 });
    const id = await upload();
    expect(await read(id)).toMatchObject({
      status: { uploadStatus: 'uploaded' },
      processingDetails: {
        processingStatus: 'processing',
        processingProgress: { partsTotal: '100', partsProcessed: '0', timeLeftMs: '100000' },
        thumbnailsAvailability: 'inProgress',
      },
    });
    await stopAt(40);
    expect(await read(id)).toMatchObject({
      status: { uploadStatus: 'uploaded' },
      processingDetails: { processingProgress: { partsProcessed: '40', timeLeftMs: '60000' } },
    });
    expect(await shown(id)).toMatchObject({ upload_status: 'uploaded' });
    await stopAt(100);
    expect(await read(id)).toMatchObject({
      status: { uploadStatus: 'processed' },
      processingDetails: { processingStatus: 'succeeded', thumbnailsAvailability: 'available' },
    });
    expect(await shown(id)).toMatchObject({ upload_status: 'processed' });
  });

  it.each([
    [{ outcome: 'failed', reason: 'codec' }, { uploadStatus: 'failed', failureReason: 'codec' }, 'failed'],
    [{ outcome: 'failed' }, { uploadStatus: 'failed', failureReason: 'conversion' }, 'failed'],
    [{ outcome: 'rejected', reason: 'copyright' }, { uploadStatus: 'rejected', rejectionReason: 'copyright' }, 'terminated'],
  ])('can end otherwise: %j', async (settings, status, processingStatus) => {
    await stopAt(0, { ...settings, processing_seconds: 10 });
    const id = await upload();
    await stopAt(9);
    expect((await read(id))?.status).toMatchObject({ uploadStatus: 'uploaded' });
    await stopAt(10);
    expect(await read(id)).toMatchObject({ status, processingDetails: { processingStatus } });
  });

  it('can be rejected because its channel has the file already', async () => {
    const file = Buffer.from('the same bytes');
    await stopAt(0, { reject_duplicates: true });
    const ids = [
      await access.upload(titled('One'), file),
      await access.upload(titled('Two'), file),
      await other.upload(titled('Three'), file),
    ];
    const states = await Promise.all(ids.map(async (id, index) => (await read(id, index === 2 ? other : access))?.status));
    expect(states).toMatchObject([
      { uploadStatus: 'processed' },
      { uploadStatus: 'rejected', rejectionReason: 'duplicate' },
      { uploadStatus: 'processed' },
    ]);
  });
});

describe('videos.list', () => {
  it('shows the parts that were asked for', async () => {
    const id = await upload();
    expect(await read(id, access, ['status'])).toEqual({ kind: 'youtube#video', id, status: expect.any(Object) });
    expect(await read(id, access, ['id'])).toEqual({ kind: 'youtube#video', id });
    expect(await read(id, access, ['fileDetails'])).toMatchObject({ fileDetails: { fileSize: expect.stringMatching(/^\d+$/) } });
    expect(await refusal(read(id, access, ['everything']))).toMatchObject({ status: 400, reason: 'unknownPart', domain: 'youtube.part' });
  });

  it('knows up to 50 ids at once, and passes over those that there are not', async () => {
    const id = await upload();
    const ids = [id, ...Array.from({ length: 49 }, (_, index) => `unknown${index}`)];
    const { data } = await access.api.videos.list({ part: ['id'], id: ids }, access.options);
    expect([data.items?.length, data.pageInfo]).toEqual([1, { totalResults: 1, resultsPerPage: 1 }]);
    expect((await access.api.videos.list({ part: ['id'], id: ['unknown'] }, access.options)).data.items).toEqual([]);
    expect(await refusal(access.api.videos.list({ part: ['id'], id: [...ids, 'x'] }, access.options))).toMatchObject({ status: 400 });
    expect(await refusal(access.api.videos.list({ part: ['id'] }, access.options))).toMatchObject({
      status: 400,
      reason: 'missingRequiredParameter',
    });
    const comma = await access.raw('GET', `youtube/v3/videos?part=id,status&id=${id},unknown`);
    expect(((await comma.json()) as { items: object[] }).items).toMatchObject([{ id, status: {} }]);
  });

  it('shows private videos to their owner only, and only them how it is processed', async () => {
    const ids = [
      await upload(),
      await upload({ status: { privacyStatus: 'unlisted' } }),
      await upload({ status: { privacyStatus: 'public' } }),
    ];
    const seen = await Promise.all(ids.map((id) => read(id, other)));
    expect(seen.map((video) => video?.status?.privacyStatus)).toEqual([undefined, 'unlisted', 'public']);
    expect(seen[2]).not.toHaveProperty('processingDetails');
    expect((await Promise.all(ids.map((id) => read(id)))).every((video) => video?.processingDetails)).toBe(true);
  });

  it('can tell of another privacy than the video has', async () => {
    await stopAt(0, { privacy_shown: 'public' });
    const id = await upload();
    expect(await read(id)).toMatchObject({ status: { privacyStatus: 'public' } });
    expect((await update({ id, status: { privacyStatus: 'unlisted' } }, ['status'])).data).toMatchObject({
      status: { privacyStatus: 'public' },
    });
    expect(await shown(id)).toMatchObject({ privacy: 'unlisted' });
  });
});

describe('videos.update', () => {
  it('replaces the named parts, and only these; what they leave out is lost', async () => {
    const id = await upload({
      snippet: { description: 'words', tags: ['owl'], defaultLanguage: 'en' },
      status: { selfDeclaredMadeForKids: false, containsSyntheticMedia: true, license: 'creativeCommon' },
    });
    await update({ id, status: { privacyStatus: 'unlisted' } }, ['status']);
    const first = await read(id);
    expect(first).toMatchObject({
      snippet: { description: 'words', tags: ['owl'] },
      status: { privacyStatus: 'unlisted', license: 'youtube' },
    });
    expect(first?.status).not.toHaveProperty('containsSyntheticMedia');
    expect(first?.status).not.toHaveProperty('selfDeclaredMadeForKids');
    const { data } = await update({ id, snippet: { title: 'New', categoryId: '1' } }, ['snippet']);
    expect(data).toMatchObject({ id, snippet: { title: 'New', categoryId: '1', description: '' } });
    expect(data.snippet).not.toHaveProperty('tags');
    expect(data.snippet).not.toHaveProperty('defaultLanguage');
    expect(await read(id)).toMatchObject({ status: { privacyStatus: 'unlisted' } });
  });

  it('takes privacy that is left out for public', async () => {
    const id = await upload();
    await update({ id, status: { embeddable: false } }, ['status']);
    expect(await shown(id)).toMatchObject({ privacy: 'public', published_at: moment(0) });
  });

  it.each([{ title: 'No category' }, { categoryId: '1' }, { title: '', categoryId: '1' }])('refuses the snippet %j', async (snippet) => {
    const id = await upload();
    expect(await refusal(update({ id, snippet }, ['snippet']))).toMatchObject({ status: 400, reason: 'invalidVideoMetadata' });
    expect((await read(id))?.snippet?.title).toBe(`Video ${names}`);
  });

  it('changes nothing when a part of it is refused, and nothing that is not ours', async () => {
    const id = await upload({ status: { privacyStatus: 'public' } });
    const both = { id, snippet: { title: 'New', categoryId: '1' }, status: { privacyStatus: 'secret' } };
    expect(await refusal(update(both, ['snippet', 'status']))).toMatchObject({ status: 400, reason: 'invalid' });
    expect((await read(id))?.snippet?.title).toBe(`Video ${names}`);
    expect(await refusal(update({ id, status: {} }, ['status'], other))).toMatchObject({ status: 403, reason: 'forbidden' });
    expect(await refusal(update({ id: 'unknown', status: {} }, ['status']))).toMatchObject({ status: 404, reason: 'videoNotFound' });
    expect(await refusal(update({ id, status: {} }, ['snippet']))).toMatchObject({ status: 400, reason: 'unexpectedPart' });
  });

  it('writes other parts, too, and clears them when they are named and left out', async () => {
    const id = await upload({ snippet: { defaultLanguage: 'en' } });
    const localizations = { de: { title: 'Eule', description: 'Text' } };
    await update({ id, localizations }, ['localizations']);
    expect(await read(id, access, ['localizations'])).toMatchObject({ localizations });
    await update({ id }, ['localizations']);
    expect(await read(id, access, ['localizations'])).not.toHaveProperty('localizations');
  });
});

describe('a time of publication', () => {
  it('makes a private video public when it comes', async () => {
    const id = await upload({ status: { publishAt: moment(600) } });
    expect(await read(id)).toMatchObject({ status: { privacyStatus: 'private', publishAt: moment(600) } });
    expect(await shown(id)).toMatchObject({ publish_at: moment(600), published_at: null });
    await stopAt(599);
    expect(await read(id, other)).toBeUndefined();
    await stopAt(600);
    expect(await read(id, other)).toMatchObject({ snippet: { publishedAt: moment(600) }, status: { privacyStatus: 'public' } });
    expect((await read(id))?.status).not.toHaveProperty('publishAt');
    expect(await shown(id)).toMatchObject({ privacy: 'public', publish_at: null, published_at: moment(600) });
  });

  it('that is past publishes at once, and one that is left out is forgotten', async () => {
    const past = await upload({ status: { publishAt: moment(-60) } });
    expect(await shown(past)).toMatchObject({ privacy: 'public' });
    const id = await upload({ status: { publishAt: moment(600) } });
    await update({ id, status: { privacyStatus: 'private' } }, ['status']);
    await stopAt(601);
    expect(await shown(id)).toMatchObject({ privacy: 'private', publish_at: null });
  });

  it('is refused for a video that has been public, even when it is private again', async () => {
    const id = await upload({ status: { privacyStatus: 'public' } });
    await update({ id, status: { privacyStatus: 'private' } }, ['status']);
    const schedule = update({ id, status: { privacyStatus: 'private', publishAt: moment(600) } }, ['status']);
    expect(await refusal(schedule)).toMatchObject({ status: 400, reason: 'invalidPublishAt' });
  });
});

describe('a video that is locked', () => {
  it('stays private, whatever is asked', async () => {
    await stopAt(0, { lock_private: true });
    const id = await upload({ status: { privacyStatus: 'public' } });
    await stopAt(0);
    expect((await update({ id, status: { privacyStatus: 'public' } }, ['status'])).data).toMatchObject({
      status: { privacyStatus: 'private' },
    });
    await update({ id, status: { privacyStatus: 'private', publishAt: moment(60) } }, ['status']);
    await stopAt(61);
    expect(await read(id)).toMatchObject({ status: { privacyStatus: 'private' } });
  });
});

describe('videos.delete', () => {
  it('takes a video from everybody, but not from the count', async () => {
    const id = await upload({ status: { privacyStatus: 'public' } });
    expect(await refusal(other.api.videos.delete({ id }, other.options))).toMatchObject({ status: 403, reason: 'forbidden' });
    expect((await access.api.videos.delete({ id }, access.options)).status).toBe(204);
    expect(await read(id)).toBeUndefined();
    expect(await refusal(access.api.videos.delete({ id }, access.options))).toMatchObject({ status: 404, reason: 'videoNotFound' });
    expect(await shown(id)).toMatchObject({ upload_status: 'deleted', channel_id: CHANNEL });
  });
});

describe('channels', () => {
  it('tell who one is, and where the uploads are listed', async () => {
    const { data } = await access.api.channels.list({ part: ['id', 'snippet', 'contentDetails'], mine: true }, access.options);
    expect(data.items).toMatchObject([
      { id: CHANNEL, snippet: { title: expect.any(String) }, contentDetails: { relatedPlaylists: { uploads: `UU${CHANNEL.slice(2)}` } } },
    ]);
    const theirs = await access.api.channels.list({ part: ['contentDetails'], id: [OTHER_CHANNEL, 'unknown'] }, access.options);
    expect(theirs.data.items).toMatchObject([{ id: OTHER_CHANNEL }]);
    expect(await refusal(access.api.channels.list({ part: ['id'] }, access.options))).toMatchObject({
      status: 400,
      reason: 'missingRequiredParameter',
    });
    expect(await tube.control('GET', 'channels')).toContain(CHANNEL);
  });
});
