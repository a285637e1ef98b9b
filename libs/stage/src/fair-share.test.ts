import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextInTurn, type Shares, type Waiting } from './fair-share.js';

const NOTHING: Shares = { clock: 0, finishes: new Map() };
const items = (channelId: string, count: number, level = 0, seconds = 10): Waiting[] =>
  Array.from({ length: count }, () => ({ channelId, level, seconds }));
const alike = () => 1;
const order = (waiting: readonly Waiting[], room: number, shares = NOTHING, weight: (channelId: string) => number = alike) =>
  nextInTurn(waiting, shares, room, weight).picks.map(({ item }) => item.channelId);

/** Begins one at a time, as places come free, and says whose it was. */
function oneByOne(waiting: Waiting[], count: number, weight: (channelId: string) => number = alike): string[] {
  let shares = NOTHING;
  return Array.from({ length: count }, () => {
    const turn = nextInTurn(waiting, shares, 1, weight);
    shares = turn.shares;
    const [pick] = turn.picks;
    if (!pick) throw new Error('nothing waits');
    waiting.splice(waiting.indexOf(pick.item), 1);
    return pick.item.channelId;
  });
}

describe('whose turn it is', () => {
  it('goes round the channels, whatever each has waiting', () => {
    expect(order([...items('a', 200), ...items('b', 3), ...items('c', 1)], 7)).toEqual(['a', 'b', 'c', 'a', 'b', 'a', 'b']);
  });

  it('is a newcomer at once, who pays for nothing that others have had, and gets nothing for having been away', () => {
    const before = nextInTurn(items('a', 100), NOTHING, 50, alike).shares;
    const later = order([...items('a', 100), ...items('b', 5)], 6, before);
    expect(later[0]).toBe('b');
    expect(later.filter((channel) => channel === 'b')).toHaveLength(3);
  });

  it('is what is urgent first, and that is charged, but puts nobody else back', () => {
    const waiting = [...items('a', 20, 0), ...items('a', 50, 1), ...items('b', 50, 1)];
    const first = nextInTurn(waiting, NOTHING, 20, alike);
    expect(first.picks.every(({ item }) => item.level === 0)).toBe(true);
    // Who comes now has no more before it than b has.
    expect(order([...items('b', 50, 1), ...items('c', 50, 1)], 4, first.shares)).toEqual(['b', 'c', 'b', 'c']);
  });

  it('passes over what limits do not allow', () => {
    let left = 2;
    const limits = {
      allows: ({ channelId }: Waiting) => channelId !== 'a' || left > 0,
      take: ({ channelId }: Waiting) => {
        if (channelId === 'a') left -= 1;
      },
    };
    const { picks } = nextInTurn([...items('a', 9), ...items('b', 9)], NOTHING, 8, alike, limits);
    expect(picks.map(({ item }) => item.channelId)).toEqual(['a', 'b', 'a', 'b', 'b', 'b', 'b', 'b']);
  });

  it('is forgotten for no one whose limit kept it away: nobody else waits until it has caught up', () => {
    const capped = { allows: ({ channelId }: Waiting) => channelId !== 'a', take: () => undefined };
    const { shares } = nextInTurn([...items('a', 9), ...items('b', 99)], NOTHING, 50, alike, capped);
    expect(
      order([...items('a', 99), ...items('b', 99), ...items('c', 99)], 6, shares).filter((channel) => channel === 'b').length,
    ).toBeGreaterThan(0);
  });

  it('shares time by weight, within one item of each channel, for any lengths', () => {
    const weight = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), weight: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(
        fc.uniqueArray(weight, { minLength: 2, selector: ({ id }) => id }),
        fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
        (channels, lengths) => {
          const weights = new Map<string, number>(channels.map(({ id, weight }) => [id, weight]));
          const waiting = channels.flatMap(({ id }) =>
            Array.from({ length: 300 }, () => ({
              channelId: id,
              level: 0,
              seconds: (lengths.next() as IteratorYieldResult<number>).value,
            })),
          );
          const { picks } = nextInTurn(waiting, NOTHING, 200, (id) => weights.get(id) ?? 1);
          const served = (id: string) =>
            picks.filter(({ item }) => item.channelId === id).reduce((sum, { item }) => sum + item.seconds, 0) / (weights.get(id) ?? 1);
          const shares = channels.map(({ id }) => served(id));
          // Goyal, Vin and Cheng 1996, theorem 1: they differ by no more than the longest item of each, by its weight.
          const most = channels.map(({ weight }) => 30 / weight).toSorted((one, other) => other - one);
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual((most[0] ?? 0) + (most[1] ?? 0) + 1e-9);
        },
      ),
    );
  });

  it('is the same one by one as all at once', () => {
    const waiting = () => [...items('a', 30, 0, 7), ...items('b', 30, 0, 11), ...items('c', 30, 0, 3)];
    expect(oneByOne(waiting(), 40)).toEqual(order(waiting(), 40));
  });

  it('gives a channel of weight two twice as much', () => {
    const picks = oneByOne([...items('a', 300), ...items('b', 300)], 300, (channelId) => (channelId === 'a' ? 2 : 1));
    expect(picks.filter((channel) => channel === 'a')).toHaveLength(200);
  });
});
