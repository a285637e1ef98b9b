import { describe, expect, it } from '@jest/globals';
import { STATUSES, statusFromTitle, statusTitle } from '#pipeline';

describe('statuses', () => {
  it('are 26, none twice, the errors last', () => {
    expect(new Set(STATUSES).size).toBe(26);
    expect(STATUSES.slice(-4).every((status) => status.endsWith('_error'))).toBe(true);
  });

  it('are read in Notion as words', () => {
    expect(statusTitle('assets_ready')).toBe('Assets Ready');
    expect(statusTitle('draft')).toBe('Draft');
  });

  it('survive the way to Notion and back', () => {
    expect(STATUSES.map((status) => statusFromTitle(statusTitle(status)))).toEqual(STATUSES);
  });

  it('are recognised however people type them, and only they are', () => {
    expect(statusFromTitle('  assets   APPROVED ')).toBe('assets_approved');
    expect(statusFromTitle('Assets')).toBeNull();
    expect(statusFromTitle('')).toBeNull();
  });
});
