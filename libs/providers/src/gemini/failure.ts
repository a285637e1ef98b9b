import { type Failure, permanent, quotaExhausted, transient, untilPacificMidnightMs } from '#pipeline';

/** Models that Google has switched off, and what took their place (Gemini deprecations page, read 2026-11-20). */
const RETIRED: Readonly<Record<string, string>> = {
  'gemini-2.5-flash': 'gemini-3.5-flash-lite',
  'gemini-2.5-flash-image': 'gemini-nano-banana-2.1',
  'gemini-3.1-flash-image': 'gemini-nano-banana-2.1',
};

interface WireError {
  code: number;
  status: string;
  message: string;
  details: Record<string, unknown>[];
}

/**
 * What Gemini's error answer means.
 * @param body the answer's text: `{"error":{"code","message","status","details"}}`
 */
export function geminiFailure(httpStatus: number, body: string, model: string): Failure {
  const error = wireError(httpStatus, body);
  const base = { code: `GEMINI_${error.status}`, message: `Gemini ${model}: ${error.code} ${error.status}: ${error.message}` };
  if (error.code === 429) return limitFailure(error, base);
  if (error.code === 404) {
    const replacement = RETIRED[model];
    const instead = replacement ? `Use ${replacement} instead.` : 'Look up the models that your key may use.';
    return permanent({
      ...base,
      userMessage: `Gemini no longer has the model ${model} for this key. ${instead} (GEMINI_TEXT_MODEL, GEMINI_IMAGE_MODEL)`,
    });
  }
  if (isBadKey(error)) {
    return permanent({
      ...base,
      code: 'GEMINI_KEY_REFUSED',
      userMessage: 'Gemini refused the key. Check GEMINI_API_KEY and that its project may use the API, then retry.',
    });
  }
  if (error.code === 408 || error.code === 499 || error.code >= 500) {
    // With these, somebody between us and the model gave up waiting; the model may have gone on.
    const billed = [408, 499, 502, 504].includes(error.code) ? 'unknown' : 'no';
    return transient({ ...base, billed, userMessage: 'Gemini is overloaded or did not answer in time. It is tried again by itself.' });
  }
  return permanent({ ...base, userMessage: `Gemini did not accept the request: ${error.message}` });
}

function limitFailure(error: WireError, base: { code: string; message: string }): Failure {
  const violations = error.details.flatMap(({ violations }) => records(violations));
  // A limit of nothing is not used up; it is all that the key's plan gives.
  if (violations.some(({ quotaValue }) => String(quotaValue) === '0') || /\blimit: 0\b/.test(error.message)) {
    return permanent({
      ...base,
      code: 'GEMINI_NOT_IN_PLAN',
      userMessage: "This model is not in the plan of Gemini's key. Switch on billing for its project or choose another model, then retry.",
    });
  }
  // Checked first: the answer to a used-up day also carries a retryDelay of seconds.
  if (violations.some(({ quotaId }) => String(quotaId).includes('PerDay'))) {
    return quotaExhausted({
      ...base,
      code: 'GEMINI_DAY_EXHAUSTED',
      userMessage: "Gemini's requests for today are used up. The work goes on by itself after midnight Pacific time.",
      retryAfterMs: untilPacificMidnightMs(),
    });
  }
  const delay = error.details.map(({ retryDelay }) => /^([\d.]+)s$/.exec(String(retryDelay))?.[1]).find(Boolean);
  return transient({
    ...base,
    userMessage: 'Gemini takes fewer requests a minute than were sent. It is tried again by itself.',
    rateLimited: true,
    ...(delay && { retryAfterMs: Math.ceil(Number(delay) * 1_000) }),
  });
}

function isBadKey({ code, details, message }: WireError): boolean {
  // A key that does not exist is answered 400, not 401.
  return code === 401 || code === 403 || details.some(({ reason }) => reason === 'API_KEY_INVALID') || /api key not valid/i.test(message);
}

function wireError(httpStatus: number, body: string): WireError {
  try {
    const { error } = JSON.parse(body) as { error?: Partial<WireError> };
    return {
      code: typeof error?.code === 'number' ? error.code : httpStatus,
      // The SDK puts a proxy's own words here when the answer was no JSON.
      status: /^[A-Z_]+$/.test(error?.status ?? '') ? (error?.status ?? '') : 'ERROR',
      message: typeof error?.message === 'string' ? error.message : 'no message',
      details: records(error?.details),
    };
  } catch {
    return { code: httpStatus, status: 'ERROR', message: body.slice(0, 300), details: [] };
  }
}

/** The objects of a list from outside. */
function records(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null) : [];
}
