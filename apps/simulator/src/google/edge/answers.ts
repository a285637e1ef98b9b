import { WireError } from '../../answer.js';
import { GLOBAL, backendError, forbidden, invalidCredentials, quotaExceeded, refused, uploadsExhausted } from '../errors.js';
import { isOAuth, type Call } from './calls.js';

/** Answers other than the right one. */
export const ANSWERS = [
  /** The connection breaks before anything is done; for a chunk with `at_byte`, when that many bytes of the file have come, and nothing of the chunk is kept. */
  'cut_before',
  /** The request is served and its answer lost; for a chunk with `at_byte`, exactly so many bytes of the file are kept. */
  'cut_after',
  'internal_error',
  'bad_gateway',
  'unavailable',
  'gateway_timeout',
  /** A 503 for what was done. */
  'saved_but_unavailable',
  'unauthorized',
  'forbidden',
  /** The units of the day are used up: 403. */
  'quota_exceeded',
  /** The uploads of the day are used up: 429. */
  'uploads_exhausted',
  /** Too fast: 429, to be sent again a little later. */
  'too_many',
  /** Too fast, as a 403. */
  'rate_limited',
  /** The channel has uploaded enough: 400. */
  'upload_limit',
  /** The playlist can hold no more: 403. */
  'playlist_full',
  /** The upload session is known no more: 404. */
  'gone',
  /** The same as a 410. */
  'gone_410',
  /** Fewer bytes of a chunk are kept than were sent: up to `at_byte` of the file, or a multiple of 256 KiB that is left to chance. */
  'keep_less',
  /** The grant is dead, says the token endpoint. */
  'invalid_grant',
  'invalid_client',
] as const;
export type Answer = (typeof ANSWERS)[number];

const ONLY_FOR: Partial<Record<Answer, readonly Call[]>> = {
  uploads_exhausted: ['open', 'multipart'],
  upload_limit: ['open', 'multipart'],
  playlist_full: ['playlist_item'],
  gone: ['chunk', 'ask'],
  gone_410: ['chunk', 'ask'],
  keep_less: ['chunk'],
  invalid_grant: ['token'],
  invalid_client: ['token'],
};
const NOT_OF_OAUTH: readonly Answer[] = ['unauthorized', 'forbidden', 'quota_exceeded', 'too_many', 'rate_limited'];

/** Whether an answer is one that this call can get. */
export function suits(answer: Answer, call: Call): boolean {
  return ONLY_FOR[answer]?.includes(call) ?? !(isOAuth(call) && NOT_OF_OAUTH.includes(answer));
}

/** What is answered instead of serving the request. */
const REFUSALS: Partial<Record<Answer, (call: Call) => WireError>> = {
  internal_error: (call) => serverError(call, 500),
  bad_gateway: (call) => serverError(call, 502),
  unavailable: (call) => serverError(call, 503),
  gateway_timeout: (call) => serverError(call, 504),
  unauthorized: invalidCredentials,
  forbidden: () => forbidden('The request is not properly authorized.'),
  quota_exceeded: quotaExceeded,
  uploads_exhausted: uploadsExhausted,
  too_many: (call) =>
    refused(
      429,
      call === 'thumbnail' ? 'uploadRateLimitExceeded' : 'rateLimitExceeded',
      'The request cannot be completed because too many were sent in a short time.',
      { domain: GLOBAL, status: 'RESOURCE_EXHAUSTED' },
    ),
  rate_limited: () => refused(403, 'userRateLimitExceeded', 'User Rate Limit Exceeded', { domain: 'usageLimits' }),
  upload_limit: uploadLimit,
  playlist_full: () =>
    refused(403, 'playlistContainsMaximumNumberOfVideos', 'The playlist already contains the maximum allowed number of items.', {
      domain: 'youtube.playlistItem',
    }),
  invalid_grant: () => new WireError(400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }),
  invalid_client: () => new WireError(401, { error: 'invalid_client', error_description: 'The OAuth client was not found.' }),
};

/** What is answered instead of serving the request; null: it is served, in one way or another. */
export function refusalOf(answer: Answer, call: Call): WireError | null {
  return REFUSALS[answer]?.(call) ?? null;
}

/** A fault of Google's own, as each of its services words it. */
export function serverError(call: Call, status: number): WireError {
  if (isOAuth(call)) return new WireError(status, { error: 'internal_failure', error_description: 'Backend Error' });
  return backendError(status);
}

/** The channel may not upload any more for now. */
export function uploadLimit(): WireError {
  return refused(400, 'uploadLimitExceeded', 'The user has exceeded the number of videos they may upload.', { domain: 'youtube.video' });
}
