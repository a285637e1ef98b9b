import { describe, expect, it } from '@jest/globals';
import { expectedUsd, prices, readSettings } from '#config';
import type { UnfinishedItem } from '#database';
import { STEPS, usualOutline, type ItemKind, type StepName } from '#pipeline';
import { NOT_BEGUN, RemainingWork } from './remaining-work.js';

const settings = readSettings({});
const remaining = (paces: [ItemKind, number][] = []) => new RemainingWork(settings, new Map(paces));
const upTo = (step: StepName) => STEPS.slice(0, STEPS.findIndex(({ name }) => name === step) + 1).map(({ item }) => item);
const estimate = { scenes: 18, images: 16, seconds: 93, usd: 6.59 };
const price = prices(settings);
const clip = (values: Partial<UnfinishedItem<'clip'>> = {}): UnfinishedItem => ({
  kind: 'clip',
  input: { motion: '', seconds: 5 },
  isPaid: false,
  runningMs: null,
  ...values,
});

describe('what is left of a video', () => {
  it('that is not written is as many scenes as its channel asks for, at about what a video costs', () => {
    const { work, usd } = remaining().of(NOT_BEGUN, 18);
    expect(Object.keys(work)).toEqual(STEPS.map(({ name }) => name));
    expect([work.images?.items, work.clips?.items, work.sound_effects?.items, work.thumbnails?.items]).toEqual([22, 18, 18, 3]);
    expect(work.clips).toEqual({ items: 18, ms: 18 * 160_000, longestMs: 160_000 });
    expect(usd).toBeGreaterThan(6);
    expect(usd).toBeLessThan(7.5);
    expect(remaining().of(NOT_BEGUN, 9).usd).toBeCloseTo(usd / 2, 0);
  });

  it('that is written costs what its storyboard comes to, and less by what is there already', () => {
    expect(remaining().of({ ...NOT_BEGUN, estimate, kinds: upTo('storyboard') }, 3).usd).toBeCloseTo(6.59);
    const atClips = remaining().of({ ...NOT_BEGUN, estimate, kinds: upTo('composites') }, 3);
    expect(atClips.usd).toBeCloseTo(6.59 - 16 * price.image());
    expect(atClips.work.images).toEqual({ items: 0, ms: 0, longestMs: 0 });
    expect(atClips.work.narrations?.items).toBe(18);
    expect(remaining().of({ ...NOT_BEGUN, estimate, kinds: upTo('sound_effects') }, 3).usd).toBe(0);
  });

  it('counts items that are not ready, and pays for none twice', () => {
    const unfinished = [clip(), clip({ input: { motion: '', seconds: 10 } }), clip({ isPaid: true, runningMs: 100_000 })];
    const { work, usd } = remaining().of({ estimate, kinds: upTo('sound_effects'), unfinished }, 3);
    expect(usd).toBeCloseTo(price.clip(15));
    expect(work.clips).toEqual({ items: 3, ms: 160_000 + 240_000 + 60_000, longestMs: 240_000 });
  });

  it('takes an item that does not say what it asks for to be a usual one', () => {
    const bare = [clip({ input: {} }), { ...clip(), kind: 'narration' as const, input: {} as never }];
    const { work, usd } = remaining().of({ estimate, kinds: upTo('narrations'), unfinished: bare }, 3);
    expect(work.clips?.ms).toBe(160_000);
    expect(usd).toBeGreaterThan(price.clip(5));
  });

  it('goes by how long items took of late; one that takes longer still is about to be done', () => {
    const unfinished = [clip(), clip({ isPaid: true, runningMs: 100_000 })];
    const { work } = remaining([['clip', 30_000]]).of({ estimate, kinds: upTo('clips'), unfinished }, 3);
    expect(work.clips).toEqual({ items: 2, ms: 30_000, longestMs: 30_000 });
  });

  it('costs the same whether its items are planned or there', () => {
    const planned = remaining().of({ ...NOT_BEGUN, kinds: upTo('composites') }, 18);
    const clips = Array.from({ length: usualOutline(18).scenes }, () => clip());
    const there = remaining().of({ ...NOT_BEGUN, kinds: upTo('clips'), unfinished: clips }, 18);
    expect(there.usd).toBeCloseTo(planned.usd);
    expect(expectedUsd('clip', { motion: '', seconds: 5 }, settings) * 18).toBeLessThan(planned.usd);
  });
});
