import { type Failure, permanent, quotaExhausted, transient } from '#pipeline';

/** An account's credits come back with its next period or when someone tops it up; it is looked at again every hour. */
const LOOK_AGAIN_MS = 3_600_000;

/**
 * What an error answer of ElevenLabs means.
 * @param body the parsed answer; `detail` is an object with a code, a list (validation) or only a message (older routes)
 * @param retryAfter the header of that name, in seconds
 */
export function elevenLabsFailure(httpStatus: number, body: unknown, retryAfter?: string | null): Failure {
  const { code, message } = detailOf(body);
  const base = {
    code: `ELEVENLABS_${(code ?? String(httpStatus)).toUpperCase()}`,
    message: `ElevenLabs: ${httpStatus} ${code ?? ''}: ${message}`,
  };
  // A used-up account has been answered 401 as well as 402.
  if (code === 'quota_exceeded' || httpStatus === 402) {
    return quotaExhausted({
      ...base,
      userMessage: 'The ElevenLabs credits are used up. The work goes on by itself once there are new ones.',
      retryAfterMs: LOOK_AGAIN_MS,
    });
  }
  if (httpStatus === 401 || httpStatus === 403) {
    return permanent({ ...base, userMessage: 'ElevenLabs refused the key. Check ELEVENLABS_API_KEY and its rights, then retry.' });
  }
  if (code === 'voice_not_found' || httpStatus === 404) {
    return permanent({ ...base, userMessage: "ElevenLabs does not know this voice. Check voice_id in the channel's file, then retry." });
  }
  if (httpStatus === 429 || httpStatus === 408) {
    const seconds = Number(retryAfter);
    return transient({
      ...base,
      userMessage: 'ElevenLabs makes fewer sounds at a time than were asked for. It is tried again by itself.',
      rateLimited: httpStatus === 429,
      billed: httpStatus === 408 ? 'unknown' : 'no',
      ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }),
    });
  }
  if (httpStatus >= 500) {
    // With these, a proxy gave up waiting for the model.
    const billed = httpStatus === 502 || httpStatus === 504 ? 'unknown' : 'no';
    return transient({ ...base, billed, userMessage: 'ElevenLabs had an error of its own. It is tried again by itself.' });
  }
  return permanent({ ...base, userMessage: `ElevenLabs did not accept the request: ${message}` });
}

function detailOf(body: unknown): { code: string | null; message: string } {
  const detail = (body as { detail?: unknown } | null | undefined)?.detail;
  if (Array.isArray(detail)) {
    const said = detail.map((entry: unknown) => {
      const { loc, msg } = (entry ?? {}) as { loc?: unknown; msg?: unknown };
      return `${Array.isArray(loc) ? loc.join('.') : ''}: ${String(msg)}`;
    });
    return { code: 'validation_error', message: said.join('; ') };
  }
  if (typeof detail === 'object' && detail !== null) {
    const { code, status, message } = detail as Record<string, unknown>;
    const name = code ?? status;
    return { code: typeof name === 'string' ? name : null, message: typeof message === 'string' ? message : 'no message' };
  }
  return { code: null, message: typeof detail === 'string' ? detail : 'no message' };
}
