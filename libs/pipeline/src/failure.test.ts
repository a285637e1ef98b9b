import { describe, expect, it } from '@jest/globals';
import { Failure, RETRY_LADDER_MS, permanent, quotaExhausted, retryDelayMs, transient } from '#pipeline';

const MINUTE = 60_000;
const facts = { code: 'KIE_BUSY', message: 'KIE answered 503', userMessage: 'KIE is busy; it is tried again.' };

describe('Failure', () => {
  it('is retriable unless it is permanent', () => {
    expect([transient(facts), quotaExhausted(facts), permanent(facts)].map(({ retriable }) => retriable)).toEqual([true, true, false]);
  });

  it('keeps the cause', () => {
    const cause = new Error('socket hang up');
    expect(transient({ ...facts, cause }).cause).toBe(cause);
    expect('cause' in transient(facts)).toBe(false);
  });

  it('leaves a failure as it is and takes anything else for transient', () => {
    const failure = permanent(facts);
    expect(Failure.from(failure)).toBe(failure);
    const error = new TypeError('fetch failed');
    expect(Failure.from(error)).toMatchObject({ kind: 'transient', code: 'UNEXPECTED', message: 'fetch failed', cause: error });
    expect(Failure.from('a text')).toMatchObject({ kind: 'transient', message: 'a text' });
    expect(Failure.from(undefined)).toMatchObject({ kind: 'transient', message: 'undefined' });
  });

  it('knows a full disk, which no other try can mend and every one would be paid for', () => {
    for (const error of [
      Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
      new Error('VipsTarget: No space left on device'),
    ])
      expect(Failure.from(error)).toMatchObject({
        kind: 'permanent',
        code: 'DISK_FULL',
        billed: 'no',
        userMessage: expect.stringContaining('Make room'),
      });
  });

  it("survives a script's stderr: whole seconds, never earlier than it was", () => {
    const line = JSON.stringify(quotaExhausted({ ...facts, retryAfterMs: 1_200 }));
    expect(JSON.parse(line)).toEqual({
      code: 'KIE_BUSY',
      message: 'KIE answered 503',
      user_message: 'KIE is busy; it is tried again.',
      kind: 'quota',
      retriable: true,
      billed: 'no',
      retry_after_seconds: 2,
    });
    expect(Failure.parse(line)).toMatchObject({ ...facts, kind: 'quota', retryAfterMs: 2_000 });
    expect(Failure.parse(JSON.stringify(permanent(facts)))).toMatchObject({ ...facts, kind: 'permanent', retryAfterMs: undefined });
  });

  it.each([
    'ffmpeg version 7.1',
    '',
    'null',
    '[]',
    '{"code":"A","message":"b"}',
    '{"code":"A","message":"b","user_message":"c","kind":"grave"}',
    '{"code":"A","message":"b","user_message":"c","kind":"quota","retry_after_seconds":"soon"}',
  ])('takes no other line for a failure: %s', (line) => {
    expect(Failure.parse(line)).toBeNull();
  });
});

describe('retryDelayMs', () => {
  const failure = transient(facts);

  it('waits 1, 5, 15 and 60 minutes, then gives up', () => {
    expect([1, 2, 3, 4, 5].map((attempt) => retryDelayMs(attempt, failure, RETRY_LADDER_MS, 0.5))).toEqual([
      MINUTE,
      5 * MINUTE,
      15 * MINUTE,
      60 * MINUTE,
      null,
    ]);
    expect(retryDelayMs(5, transient({ ...facts, retryAfterMs: MINUTE }))).toBeNull();
  });

  it('stays within a quarter of the rung', () => {
    RETRY_LADDER_MS.forEach((rung, index) => {
      expect(retryDelayMs(index + 1, failure, RETRY_LADDER_MS, 0)).toBe(rung * 0.75);
      expect(retryDelayMs(index + 1, failure, RETRY_LADDER_MS, 0.999_999)).toBeLessThanOrEqual(rung * 1.25);
      const delay = retryDelayMs(index + 1, failure);
      expect(delay).toBeGreaterThanOrEqual(rung * 0.75);
      expect(delay).toBeLessThanOrEqual(rung * 1.25);
    });
  });

  it('waits at least as long as the provider asks', () => {
    expect(retryDelayMs(1, transient({ ...facts, retryAfterMs: 90 * MINUTE }), RETRY_LADDER_MS, 0.5)).toBe(90 * MINUTE);
    expect(retryDelayMs(2, transient({ ...facts, retryAfterMs: 1_000 }), RETRY_LADDER_MS, 0.5)).toBe(5 * MINUTE);
  });
});
