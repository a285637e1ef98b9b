import { describe, expect, it } from '@jest/globals';
import { Finding, findingLines, madeForGate, passage } from './findings.js';
import { parse } from './parse.js';
import { ITEM_KINDS } from './stages.js';

const grave = passage('frozen', 'Frozen', [1_240, 5_000], true);
const slight = passage('black', 'Black', [0, 300], false);

describe('findings', () => {
  it('say where, in seconds, and can be read back as they were stored', () => {
    expect(grave).toEqual({ code: 'frozen', message: 'Frozen from 1.2 to 5.0 s', grave: true, from_ms: 1_240, to_ms: 5_000 });
    const stored = JSON.parse(JSON.stringify(grave)) as object;
    expect(parse(Finding, stored)).toMatchObject({ ok: true, value: grave });
    for (const wrong of [{ code: 'ugly' }, { message: '' }, { grave: 'yes' }, { from_ms: -1 }])
      expect(parse(Finding, { ...stored, ...wrong }).ok).toBe(false);
  });

  it('are told in a few lines, the grave ones first, with the items as people number them', () => {
    const items = [
      { kind: 'sound_effect' as const, position: 0, findings: [slight, slight] },
      { kind: 'clip' as const, position: 6, findings: [grave] },
      { kind: 'clip' as const, position: 7, findings: [] },
    ];
    expect(findingLines(items, 3)).toEqual([
      'Clip 7: frozen from 1.2 to 5.0 s',
      'Sound effect 1: black from 0.0 to 0.3 s',
      'Sound effect 1: black from 0.0 to 0.3 s',
    ]);
    expect(findingLines(items, 1)).toEqual(['Clip 7: frozen from 1.2 to 5.0 s', 'and 2 more']);
    expect(findingLines([], 3)).toEqual([]);
  });

  it('are shown at the first gate after their item, also where no gate shows it by itself', () => {
    const items = ITEM_KINDS.map((kind) => ({ kind }));
    const at = (status: Parameters<typeof madeForGate>[0]) => madeForGate(status, items).map(({ kind }) => kind);
    expect(at('assets_ready')).toEqual(['storyboard', 'image']);
    expect(at('video_ready')).toEqual(['composite', 'clip']);
    expect(at('audio_ready')).toEqual(['narration']);
    expect(at('final_review')).toEqual(['sound_effect', 'cut', 'caption', 'thumbnail']);
    expect(at('generating_video')).toEqual([]);
  });
});
