import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pacificDay, untilPacificMidnightMs } from '#pipeline';
import { Clock } from '#youtube';
import type { Publisher } from './publisher.js';
import { Studio, playlistOf, type Approved } from './studio.js';

jest.setTimeout(300_000);

const HOUR_MS = 3_600_000;

/** A clock that stands until it is told otherwise. */
class StandingClock extends Clock {
  constructor(private moment: Date) {
    super();
  }
  override now(): Date {
    return this.moment;
  }
  set(moment: Date): void {
    this.moment = moment;
  }
}

let studio: Studio;
let clock: StandingClock;
let publisher: Publisher;

async function open(at: string, settings: Readonly<Record<string, string>> = {}): Promise<void> {
  clock = new StandingClock(new Date(at));
  studio = await Studio.open({ YOUTUBE_UPLOADS_A_DAY: '100', YOUTUBE_UNITS_A_DAY: '10000', ...settings });
  publisher = await studio.publisher(clock);
  await setYouTube();
}
afterEach(async () => {
  await publisher.close();
  await studio.close();
});

/** YouTube lives at the same time; what was used of its quota stays used. */
const setYouTube = (more: object = {}) =>
  studio.youtube('PUT', '', { thumbnails_allowed: true, ...more, clock: { now: clock.now().toISOString(), speed: 0 } });

/** Lets so much time pass; what was to wait until then is due. */
async function pass(ms: number, more: object = {}): Promise<void> {
  clock.set(new Date(clock.now().getTime() + ms));
  await setYouTube(more);
  // Items are put off by the database's clock, so it is told that the time is over.
  await studio.query(
    `UPDATE artifacts SET next_at = next_at - $1 * interval '1 millisecond', generation = generation + 1 WHERE state = 'due'`,
    [ms],
  );
}

const openAlerts = async () =>
  (await studio.database.alerts.list({ state: 'open', limit: 100, offset: 0 })).alerts.map(({ key }) => key).sort();
/** Every alert that was ever raised because of a limit. */
const raisedAlerts = async () =>
  (await studio.database.alerts.list({ limit: 100, offset: 0 })).alerts.map(({ key }) => key).filter((key) => key.startsWith('quota'));
const DRESSING_DUE = `SELECT count(*) FROM publication_steps WHERE name IN ('thumbnail', 'playlist', 'captions') AND state <> 'done'`;
const published = async () =>
  Number((await studio.query<{ count: string }>(`SELECT count(*) FROM tasks WHERE status = 'published'`))[0]?.count);

