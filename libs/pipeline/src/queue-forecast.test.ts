import { describe, expect, it } from '@jest/globals';
import { PRIORITIES, QueueForecast, STEPS, type LanePlaces, type StepName, type VideoWork, type VideosInLine } from '#pipeline';
import fc from 'fast-check';

const CHANNELS = ['a', 'b', 'c'];
const CLIPS = work({ clips: [18, 240_000], cut: [1, 60_000] });

/** Items of each step, and how long each of them takes (ms). */
function work(steps: Partial<Record<StepName, [items: number, ms: number]>>): VideoWork {
  return Object.fromEntries(Object.entries(steps).map(([step, [items, ms]]) => [step, { items, ms: items * ms, longestMs: items && ms }]));
}

const lanes = (places: number, caps?: Record<string, number>): LanePlaces[] => [
  { name: 'kie', places, steps: ['clips'], ...(caps && { caps: new Map(Object.entries(caps)) }) },
  { name: 'assembly', places: 1, steps: ['cut'] },
];
const video = (channelId: string, count = 1, priority: VideosInLine['priority'] = 'normal'): VideosInLine => ({
  channelId,
  priority,
  count,
  work: CLIPS,
});
const place = (channelId: string, at: number, priority: VideosInLine['priority'] = 'normal') => ({
  ...video(channelId, 1, priority),
  place: at,
});
const CLIPS_MS = 18 * 240_000;

describe('a forecast', () => {
  it('of nothing is nothing, of one video its own way', () => {
    expect(new QueueForecast(lanes(8), []).finishMs()).toBeNull();
    const alone = new QueueForecast(lanes(8), [video('a')]);
    expect(alone.finishMs()).toBe(CLIPS_MS / 8 + 60_000);
    expect(new QueueForecast(lanes(100), [video('a')]).finishMs()).toBe(240_000 + 60_000);
  });

  it('of many is the lane that is full longest, and the way of the last from there', () => {
    const queue = new QueueForecast(lanes(8), [video('a', 60)]);
    expect(queue.finishMs()).toBe((60 * CLIPS_MS) / 8 + 60_000);
    expect(queue.laneForecasts()).toEqual([
      { name: 'kie', places: 8, items: 60 * 18, workMs: 60 * CLIPS_MS, finishMs: (60 * CLIPS_MS) / 8 },
      { name: 'assembly', places: 1, items: 60, workMs: 60 * 60_000, finishMs: 60 * 60_000 },
    ]);
  });

  it('goes around the channels: the first video of one is not behind the two hundred of another', () => {
    const queue = new QueueForecast(lanes(8), [video('a', 200), video('b', 2)]);
    const rounds = (many: number) => (many * CLIPS_MS) / 8 + 60_000;
    expect(queue.videoFinishMs(place('b', 1))).toBe(rounds(2));
    expect(queue.channelFinishMs('b')).toBe(rounds(4));
    expect(queue.videoFinishMs(place('a', 1))).toBe(rounds(2));
    expect(queue.videoFinishMs(place('a', 50))).toBe(rounds(52));
    expect(queue.finishMs()).toBe(rounds(202));
  });

  it('puts what is urgent first', () => {
    const queue = new QueueForecast(lanes(8), [video('a', 10), video('b', 3, 'high')]);
    expect(queue.videoFinishMs(place('b', 3, 'high'))).toBe((3 * CLIPS_MS) / 8 + 60_000);
    expect(queue.videoFinishMs(place('a', 1))).toBe((4 * CLIPS_MS) / 8 + 60_000);
  });

  it('does not have a video wait for a lane that it has passed', () => {
    const uploading = { channelId: 'b', priority: 'low' as const, work: work({ publication: [1, 60_000] }) };
    const queue = new QueueForecast(
      [...lanes(8), { name: 'upload', places: 4, steps: ['publication'] }],
      [video('a', 60), { ...uploading, count: 1 }],
    );
    expect(queue.videoFinishMs({ ...uploading, place: 1 })).toBe(60_000);
  });

  it('begins no more in a minute than a lane may', () => {
    const paced = lanes(100).map((lane) => ({ ...lane, spacingMs: lane.name === 'kie' ? 60_000 : 0 }));
    const queue = new QueueForecast(paced, [video('a', 10)]);
    expect(queue.finishMs()).toBe(10 * 18 * 60_000 + 60_000);
    expect(queue.laneForecasts()[0]).toMatchObject({ workMs: 10 * CLIPS_MS, finishMs: 10 * 18 * 60_000 });
  });

  it('holds a channel to what it may have of a lane', () => {
    const queue = new QueueForecast(lanes(8, { a: 2 }), [video('a', 4), video('b', 4)]);
    expect(queue.channelFinishMs('a')).toBe((4 * CLIPS_MS) / 2 + 60_000);
    expect(queue.channelFinishMs('b')).toBe((8 * CLIPS_MS) / 8 + 60_000);
  });
});

