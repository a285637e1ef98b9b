import { describe, expect, it } from '@jest/globals';
import type { FailureKind } from '#pipeline';
import { elevenLabsFailure } from './failure.js';

const detail = (code: string, message = 'words') => ({ detail: { type: 'x', code, status: code, message } });

describe('what an error of ElevenLabs means', () => {
  it.each<[what: string, status: number, body: unknown, kind: FailureKind, code: string]>([
    ['a wrong parameter', 400, detail('invalid_parameters'), 'permanent', 'ELEVENLABS_INVALID_PARAMETERS'],
    ['a field that the model does not take', 400, detail('unsupported_model'), 'permanent', 'ELEVENLABS_UNSUPPORTED_MODEL'],
    ['a text that is too long', 400, detail('text_too_long'), 'permanent', 'ELEVENLABS_TEXT_TOO_LONG'],
    ['an unknown voice', 400, detail('voice_not_found'), 'permanent', 'ELEVENLABS_VOICE_NOT_FOUND'],
    ['an unknown voice, by its status', 404, {}, 'permanent', 'ELEVENLABS_404'],
    ['a bad key', 401, detail('invalid_api_key'), 'permanent', 'ELEVENLABS_INVALID_API_KEY'],
    ['used-up credits, as 401', 401, detail('quota_exceeded'), 'quota', 'ELEVENLABS_QUOTA_EXCEEDED'],
    ['used-up credits, in the old form', 401, { detail: { status: 'quota_exceeded', message: 'x' } }, 'quota', 'ELEVENLABS_QUOTA_EXCEEDED'],
    ['used-up credits, as 402', 402, detail('payment_required'), 'quota', 'ELEVENLABS_PAYMENT_REQUIRED'],
    ['a forbidden thing', 403, {}, 'permanent', 'ELEVENLABS_403'],
    ['too many at a time', 429, detail('concurrent_limit_exceeded'), 'transient', 'ELEVENLABS_CONCURRENT_LIMIT_EXCEEDED'],
    ['a busy system', 429, detail('system_busy'), 'transient', 'ELEVENLABS_SYSTEM_BUSY'],
    ['a fault of its own', 500, 'Internal Server Error', 'transient', 'ELEVENLABS_500'],
    ['nothing at all', 503, undefined, 'transient', 'ELEVENLABS_503'],
  ])('%s', (_what, status, body, kind, code) => {
    expect(elevenLabsFailure(status, body)).toMatchObject({ kind, code });
  });

  it('names the fields of a validation error', () => {
    const failure = elevenLabsFailure(422, { detail: [{ loc: ['body', 'text'], msg: 'field required', type: 'missing' }, null] });
    expect(failure).toMatchObject({ kind: 'permanent', code: 'ELEVENLABS_VALIDATION_ERROR' });
    expect(failure.userMessage).toContain('body.text: field required');
  });

  it('waits at least as long as it is told', () => {
    expect(elevenLabsFailure(429, detail('system_busy'), '90').retryAfterMs).toBe(90_000);
    expect(elevenLabsFailure(429, detail('system_busy'), null).retryAfterMs).toBeUndefined();
  });
});
