import { describe, expect, it } from '@jest/globals';
import { STATUSES, parseStoryboard } from '#pipeline';
describe('x', () => { it('y', () => { expect(STATUSES.length).toBeGreaterThan(3); expect(parseStoryboard({}).ok).toBe(false); }); });
