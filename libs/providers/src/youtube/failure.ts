import { type Failure, permanent, quotaExhausted, transient, untilPacificMidnightMs } from '#pipeline';

const DAY_MS = 24 * 3_600_000;
/** Code of every answer with which YouTube says that it has done nothing. */
export const OUT_OF_ORDER = 'YOUTUBE_OUT_OF_ORDER';

/** No more videos can be uploaded with the Google project until the day is over. */
export function uploadsUsedUp(what: { message: string; retryAfterMs: number }): Failure {
  return quotaExhausted({
    ...what,
    code: 'YOUTUBE_UPLOADS_USED_UP',
    userMessage: "Today's uploads to YouTube are used up. It goes on by itself after midnight Pacific time.",
  });
}

/** Nothing more can be asked of YouTube with the Google project until the day is over. */
export function unitsUsedUp(what: { message: string; retryAfterMs: number }): Failure {
  return quotaExhausted({
    ...what,
    code: 'YOUTUBE_UNITS_USED_UP',
    userMessage: "Today's quota of YouTube is used up. It goes on by itself after midnight Pacific time.",
  });
}

/**
 * What an error answer of YouTube means.
 * @param body the parsed answer: `{"error":{"code","message","errors":[{"reason","domain"}]}}`
 */
export function youtubeFailure(httpStatus: number, body: unknown): Failure {
  const { reason, message } = wireError(body);
  const base = { code: `YOUTUBE_${constantCase(reason) || httpStatus}`, message: `YouTube: ${httpStatus} ${reason}: ${message}` };
  // The day's uploads run out as a 429 that only its text tells from being too fast.
  const uploadsOfDay = httpStatus === 429 && /video uploads per day/i.test(message);
  if (uploadsOfDay) return uploadsUsedUp({ message: base.message, retryAfterMs: untilPacificMidnightMs() });
  if (reason === 'quotaExceeded' || reason === 'dailyLimitExceeded')
    return unitsUsedUp({ message: base.message, retryAfterMs: untilPacificMidnightMs() });
  if (reason === 'uploadLimitExceeded') {
    return quotaExhausted({
      ...base,
      userMessage: 'YouTube takes no more videos for this channel today. The upload is tried again tomorrow.',
      retryAfterMs: DAY_MS,
    });
  }
  if (httpStatus >= 500)
    return transient({ ...base, code: OUT_OF_ORDER, userMessage: 'YouTube did not take the request. It is tried again by itself.' });
  if (httpStatus === 429 || /rateLimitExceeded$/i.test(reason) || httpStatus === 408) {
    const rateLimited = httpStatus === 429 || /rateLimitExceeded$/i.test(reason);
    return transient({ ...base, rateLimited, userMessage: 'YouTube did not take the request. It is tried again by itself.' });
  }
  if (httpStatus === 401)
    return permanent({ ...base, userMessage: 'YouTube refused the access of this channel. Connect the channel again, then retry.' });
  if (httpStatus === 403)
    return permanent({
      ...base,
      userMessage: `YouTube forbids it (${reason}: ${message}). Check the channel in YouTube Studio, then retry.`,
    });
  return permanent({ ...base, userMessage: `YouTube did not accept the video (${reason}: ${message}).` });
}

function wireError(body: unknown): { reason: string; message: string } {
  const error = (body as { error?: { message?: unknown; errors?: { reason?: unknown }[] } } | null | undefined)?.error;
  const reason = error?.errors?.[0]?.reason;
  return { reason: typeof reason === 'string' ? reason : '', message: typeof error?.message === 'string' ? error.message : 'no message' };
}

function constantCase(reason: string): string {
  return reason.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** What an answer means that is no success. */
export async function failureOfResponse(response: Response): Promise<Failure> {
  const text = await response.text();
  try {
    return youtubeFailure(response.status, JSON.parse(text));
  } catch {
    return youtubeFailure(response.status, { error: { message: text.slice(0, 200) } });
  }
}
