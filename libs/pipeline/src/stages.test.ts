import { describe, expect, it } from '@jest/globals';
import {
  FIRST_STEP,
  GATED_STEPS,
  ITEM_KINDS,
  STAGES,
  STAGE_NAMES,
  STATUSES,
  STEPS,
  gateAt,
  isStageName,
  isStepName,
  shownAt,
  stepInfo,
  type StepName,
} from '#pipeline';

describe('the stage table', () => {
  it('is six stages with a queue each, worked from storyboard to publication', () => {
    expect(STAGE_NAMES).toEqual(['asset', 'video', 'audio', 'sfx', 'assembly', 'upload']);
    expect(new Set(STAGE_NAMES.map((stage) => STAGES[stage].queue)).size).toBe(6);
    const way: StepName[] = [];
    for (let name: StepName | null = FIRST_STEP; name; name = stepInfo(name).next) way.push(name);
    expect(way).toEqual([
      'storyboard',
      'images',
      'composites',
      'clips',
      'narrations',
      'sound_effects',
      'cut',
      'captions',
      'thumbnails',
      'publication',
    ]);
    expect(STEPS.map(({ name }) => name)).toEqual(way);
  });

  it('has one step for each kind of item', () => {
    expect(new Set(ITEM_KINDS).size).toBe(STEPS.length);
  });

  it('uses every status but those before the pipeline', () => {
    const used = STEPS.flatMap(({ working, ready, gate, error }) => [working, ready, gate?.waiting, gate?.approved, error]);
    expect(STATUSES.filter((status) => !used.includes(status))).toEqual(['draft', 'queued', 'claimed']);
  });

  it('asks a person before anything expensive or public happens', () => {
    expect(GATED_STEPS.map(({ name, gate, next }) => [name, gate.waiting, gate.approved, next])).toEqual([
      ['images', 'assets_ready', 'assets_approved', 'composites'],
      ['clips', 'video_ready', 'video_approved', 'narrations'],
      ['narrations', 'audio_ready', 'audio_approved', 'sound_effects'],
      ['thumbnails', 'final_review', 'approved', 'publication'],
    ]);
  });

  it('gives a silent worker up sooner than its items time out', () => {
    for (const { lockMs, stalledCheckMs, itemTimeoutMs } of Object.values(STAGES)) {
      expect(stalledCheckMs).toBeLessThan(lockMs);
      expect(lockMs).toBeLessThan(itemTimeoutMs);
    }
  });
});

describe('gateAt', () => {
  it('finds the gate a status waits at', () => {
    expect(gateAt('final_review')?.name).toBe('thumbnails');
    expect(gateAt('assembly_ready')).toBeNull();
    expect(gateAt('approved')).toBeNull();
  });
});

describe('what a gate shows', () => {
  it('is what its step has made, and at last all that will be published', () => {
    const items = ITEM_KINDS.flatMap((kind) => [0, 1].map((position) => ({ kind, position })));
    const shown = GATED_STEPS.map((step) => [...new Set(shownAt(step, items).map(({ kind }) => kind))]);
    expect(shown).toEqual([['image'], ['clip'], ['narration'], ['cut', 'thumbnail', 'caption', 'storyboard']]);
    const [images] = GATED_STEPS;
    expect(images && shownAt(images, items)).toEqual([0, 1].map((position) => ({ kind: 'image', position })));
  });
});

describe('names from outside', () => {
  it('are ours or not, also when they are names of something on every object', () => {
    expect([isStageName('audio'), isStageName('narrations'), isStageName('toString')]).toEqual([true, false, false]);
    expect([isStepName('narrations'), isStepName('audio'), isStepName('constructor')]).toEqual([true, false, false]);
    expect(() => stepInfo('audio' as StepName)).toThrow(/No step is called "audio".*narrations/);
  });
});