describe('a day at the limit', () => {
  it('130 approved videos: 100 go up, what dresses them follows as units allow, 30 the next day, across the end of summer time', async () => {
    // A Saturday; the clocks go back in the night to the second of the two days.
    await open('2026-10-31T15:00:00Z');
    const channels: string[] = [];
    for (let number = 1; number <= 5; number += 1) channels.push(await studio.addChannel(number, { playlist_id: playlistOf(number) }));
    const videos: Approved[] = [];
    for (let index = 0; index < 130; index += 1)
      videos.push(await studio.addVideo(channels[index % channels.length] ?? '', { bytes: 10_000, title: `Video ${index}` }));

    const round = async () => {
      for (const { taskId } of videos) await publisher.publish(taskId);
      await publisher.followUps.run();
    };
    await round();
    expect(await published()).toBe(100);
    const first = await publisher.quota.forecast();
    expect(first.day).toBe('2026-10-31');
    expect(first.use).toMatchObject({ uploadsUsed: 100, waiting: 30, inFlight: 0 });
    expect(first.use.unitsUsed).toBeLessThanOrEqual(10_000);
    expect(first.lastUploadOn).toBe('2026-11-01');
    await round();
    expect(await published()).toBe(100);

    // YouTube's own count agrees, and nothing was ever refused.
    const [day] = await studio.youtube<{ day: string; uploads: number; units: number; refused: number }[]>('GET', 'quota');
    expect(day).toMatchObject({ day: '2026-10-31', uploads: 100, units: (await publisher.quota.forecast()).use.unitsUsed, refused: 0 });
    const dressed = async () => (await studio.videos()).filter(({ thumbnail }) => thumbnail !== null).length;
    expect(await dressed()).toBeGreaterThan(80);
    // One for each limit, however many wait for it.
    expect(await raisedAlerts()).toEqual(['quota_exhausted:youtube_units_used_up']);

    // Not an hour too early: the day has 25 hours from here on.
    const untilMidnight = untilPacificMidnightMs(clock.now());
    expect(untilMidnight).toBe(16 * HOUR_MS);
    await pass(untilMidnight - HOUR_MS);
    await round();
    expect(await published()).toBe(100);
    await pass(HOUR_MS + 2 * 60_000);
    expect(pacificDay(clock.now())).toBe('2026-11-01');
    await round();
    expect(await published()).toBe(130);
    expect(await studio.videos()).toHaveLength(130);
    expect(untilPacificMidnightMs(clock.now())).toBe(25 * HOUR_MS - 2 * 60_000);

    // What was put off is done on the days after: nothing is given up, nothing has failed, and the forecast was right.
    const { lastStepOn } = await publisher.quota.forecast();
    const owed = async () => Number((await studio.query<{ count: string }>(DRESSING_DUE))[0]?.count);
    for (let days = 0; (await owed()) > 0 && days < 12; days += 1) {
      await pass(untilPacificMidnightMs(clock.now()) + 2 * 60_000);
      await publisher.followUps.run();
    }
    expect(await owed()).toBe(0);
    expect(pacificDay(clock.now())).toBe(lastStepOn);
    for (const { playlists, thumbnail, captions, sha256 } of await studio.videos()) {
      expect(playlists).toMatchObject([{ count: 1 }]);
      const video = videos.find((one) => one.sha256 === sha256);
      expect([thumbnail?.sha256, captions.map((one) => one.sha256)]).toEqual([video?.thumbnails[0], [video?.captions]]);
    }
    const [failed] = await studio.query<{ count: string }>(`SELECT count(*) FROM dead_letters`);
    expect(failed?.count).toBe('0');
  });
});

describe("YouTube's word", () => {
  let channelId: string;
  beforeEach(async () => {
    await open('2026-11-25T18:00:00Z');
    channelId = await studio.addChannel(1);
  });

  it('that the uploads are used up counts for more than our own count, until the reset, for everybody', async () => {
    const [one, other] = [await studio.addVideo(channelId), await studio.addVideo(await studio.addChannel(2))];
    await setYouTube({ uploads_a_day: 0 });
    for (const { taskId } of [one, other]) await publisher.publish(taskId);
    for (const { taskId } of [one, other])
      expect(await studio.artifact(taskId)).toMatchObject({ state: 'due', errorCode: 'YOUTUBE_UPLOADS_USED_UP', attempt: 0 });
    expect(await openAlerts()).toEqual(['quota_exhausted:youtube_uploads_used_up']);
    // The second did not even ask.
    expect(await studio.youtube('GET', 'traffic')).toMatchObject({ calls: { open: 1 } });
    await pass(untilPacificMidnightMs(clock.now()) + 2 * 60_000);
    for (const { taskId } of [one, other]) await publisher.publish(taskId);
    expect(await published()).toBe(2);
    expect(await openAlerts()).toEqual([]);
  });

  it('just after midnight is asked again soon: its day may begin a little later than ours', async () => {
    await pass(untilPacificMidnightMs(clock.now()) + 60_000);
    const { taskId } = await studio.addVideo(channelId);
    await setYouTube({ next: [{ on: 'open', answer: 'uploads_exhausted' }] });
    await publisher.publish(taskId);
    await pass(6 * 60_000);
    await publisher.publish(taskId);
    expect(await published()).toBe(1);
  });

  it('that one channel may have no more today holds up that channel alone, for a day', async () => {
    const other = await studio.addChannel(2);
    await setYouTube({ channel_uploads_a_day: 1 });
    const videos = [await studio.addVideo(channelId), await studio.addVideo(channelId), await studio.addVideo(other)];
    for (const { taskId } of videos) await publisher.publish(taskId);
    expect(await published()).toBe(2);
    expect((await studio.artifact(videos[1]?.taskId ?? '')).errorCode).toBe('YOUTUBE_UPLOAD_LIMIT_EXCEEDED');
    await pass(23 * HOUR_MS, { channel_uploads_a_day: 1 });
    await publisher.publish(videos[1]?.taskId ?? '');
    expect(await published()).toBe(2);
    await pass(90 * 60_000, { channel_uploads_a_day: 1 });
    await publisher.publish(videos[1]?.taskId ?? '');
    expect(await published()).toBe(3);
  });
});

