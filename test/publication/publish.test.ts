import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DESCRIPTION, Studio, TAGS, playlistOf, youtubeChannel } from './studio.js';
import { Clock } from '#youtube';
import type { Publisher } from './publisher.js';

jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;

/** A clock that is so much ahead (ms). */
class MovedClock extends Clock {
  ahead = 0;
  override now(): Date {
    return new Date(Date.now() + this.ahead);
  }
}

let studio: Studio;
let publisher: Publisher;
let channelId: string;
beforeAll(async () => {
  studio = await Studio.open();
  publisher = await studio.publisher();
  channelId = await studio.addChannel(1);
});
beforeEach(() => studio.set({}));
afterAll(async () => {
  await publisher.close();
  await studio.close();
});

const stopped = async (taskId: string) => {
  const { status, errorCode, errorMessage } = await studio.database.tasks.get(taskId);
  return { status, errorCode, errorMessage };
};
const publication = async (taskId: string) => {
  const found = (await studio.database.publications.ofTask(taskId)).at(-1);
  if (!found) throw new Error('There is no publication');
  return found;
};
const laterAtYouTube = (hours: number, more: object = {}) =>
  studio.set({ ...more, clock: { now: new Date(Date.now() + hours * HOUR_MS).toISOString(), speed: 1 } });
const alerts = async (kind: string) =>
  (await studio.database.alerts.list({ limit: 100, offset: 0 })).alerts.filter((alert) => alert.kind === kind);

describe('a publication', () => {
  it('sends the approved file once, private first, and leaves it as the channel wants it', async () => {
    const { taskId, sha256, title, thumbnails, captions } = await studio.addVideo(channelId);
    await publisher.publish(taskId);
    const artifact = await studio.artifact(taskId);
    expect([artifact.state, artifact.errorMessage]).toEqual(['ready', null]);
    const [video, ...more] = await studio.videos(title);
    expect(more).toEqual([]);
    expect(video).toMatchObject({
      channel_id: youtubeChannel(1),
      sha256,
      description: DESCRIPTION,
      tags: TAGS,
      category_id: '28',
      language: 'en',
      privacy: 'unlisted',
      made_for_kids: false,
      contains_synthetic_media: true,
      thumbnail: { sha256: thumbnails[0] },
      captions: [{ language: 'en', sha256: captions }],
    });
    expect(await studio.database.tasks.get(taskId)).toMatchObject({ status: 'published' });
    expect(await publication(taskId)).toMatchObject({ state: 'released', videoId: video?.id, checksum: sha256, sentBytes: 1_300_000 });
    await expect(studio.youtube('GET', 'traffic')).resolves.toMatchObject({ multipart_uploads: 0 });
  });

  it('takes the thumbnail that was chosen', async () => {
    const { taskId, title, thumbnails } = await studio.addVideo(channelId);
    await studio.database.tasks.edit(taskId, { thumbnail: 3 });
    await publisher.publish(taskId);
    expect(await studio.videos(title)).toMatchObject([{ thumbnail: { sha256: thumbnails[2] } }]);
  });

  it('goes up without what YouTube does not allow, and that is told', async () => {
    const { taskId, title } = await studio.addVideo(channelId);
    await studio.set({ thumbnails_allowed: false });
    await publisher.publish(taskId);
    expect(await studio.videos(title)).toMatchObject([{ thumbnail: null, privacy: 'unlisted' }]);
    expect(await alerts('publication_incomplete')).toMatchObject([{ taskId, state: 'notice' }]);
  });

  it('keeps its session where nobody can read it', async () => {
    const { taskId } = await studio.addVideo(channelId);
    await studio.set({ next: [{ on: 'chunk', answer: 'unavailable', times: 50 }] });
    await publisher.publish(taskId);
    const { sessionEncrypted } = await publication(taskId);
    expect(sessionEncrypted).toMatch(/^v2\.[\da-f]{8}\./);
    expect(sessionEncrypted).not.toContain('upload_id');
    expect((await studio.artifact(taskId)).providerJobId).toBeNull();
  });

  it('sends nothing that nobody has approved as it is', async () => {
    const unseen = await studio.addVideo(channelId, { approved: false });
    await publisher.publish(unseen.taskId);
    expect(await stopped(unseen.taskId)).toMatchObject({ status: 'upload_error', errorCode: 'NOT_APPROVED' });
    const changed = await studio.addVideo(channelId);
    await writeFile(join(studio.folder, 'workspace', channelId, changed.taskId, 'final.mp4'), 'another file');
    await publisher.publish(changed.taskId);
    expect(await stopped(changed.taskId)).toMatchObject({ status: 'upload_error', errorCode: 'FILE_CHANGED' });
    const rejected = await studio.addVideo(channelId);
    const review = {
      channelId,
      taskId: rejected.taskId,
      gate: 'final_review',
      decision: 'reject',
      reviewer: 'bob',
      note: null,
      shown: [],
    } as const;
    await studio.database.reviews.add({ ...review, shown: [] });
    await publisher.publish(rejected.taskId);
    expect(await stopped(rejected.taskId)).toMatchObject({ errorCode: 'NOT_APPROVED' });
    for (const { title } of [unseen, changed, rejected]) expect(await studio.videos(title)).toEqual([]);
  });

  it('goes nowhere but to the channel that its file names', async () => {
    const other = await studio.addChannel(2);
    await studio.connect(other, youtubeChannel(3));
    const { taskId, title } = await studio.addVideo(other);
    await publisher.publish(taskId);
    const artifact = await studio.artifact(taskId);
    expect(artifact).toMatchObject({ state: 'due', errorCode: 'WRONG_YOUTUBE_CHANNEL', attempt: 0 });
    expect(await alerts('channel_disconnected')).toMatchObject([{ channelId: other, state: 'open' }]);
    expect(await studio.videos(title)).toEqual([]);
  });

  it('is never of simulated media where YouTube is the real one', async () => {
    const real = await studio.publisher(undefined, {
      GOOGLE_CLIENT_ID: '1-real',
      GOOGLE_CLIENT_SECRET: 's',
      YOUTUBE_BASE_URL: 'https://youtube.invalid',
    });
    const { taskId } = await studio.addVideo(channelId);
    await real.publish(taskId);
    expect(await stopped(taskId)).toMatchObject({ status: 'upload_error', errorCode: 'SIMULATED_VIDEO' });
    await real.close();
  });
});

