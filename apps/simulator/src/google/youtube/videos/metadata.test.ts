import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  refusal,
  startYouTube,
  titled,
  type Access,
  type ShownVideo,
  type SimulatedYouTube,
} from '../../../../../../test/youtube/simulated-youtube.js';

let tube: SimulatedYouTube;
let access: Access;
beforeAll(async () => {
  tube = await startYouTube();
  await tube.control('PUT', '', { uploads_a_day: null, units_a_day: null });
  access = await tube.connect();
});
afterAll(() => tube.close());

const withSnippet = (snippet: object) => titled('Owl', { snippet });
const withStatus = (status: object) => titled('Owl', { status });
const later = new Date(Date.now() + 3_600_000).toISOString();

describe('what is said of a video, before a byte is sent,', () => {
  it.each<[string, object]>([
    ['a title of 100 characters, whatever they take in bytes', withSnippet({ title: '🦉'.repeat(100) })],
    ['a description of 5000 bytes', withSnippet({ description: `${'ü'.repeat(2_499)}ab` })],
    ['tags of 500 characters with their commas', withSnippet({ tags: ['a'.repeat(249), 'b'.repeat(250)] })],
    ['tags of 500 characters with quotes for those with a space', withSnippet({ tags: [`a ${'b'.repeat(246)}`, `c${'d'.repeat(248)}`] })],
    ['no category', { snippet: { title: 'Owl' }, status: {} }],
    ['a time of publication, while it is private', withStatus({ publishAt: later })],
    ['a whole status', withStatus({ license: 'creativeCommon', embeddable: false, publicStatsViewable: false })],
    ['languages', withSnippet({ defaultLanguage: 'en', defaultAudioLanguage: 'zh-Hans' })],
    ['nulls, which count as left out', withSnippet({ tags: null, description: null })],
    ['what only YouTube can set, which is passed over', withStatus({ uploadStatus: 'processed', madeForKids: true })],
  ])('is taken with %s', async (_, video) => {
    const response = await access.open(video);
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it.each<[string, object, string]>([
    ['no title', { snippet: {} }, 'invalidTitle'],
    ['an empty title', withSnippet({ title: ' ' }), 'invalidTitle'],
    ['a title of 101 characters', withSnippet({ title: 'a'.repeat(101) }), 'invalidTitle'],
    ['an angle in the title', withSnippet({ title: 'a > b' }), 'invalidTitle'],
    ['a description of 5001 bytes', withSnippet({ description: `${'ü'.repeat(2_500)}a` }), 'invalidDescription'],
    ['an angle in the description', withSnippet({ description: '<3' }), 'invalidDescription'],
    ['tags of 501 characters with their commas', withSnippet({ tags: ['a'.repeat(250), 'b'.repeat(250)] }), 'invalidTags'],
    ['a tag with a space, which counts two more', withSnippet({ tags: [`a ${'b'.repeat(497)}`] }), 'invalidTags'],
    ['an angle in a tag', withSnippet({ tags: ['a<b'] }), 'invalidTags'],
    ['a category that cannot be given', withSnippet({ categoryId: '18' }), 'invalidCategoryId'],
    ['a time of publication without being private', withStatus({ privacyStatus: 'unlisted', publishAt: later }), 'invalidPublishAt'],
    [
      'a time of publication and no privacy, which is public',
      { snippet: { title: 'Owl' }, status: { publishAt: later } },
      'invalidPublishAt',
    ],
    ['a time of publication that is none', withStatus({ publishAt: 'tomorrow' }), 'invalidPublishAt'],
    ['a language that is none', withSnippet({ defaultLanguage: 'in English' }), 'invalidVideoMetadata'],
    ['a number for a title', withSnippet({ title: 5 }), 'invalid'],
    ['a privacy that there is not', withStatus({ privacyStatus: 'secret' }), 'invalid'],
    ['a text for a yes or no', withStatus({ embeddable: 'yes' }), 'invalid'],
    ['a misspelled field', withStatus({ privacy: 'private' }), 'badRequest'],
  ])('is refused with %s', async (_, video, reason) => {
    expect(await refusal(access.open(video))).toMatchObject({ status: 400, reason });
  });

  it('is refused in the words of YouTube', async () => {
    const response = await access.open(withSnippet({ title: '' }));
    const message = 'The request metadata specifies an invalid or empty video title.';
    expect(await response.json()).toEqual({
      error: {
        code: 400,
        message,
        errors: [{ message, domain: 'youtube.video', reason: 'invalidTitle', location: 'body.snippet.title', locationType: 'other' }],
      },
    });
  });

  it('must be in parts that are named', async () => {
    expect(await refusal(access.open(titled('Owl'), { part: 'snippet' }))).toMatchObject({
      status: 400,
      reason: 'unexpectedPart',
      message: "'status'",
    });
    expect(await refusal(access.open(titled('Owl'), { part: 'snippet,state' }))).toMatchObject({ status: 400, reason: 'unknownPart' });
    expect(await refusal(access.open(titled('Owl'), { part: '' }))).toMatchObject({ status: 400, reason: 'missingRequiredParameter' });
    const localized = { snippet: { title: 'Owl' }, localizations: { de: { title: 'Eule' } } };
    expect(await refusal(access.open(localized, { part: 'snippet,localizations' }))).toMatchObject({ reason: 'defaultLanguageNotSet' });
    expect(await refusal(access.open(titled('Owl'), { bytes: 0 }))).toMatchObject({ status: 400, reason: 'mediaBodyRequired' });
  });

  it('is kept as it was said; privacy that was left out is public', async () => {
    const snippet = {
      title: 'All of it',
      description: 'About owls',
      tags: ['owl', 'barn owl'],
      categoryId: '15',
      defaultLanguage: 'en',
      defaultAudioLanguage: 'de',
    };
    const id = await access.upload({ snippet, status: { selfDeclaredMadeForKids: false, containsSyntheticMedia: true } });
    const { data } = await access.api.videos.list({ part: ['snippet', 'status'], id: [id] }, access.options);
    expect(data.items?.[0]).toMatchObject({
      snippet,
      status: {
        privacyStatus: 'public',
        selfDeclaredMadeForKids: false,
        containsSyntheticMedia: true,
        madeForKids: false,
        embeddable: true,
      },
    });
    expect((await tube.control<ShownVideo[]>('GET', 'videos')).find((video) => video.id === id)).toMatchObject({
      title: 'All of it',
      description: 'About owls',
      tags: ['owl', 'barn owl'],
      category_id: '15',
      language: 'en',
      audio_language: 'de',
      privacy: 'public',
      made_for_kids: false,
      contains_synthetic_media: true,
      publish_at: null,
      published_at: expect.any(String),
    });
  });
});