describe('whatever waits', () => {
  const someWork = fc
    .dictionary(
      fc.constantFrom(...STEPS.map(({ name }) => name)),
      fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 300_000 })),
    )
    .map((steps) => work(steps));
  const someVideos = fc.array(
    fc.record({
      channelId: fc.constantFrom(...CHANNELS),
      priority: fc.constantFrom(...PRIORITIES),
      count: fc.integer({ min: 1, max: 40 }),
      work: someWork,
    }),
    { minLength: 1, maxLength: 12 },
  );
  /** Every step in one of four lanes, in whatever order. */
  const someLanes = fc
    .record({
      of: fc.array(fc.nat({ max: 3 }), { minLength: STEPS.length, maxLength: STEPS.length }),
      places: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 4, maxLength: 4 }),
      spacingMs: fc.array(fc.constantFrom(0, 0, 10_000), { minLength: 4, maxLength: 4 }),
      caps: fc.array(fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }), { minLength: 4, maxLength: 4 }),
    })
    .map(({ of, places, spacingMs, caps }) =>
      places.flatMap((some, index): LanePlaces[] => {
        const steps = STEPS.filter((_step, at) => of[at] === index).map(({ name }) => name);
        const cap = caps[index];
        return steps.length === 0
          ? []
          : [{ name: `lane ${index}`, places: some, spacingMs: spacingMs[index] ?? 0, steps, ...(cap && { caps: new Map([['a', cap]]) }) }];
      }),
    );
  /** Sums of floating-point numbers differ by the order in which they are made (ms). */
  const ABOUT = 0.01;
  /** When each group's last video is done, and the whole. */
  const finishes = (queue: QueueForecast, videos: readonly VideosInLine[]) => [
    queue.finishMs() ?? 0,
    ...CHANNELS.map((channel) => queue.channelFinishMs(channel) ?? 0),
    ...videos.map((some, index) => {
      const before = videos
        .slice(0, index + 1)
        .filter(({ channelId, priority }) => channelId === some.channelId && priority === some.priority);
      return queue.videoFinishMs({ ...some, place: before.reduce((sum, { count }) => sum + count, 0) });
    }),
  ];
  const neverEarlier = (than: readonly number[], finished: readonly number[]) => {
    than.forEach((ms, index) => {
      expect(finished[index]).toBeGreaterThanOrEqual(ms - ABOUT);
    });
  };

  it('more work never ends earlier', () => {
    fc.assert(
      fc.property(someLanes, someVideos, fc.nat(), fc.constantFrom(...STEPS.map(({ name }) => name)), (some, videos, at, step) => {
        const before = finishes(new QueueForecast(some, videos), videos);
        const more = videos.map((group, index) => {
          if (index !== at % videos.length) return group;
          const { items = 0, ms = 0, longestMs = 0 } = group.work[step] ?? {};
          return { ...group, work: { ...group.work, [step]: { items: items + 1, ms: ms + 5_000, longestMs: Math.max(5_000, longestMs) } } };
        });
        neverEarlier(before, finishes(new QueueForecast(some, more), more));
      }),
    );
  });

  it('another video makes nothing end earlier', () => {
    fc.assert(
      fc.property(someLanes, someVideos, someVideos, (some, videos, others) => {
        const all = [...videos, ...others];
        neverEarlier(finishes(new QueueForecast(some, videos), videos), finishes(new QueueForecast(some, all), videos));
      }),
    );
  });

  it('with fewer places nothing ends earlier', () => {
    fc.assert(
      fc.property(someLanes, someVideos, fc.nat(), (some, videos, at) => {
        const fewer = some.map((lane, index) => (index === at % some.length ? { ...lane, places: Math.max(1, lane.places - 1) } : lane));
        neverEarlier(finishes(new QueueForecast(some, videos), videos), finishes(new QueueForecast(fewer, videos), videos));
      }),
    );
  });

  it('no video, no channel and no lane ends after the whole, and no video before the one in front of it', () => {
    fc.assert(
      fc.property(someLanes, someVideos, (some, videos) => {
        const queue = new QueueForecast(some, videos);
        const whole = queue.finishMs() ?? 0;
        for (const ms of finishes(queue, videos)) expect(ms).toBeLessThanOrEqual(whole + ABOUT);
        for (const { finishMs } of queue.laneForecasts()) expect(finishMs).toBeLessThanOrEqual(whole + ABOUT);
        const [group] = videos;
        const at = (nth: number) => (group ? queue.videoFinishMs({ ...group, place: nth }) : 0);
        for (let nth = 1; nth < (group?.count ?? 0); nth++) expect(at(nth)).toBeLessThanOrEqual(at(nth + 1) + ABOUT);
      }),
    );
  });
});
