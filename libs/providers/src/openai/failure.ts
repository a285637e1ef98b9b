import { type Failure, permanent, quotaExhausted, transient } from '#pipeline';

/** Credits come back when somebody buys them; it is looked at again every hour. */
const LOOK_AGAIN_MS = 3_600_000;

/** What an error of OpenAI, or of somebody who speaks its language, means (platform.openai.com, error codes, read 2026-11-20). */
export function openAiFailure(error: {
  status: number;
  code: string | null;
  message: string;
  /** The header of that name, in seconds. */
  retryAfter: string | null;
  model: string;
}): Failure {
  const { status, code, message, retryAfter, model } = error;
  const base = { code: `OPENAI_${(code ?? String(status)).toUpperCase()}`, message: `OpenAI ${model}: ${message}` };
  if (code === 'insufficient_quota') {
    return quotaExhausted({
      ...base,
      userMessage: "The text model's account has no credit left. The work goes on by itself once there is some.",
      retryAfterMs: LOOK_AGAIN_MS,
    });
  }
  if (status === 401 || status === 403) {
    return permanent({ ...base, userMessage: 'The text model refused the key. Check OPENAI_API_KEY and OPENAI_BASE_URL, then retry.' });
  }
  if (status === 404) {
    return permanent({ ...base, userMessage: `The text model ${model} does not exist for this key. Choose another in OPENAI_TEXT_MODEL.` });
  }
  if (status === 429 || status === 408 || status === 409) {
    const seconds = Number(retryAfter);
    return transient({
      ...base,
      userMessage: 'The text model takes fewer requests at a time than were sent. It is tried again by itself.',
      rateLimited: status === 429,
      billed: status === 408 ? 'unknown' : 'no',
      ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }),
    });
  }
  if (status >= 500) {
    // With these, a proxy gave up waiting for the model.
    const billed = status === 502 || status === 504 ? 'unknown' : 'no';
    return transient({ ...base, billed, userMessage: 'The text model had an error of its own. It is tried again by itself.' });
  }
  return permanent({ ...base, userMessage: `The text model did not accept the request: ${message}` });
}
