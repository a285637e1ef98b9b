import { refused } from '../../errors.js';
import type { Privacy } from '../../settings.js';
import type { Resource } from '../resource.js';

/** YouTube's limits: characters of a title, bytes of a description in UTF-8, characters of all tags together. */
const LONGEST = { titleCharacters: 100, descriptionBytes: 5_000, tagsCharacters: 500 } as const;
/** Categories that a video can be given in the United States. */
const CATEGORIES = ['1', '2', '10', '15', '17', '19', '20', '22', '23', '24', '25', '26', '27', '28', '29'];
const USUAL_CATEGORY = '22';
const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

const SNIPPET_FIELDS = ['title', 'description', 'tags', 'categoryId', 'defaultLanguage', 'defaultAudioLanguage'];
const SNIPPET_READ_ONLY = ['publishedAt', 'channelId', 'thumbnails', 'channelTitle', 'liveBroadcastContent', 'localized'];
const STATUS_FIELDS = [
  'privacyStatus',
  'publishAt',
  'license',
  'embeddable',
  'publicStatsViewable',
  'selfDeclaredMadeForKids',
  'containsSyntheticMedia',
];
const STATUS_READ_ONLY = ['uploadStatus', 'failureReason', 'rejectionReason', 'madeForKids'];

export interface Snippet {
  title: string;
  description: string;
  tags: readonly string[];
  categoryId: string;
  defaultLanguage?: string;
  defaultAudioLanguage?: string;
}

export interface Status {
  privacyStatus: Privacy;
  /** When it becomes public by itself (ms since 1970). */
  publishAt: number | null;
  license: 'youtube' | 'creativeCommon';
  embeddable: boolean;
  publicStatsViewable: boolean;
  selfDeclaredMadeForKids?: boolean;
  containsSyntheticMedia?: boolean;
}

/** @throws WireError for what YouTube does not take */
export function readSnippet(snippet: Resource): Snippet {
  snippet.checkNames([...SNIPPET_FIELDS, ...SNIPPET_READ_ONLY]);
  const [title = '', description = ''] = [snippet.text('title'), snippet.text('description')];
  const tags = snippet.texts('tags') ?? [];
  const categoryId = snippet.text('categoryId') ?? USUAL_CATEGORY;
  const [language, audioLanguage] = [snippet.text('defaultLanguage'), snippet.text('defaultAudioLanguage')];
  if (!title.trim() || charactersOf(title) > LONGEST.titleCharacters || hasAngle(title))
    throw invalid('invalidTitle', 'snippet.title', 'The request metadata specifies an invalid or empty video title.');
  if (Buffer.byteLength(description) > LONGEST.descriptionBytes || hasAngle(description))
    throw invalid('invalidDescription', 'snippet.description', 'The request metadata specifies an invalid video description.');
  if (lengthOfTags(tags) > LONGEST.tagsCharacters || tags.some((tag) => !tag.trim() || hasAngle(tag)))
    throw invalid('invalidTags', 'snippet.tags', 'The request metadata specifies invalid video keywords.');
  if (!CATEGORIES.includes(categoryId))
    throw invalid('invalidCategoryId', 'snippet.categoryId', 'The snippet.categoryId property specifies an invalid category ID.');
  for (const [name, value] of Object.entries({ defaultLanguage: language, defaultAudioLanguage: audioLanguage })) {
    if (value !== undefined && !LANGUAGE.test(value)) throw invalidMetadata(`snippet.${name}`);
  }
  return {
    title,
    description,
    tags,
    categoryId,
    ...(language && { defaultLanguage: language }),
    ...(audioLanguage && { defaultAudioLanguage: audioLanguage }),
  };
}

/** Of a video that exists, a snippet is only taken with its title and category. */
export function readNewSnippet(snippet: Resource): Snippet {
  for (const name of ['title', 'categoryId']) if (!snippet.text(name)) throw invalidMetadata(`snippet.${name}`);
  return readSnippet(snippet);
}

/**
 * Privacy that is left out means public.
 * @param wasPublished whether the video has been public before: then it cannot be scheduled
 */
export function readStatus(status: Resource, wasPublished: boolean): Status {
  status.checkNames([...STATUS_FIELDS, ...STATUS_READ_ONLY]);
  const privacyStatus = status.oneOf('privacyStatus', ['private', 'unlisted', 'public']) ?? 'public';
  const publishAt = status.text('publishAt');
  const [madeForKids, synthetic] = [status.flag('selfDeclaredMadeForKids'), status.flag('containsSyntheticMedia')];
  const isMoment = publishAt !== undefined && MOMENT.test(publishAt) && !Number.isNaN(Date.parse(publishAt));
  if (publishAt !== undefined && (!isMoment || privacyStatus !== 'private' || wasPublished))
    throw invalid('invalidPublishAt', 'status.publishAt', 'The request metadata specifies an invalid scheduled publishing time.');
  return {
    privacyStatus,
    publishAt: publishAt === undefined ? null : Date.parse(publishAt),
    license: status.oneOf('license', ['youtube', 'creativeCommon']) ?? 'youtube',
    embeddable: status.flag('embeddable') ?? true,
    publicStatsViewable: status.flag('publicStatsViewable') ?? true,
    ...(madeForKids !== undefined && { selfDeclaredMadeForKids: madeForKids }),
    ...(synthetic !== undefined && { containsSyntheticMedia: synthetic }),
  };
}

/** Commas between tags count, and a tag with a space counts as if it were quoted. */
function lengthOfTags(tags: readonly string[]): number {
  const lengths = tags.map((tag) => charactersOf(tag) + (tag.includes(' ') ? 2 : 0));
  return lengths.reduce((sum, length) => sum + length, 0) + Math.max(0, tags.length - 1);
}

function invalidMetadata(field: string): Error {
  return invalid('invalidVideoMetadata', field, 'The request metadata is invalid.');
}

export function invalid(reason: string, field: string, message: string): Error {
  return refused(400, reason, message, { domain: 'youtube.video', location: `body.${field}`, locationType: 'other' });
}

/** As YouTube counts them: by code points. */
export function charactersOf(text: string): number {
  return Array.from(text).length;
}

function hasAngle(text: string): boolean {
  return /[<>]/.test(text);
}