describe('what a channel wants', () => {
  it('counts as it is when the first byte goes out, and no more after that', async () => {
    const changing = await studio.addChannel(7);
    const want = (privacy: string, playlist: string | null) =>
      studio.query(`UPDATE channels SET settings = jsonb_set(settings, '{youtube}', settings -> 'youtube' || $2::jsonb) WHERE id = $1`, [
        changing,
        JSON.stringify({ privacy, ...(playlist && { playlist_id: playlist }) }),
      ]);
    const { taskId, title } = await studio.addVideo(changing);
    await studio.set({ uploads_a_day: 0, next: [{ on: 'open', answer: 'unavailable' }] });
    await publisher.publish(taskId);
    expect(await publication(taskId)).toMatchObject({ privacy: 'unlisted', sessionEncrypted: null });
    await want('private', playlistOf(7));
    await studio.makeDue(taskId);
    await studio.set({ next: [{ on: 'chunk', answer: 'unavailable', times: 9 }] });
    await publisher.publish(taskId);
    expect(await publication(taskId)).toMatchObject({ privacy: 'private', sessionEncrypted: expect.any(String) });
    await want('public', null);
    await studio.set({});
    await studio.makeDue(taskId);
    expect(await studio.finish(publisher, taskId)).toBe('ready');
    expect(await studio.videos(title)).toMatchObject([{ privacy: 'private', playlists: [{ id: playlistOf(7) }] }]);
  });
});

describe('what YouTube shows', () => {
  it('is seen too early: a person hears of it, and nothing more is done', async () => {
    const { taskId } = await studio.addVideo(channelId);
    await studio.set({ privacy_shown: 'public' });
    await publisher.publish(taskId);
    expect(await stopped(taskId)).toMatchObject({ status: 'upload_error', errorCode: 'PRIVACY_DIFFERS' });
  });

  it('stays private although it was switched: the task stops and says so', async () => {
    const { taskId, title } = await studio.addVideo(channelId);
    await studio.set({ lock_private: true });
    await publisher.publish(taskId);
    expect(await stopped(taskId)).toMatchObject({ status: 'upload_error', errorCode: 'PRIVACY_DIFFERS' });
    expect(await studio.videos(title)).toMatchObject([{ privacy: 'private' }]);
  }, 90_000);

  it('was refused: the reason is told', async () => {
    const { taskId } = await studio.addVideo(channelId);
    await studio.set({ outcome: 'rejected', reason: 'copyright' });
    await publisher.publish(taskId);
    expect(await stopped(taskId)).toMatchObject({
      errorCode: 'YOUTUBE_VIDEO_REJECTED',
      errorMessage: expect.stringContaining('copyright'),
    });
  });
});