it('what did not reach YouTube, or found it out of order, is not counted', async () => {
  await open('2026-11-25T18:00:00Z', { YOUTUBE_UPLOADS_A_DAY: '3' });
  const { taskId } = await studio.addVideo(await studio.addChannel(1));
  const used = async () => {
    const { uploadsUsed, unitsUsed, calls } = (await publisher.quota.forecast()).use;
    return { uploadsUsed, unitsUsed, opened: calls['videos.insert'] ?? 0 };
  };
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await setYouTube({ next: [{ on: 'open', answer: 'unavailable' }] });
    await publisher.publish(taskId);
    await studio.makeDue(taskId);
  }
  // Each time it was asked whose channel it is.
  expect(await used()).toEqual({ uploadsUsed: 0, unitsUsed: 3, opened: 0 });
  const away = await studio.publisher(clock, {
    YOUTUBE_BASE_URL: 'http://127.0.0.1:9',
    GOOGLE_CLIENT_ID: 'simulated',
    GOOGLE_CLIENT_SECRET: 'simulated',
  });
  await away.publish(taskId);
  await away.close();
  expect(await used()).toEqual({ uploadsUsed: 0, unitsUsed: 3, opened: 0 });
  await studio.makeDue(taskId);
  await setYouTube();
  await publisher.publish(taskId);
  expect(await published()).toBe(1);
  expect(await used()).toMatchObject({ uploadsUsed: 1, opened: 1 });
});

describe('units', () => {
  it('are kept for the uploads that are still expected: a video is released before another is dressed', async () => {
    // Enough for three releases and one thumbnail.
    await open('2026-11-25T18:00:00Z', { YOUTUBE_UNITS_A_DAY: '230', YOUTUBE_UNIT_COSTS: 'captions.insert=60' });
    const channelId = await studio.addChannel(1, { playlist_id: playlistOf(1) });
    const videos = [];
    for (let index = 0; index < 3; index += 1) videos.push(await studio.addVideo(channelId, { bytes: 10_000 }));
    for (const { taskId } of videos) await publisher.publish(taskId);
    expect(await published()).toBe(3);
    expect((await publisher.quota.forecast()).use.unitsUsed).toBeLessThanOrEqual(230);
    const count = async () => Number((await studio.query<{ count: string }>(DRESSING_DUE))[0]?.count);
    expect(await count()).toBe(8);
    for (let days = 0; days < 4; days += 1) {
      await pass(untilPacificMidnightMs(clock.now()) + 2 * 60_000);
      await publisher.followUps.run();
    }
    expect(await count()).toBe(0);
  });

  it('cost what the settings say', async () => {
    await open('2026-11-25T18:00:00Z', { YOUTUBE_UNIT_COSTS: 'videos.update=70' });
    const { taskId } = await studio.addVideo(await studio.addChannel(1));
    await publisher.publish(taskId);
    expect((await publisher.quota.forecast()).use).toMatchObject({ unitsUsed: 523, calls: { 'videos.insert': 1, 'videos.update': 1 } });
  });
});
