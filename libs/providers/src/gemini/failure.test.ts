import { describe, expect, it } from '@jest/globals';
import { untilPacificMidnightMs, type FailureKind } from '#pipeline';
import { geminiFailure } from './failure.js';

const MODEL = 'gemini-nano-banana-2.1';
const body = (code: number, status: string, message: string, details: unknown[] = []) =>
  JSON.stringify({ error: { code, message, status, details } });
const quota = (...violations: object[]) => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations });
const retry = (retryDelay: string) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
const exhausted = (...details: unknown[]) => body(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded', details);

const minute = { quotaId: 'GenerateRequestsPerMinutePerProjectPerModel', quotaValue: '10' };
const day = { quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '250' };

describe('what an error of Gemini means', () => {
  it.each<[what: string, status: number, body: string, kind: FailureKind, code: string]>([
    ['a bad request', 400, body(400, 'INVALID_ARGUMENT', 'Invalid aspect ratio'), 'permanent', 'GEMINI_INVALID_ARGUMENT'],
    ['a country without the free tier', 400, body(400, 'FAILED_PRECONDITION', 'not available'), 'permanent', 'GEMINI_FAILED_PRECONDITION'],
    ['a bad key', 400, body(400, 'INVALID_ARGUMENT', 'x', [{ reason: 'API_KEY_INVALID' }]), 'permanent', 'GEMINI_KEY_REFUSED'],
    ['a bad key, in words', 400, body(400, 'INVALID_ARGUMENT', 'API key not valid.'), 'permanent', 'GEMINI_KEY_REFUSED'],
    ['a key without rights', 403, body(403, 'PERMISSION_DENIED', 'no'), 'permanent', 'GEMINI_KEY_REFUSED'],
    ['an unknown model', 404, body(404, 'NOT_FOUND', 'no longer available'), 'permanent', 'GEMINI_NOT_FOUND'],
    ['too many a minute', 429, exhausted(quota(minute), retry('26s')), 'transient', 'GEMINI_RESOURCE_EXHAUSTED'],
    ['too many, without details', 429, exhausted(), 'transient', 'GEMINI_RESOURCE_EXHAUSTED'],
    ['too many, with details of no use', 429, exhausted(null, 7, { violations: 'x' }), 'transient', 'GEMINI_RESOURCE_EXHAUSTED'],
    ['a used-up day', 429, exhausted(retry('26s'), quota(day)), 'quota', 'GEMINI_DAY_EXHAUSTED'],
    ['a used-up day and minute', 429, exhausted(quota(minute, day)), 'quota', 'GEMINI_DAY_EXHAUSTED'],
    ['a model outside the plan', 429, exhausted(quota({ ...day, quotaValue: '0' })), 'permanent', 'GEMINI_NOT_IN_PLAN'],
    ['a model outside the plan, in words', 429, body(429, 'RESOURCE_EXHAUSTED', 'x, limit: 0, y'), 'permanent', 'GEMINI_NOT_IN_PLAN'],
    ['a call that was given up', 499, body(499, 'CANCELLED', 'x'), 'transient', 'GEMINI_CANCELLED'],
    ['a fault of its own', 500, body(500, 'INTERNAL', 'x'), 'transient', 'GEMINI_INTERNAL'],
    ['overload', 503, body(503, 'UNAVAILABLE', 'x'), 'transient', 'GEMINI_UNAVAILABLE'],
    ['slowness', 504, body(504, 'DEADLINE_EXCEEDED', 'x'), 'transient', 'GEMINI_DEADLINE_EXCEEDED'],
    ["a proxy's page", 502, '<html>Bad Gateway</html>', 'transient', 'GEMINI_ERROR'],
    ['JSON of another kind', 500, 'null', 'transient', 'GEMINI_ERROR'],
  ])('%s', (_what, status, text, kind, code) => {
    expect(geminiFailure(status, text, MODEL)).toMatchObject({ kind, code });
  });

  it('waits as long as it is told, and to midnight in Los Angeles when the day is used up', () => {
    expect(geminiFailure(429, exhausted(quota(minute), retry('47.3s')), MODEL).retryAfterMs).toBe(47_300);
    const { retryAfterMs = 0 } = geminiFailure(429, exhausted(quota(day), retry('26s')), MODEL);
    expect(Math.abs(retryAfterMs - untilPacificMidnightMs())).toBeLessThan(1_000);
  });

  it.each([
    ['gemini-2.5-flash', 'gemini-3.5-flash-lite'],
    ['gemini-2.5-flash-image', 'gemini-nano-banana-2.1'],
    ['gemini-3.1-flash-image', 'gemini-nano-banana-2.1'],
  ])('names what took the place of %s', (retired, replacement) => {
    expect(geminiFailure(404, body(404, 'NOT_FOUND', 'x'), retired).userMessage).toContain(`Use ${replacement} instead`);
  });
});