describe('the time at which a video appears', () => {
  it("is the creator's own, and YouTube makes it public", async () => {
    const open = await studio.addChannel(4, { privacy: 'public' });
    const publishAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 2 * HOUR_MS);
    const { taskId, title } = await studio.addVideo(open, { publishAt });
    await publisher.publish(taskId);
    const [video] = await studio.videos(title);
    expect(video?.privacy).toBe('private');
    expect(Date.parse(video?.publish_at ?? '')).toBe(publishAt.getTime());
    expect((await studio.artifact(taskId)).result).toMatchObject({ publish_at: publishAt.toISOString(), privacy: 'public' });
    expect((await studio.database.publications.steps((await publication(taskId)).id)).map(({ name }) => name).sort()).toEqual([
      'appearance',
      'captions',
      'processing',
      'thumbnail',
    ]);
  });

  it('is looked at once it has come: is the video there?', async () => {
    const open = await studio.addChannel(8, { privacy: 'public' });
    const publishAt = new Date(Date.now() + 2 * HOUR_MS);
    const [appears, stays] = [await studio.addVideo(open, { publishAt }), await studio.addVideo(open, { publishAt })];
    const clock = new MovedClock();
    const planner = await studio.publisher(clock);
    for (const { taskId } of [appears, stays]) await planner.publish(taskId);
    clock.ahead = 3 * HOUR_MS;
    await laterAtYouTube(3);
    // Somebody has made the other one private again.
    const [other] = await studio.videos(stays.title);
    await studio.makePrivate(8, other?.id ?? '');
    await studio.makeStepsDue();
    await planner.followUps.run();
    const steps = await studio.database.publications.steps((await publication(appears.taskId)).id);
    expect(steps.find(({ name }) => name === 'appearance')).toMatchObject({ state: 'done' });
    expect((await alerts('video_trouble')).map(({ taskId }) => taskId)).toEqual([stays.taskId]);
    await planner.close();
  });

  it('that has passed on the way is none any more', async () => {
    const open = await studio.addChannel(5, { privacy: 'public' });
    const { taskId, title } = await studio.addVideo(open, { publishAt: new Date(Date.now() - HOUR_MS) });
    await publisher.publish(taskId);
    expect(await studio.videos(title)).toMatchObject([{ privacy: 'public', publish_at: null }]);
  });

  it('follows from the schedule, one video at a time, whoever comes first', async () => {
    const schedule = { time_zone: 'Europe/Berlin', times: ['daily 18:00', 'mon 09:30'] };
    const planned = await studio.addChannel(6, { privacy: 'public', schedule });
    const videos = await Promise.all(Array.from({ length: 5 }, () => studio.addVideo(planned, { bytes: 300_000 })));
    await Promise.all(videos.map(({ taskId }) => publisher.publish(taskId)));
    const times = (await Promise.all(videos.map(({ title }) => studio.videos(title)))).map(([video]) => video?.publish_at ?? '');
    expect(new Set(times).size).toBe(5);
    const berlin = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', minute: '2-digit' });
    for (const time of times) expect(berlin.format(new Date(time))).toMatch(/18:00$|^Mon,? 09:30$/);
    expect(Math.max(...times.map((time) => Date.parse(time)))).toBeLessThan(Date.now() + 6 * 24 * HOUR_MS);
  });
});

describe('an upload of which nobody knows how it ended', () => {
  /** The last piece was taken, its answer lost, and the session has ended. */
  async function lost(listingLagSeconds: number) {
    const video = await studio.addVideo(channelId, { bytes: 600_000 });
    await studio.set({
      listing_lag_seconds: listingLagSeconds,
      next: [
        { on: 'chunk', answer: 'cut_after', at_byte: 600_000 },
        { on: 'ask', answer: 'unavailable', times: 4 },
      ],
    });
    await publisher.publish(video.taskId);
    await studio.youtube('POST', 'sessions/expire', {});
    await studio.makeDue(video.taskId);
    return video;
  }

  it('is found by its mark among the uploads of the channel', async () => {
    const { taskId, title } = await lost(0);
    expect(await studio.finish(publisher, taskId)).toBe('ready');
    expect(await studio.videos(title)).toMatchObject([{ privacy: 'unlisted', tags: TAGS }]);
  });

  it('is searched for some times, then a person is asked, and never sent again by itself or by a retry', async () => {
    const { taskId, title } = await lost(3_600);
    expect(await studio.finish(publisher, taskId)).toBe('failed');
    expect(await stopped(taskId)).toMatchObject({ status: 'upload_error', errorCode: 'UPLOAD_OUTCOME_UNKNOWN' });
    expect(await publication(taskId)).toMatchObject({ state: 'unknown', searches: 4 });
    expect(await alerts('task_stopped')).toEqual(expect.arrayContaining([expect.objectContaining({ taskId, state: 'open' })]));
    for (let retry = 0; retry < 2; retry += 1) {
      await studio.retry(taskId);
      expect(await studio.finish(publisher, taskId)).toBe('failed');
    }
    expect(await studio.videos(title)).toHaveLength(1);
    await laterAtYouTube(2);
    await studio.retry(taskId);
    expect(await studio.finish(publisher, taskId)).toBe('ready');
    expect(await studio.videos(title)).toHaveLength(1);
  });

  it('is sent anew when a person says so, unless the video turns up after all', async () => {
    const { taskId, title } = await lost(3_600);
    expect(await studio.finish(publisher, taskId)).toBe('failed');
    await studio.gates.regenerate(taskId, 'ann', [{ kind: 'publication', position: 0 }], null);
    await laterAtYouTube(2);
    await studio.openStep(taskId);
    expect(await studio.finish(publisher, taskId)).toBe('failed');
    expect(await stopped(taskId)).toMatchObject({ errorCode: 'VIDEO_ALREADY_UPLOADED' });
    expect(await studio.videos(title)).toHaveLength(1);
  });

  it('of an unfinished file begins anew by itself', async () => {
    const video = await studio.addVideo(channelId, { bytes: 600_000 });
    await studio.set({
      next: [
        { on: 'chunk', answer: 'cut_after', at_byte: 100 },
        { on: 'ask', answer: 'unavailable', times: 4 },
      ],
    });
    await publisher.publish(video.taskId);
    await studio.youtube('POST', 'sessions/expire', {});
    await studio.makeDue(video.taskId);
    expect(await studio.finish(publisher, video.taskId)).toBe('ready');
    expect(await studio.videos(video.title)).toMatchObject([{ sha256: video.sha256 }]);
  });
});

describe('after the publication', () => {
  it('nothing is removed before YouTube can play the video, then all but the final files', async () => {
    const eager = await studio.publisher(undefined, { CLEAN_AFTER_HOURS: '0' });
    await studio.set({ processing_seconds: 3_600 });
    const { taskId } = await studio.addVideo(channelId);
    const folder = join(studio.folder, 'workspace', channelId, taskId);
    await writeFile(join(folder, 'left-over.tmp'), 'x');
    await eager.publish(taskId);
    const looks = async () => {
      await studio.makeStepsDue();
      await eager.followUps.run();
    };
    await looks();
    expect(await publication(taskId)).toMatchObject({ processedAt: null, cleanedAt: null });
    expect((await stat(join(folder, 'left-over.tmp'))).size).toBe(1);
    await laterAtYouTube(2);
    await looks();
    expect(await publication(taskId)).toMatchObject({ processedAt: expect.any(Date), cleanedAt: expect.any(Date) });
    await expect(stat(join(folder, 'left-over.tmp'))).rejects.toThrow(/ENOENT/);
    expect((await readFile(join(folder, 'final.mp4'))).length).toBe(1_300_000);
    await eager.close();
  });

  it('a video that YouTube rejects in the end is told of, and its files stay', async () => {
    const eager = await studio.publisher(undefined, { CLEAN_AFTER_HOURS: '0' });
    await studio.set({ processing_seconds: 3_600, outcome: 'rejected', reason: 'termsOfUse' });
    const { taskId } = await studio.addVideo(channelId);
    await eager.publish(taskId);
    await laterAtYouTube(2, { outcome: 'rejected', reason: 'termsOfUse' });
    await studio.makeStepsDue();
    await eager.followUps.run();
    expect((await alerts('video_trouble')).filter((alert) => alert.taskId === taskId)).toMatchObject([
      { title: expect.stringContaining('termsOfUse') },
    ]);
    expect(await publication(taskId)).toMatchObject({ processedAt: null, cleanedAt: null });
    await eager.close();
  });
});
