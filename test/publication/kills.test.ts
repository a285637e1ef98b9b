import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Waypoint } from '#pipeline';
import { DESCRIPTION, Studio, TAGS, playlistOf, youtubeChannel, type Approved } from './studio.js';
import type { Publisher } from './publisher.js';

jest.setTimeout(600_000);

/** Processes that are killed in the middle of a file. With 50, the whole proof, every place is tried with both kinds of cut; else in turn. */
const KILLS = Number(process.env.PUBLICATION_KILLS ?? 10);
const BYTES = 1_500_000;

/** Every call of a publication that a connection can break under. */
const CALLS = [
  'open',
  'chunk',
  'ask',
  'list',
  'channels',
  'playlist_items',
  'playlist_item',
  'thumbnail',
  'caption',
  'update',
  'token',
] as const;
/** Places between two of which a publication could be sent twice, or left half done. */
const PLACES: readonly { at: Waypoint; passes?: number }[] = [
  { at: 'item_claimed' },
  { at: 'session_opened' },
  { at: 'session_stored' },
  { at: 'bytes_sending' },
  { at: 'bytes_sending', passes: 5 },
  { at: 'bytes_sent' },
  { at: 'bytes_sent', passes: 5 },
  { at: 'video_recorded' },
  { at: 'step_done' },
  { at: 'video_switched' },
  { at: 'video_released' },
  { at: 'file_placed' },
  { at: 'item_committed' },
];

let studio: Studio;
let publisher: Publisher;
let channelId: string;
let playlist: string;
beforeAll(async () => {
  studio = await Studio.open();
  publisher = await studio.publisher();
  playlist = playlistOf(1);
  channelId = await studio.addChannel(1, { playlist_id: playlist, privacy: 'public' });
});
afterAll(async () => {
  await publisher.close();
  await studio.close();
});

/** Works a publication in a process of its own; returns whether it was killed. */
async function publishUntilKilled(taskId: string, crash: Readonly<Record<string, string>>): Promise<boolean> {
  const mark = join(await mkdtemp(join(studio.folder, 'crash-')), 'mark');
  const hooks = ['test/chaos/crash-at.mjs', 'test/publication/crash-at-byte.mjs'].flatMap((hook) => ['--import', resolve(hook)]);
  const child = spawn(process.execPath, [...hooks, 'dist/test/publication/publish-once.js'], {
    env: {
      PATH: process.env.PATH,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      ...studio.environment,
      TASK_ID: taskId,
      CRASH_MARK: mark,
      ...crash,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`The process ended with ${code ?? signal ?? ''}`);
  return signal === 'SIGKILL';
}

/** There is one such video, whole, and as it was approved; what had to wait has been done since. */
async function expectPublishedOnce({ taskId, title, sha256, thumbnails, captions }: Approved): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await studio.makeStepsDue();
    await publisher.followUps.run();
  }
  const videos = await studio.videos(title);
  expect(videos).toHaveLength(1);
  expect(videos[0]).toMatchObject({
    channel_id: youtubeChannel(1),
    sha256,
    bytes: BYTES,
    description: DESCRIPTION,
    tags: TAGS,
    category_id: '28',
    language: 'en',
    privacy: 'public',
    made_for_kids: false,
    contains_synthetic_media: true,
    playlists: [{ id: playlist, count: 1 }],
    thumbnail: { sha256: thumbnails[0] },
    captions: [{ language: 'en', sha256: captions }],
  });
  expect((await studio.database.tasks.get(taskId)).status).toBe('published');
  expect((await studio.artifact(taskId)).result).toMatchObject({ video_id: videos[0]?.id, privacy: 'public' });
}

/** The same numbers for the same seed. */
function random(seed: number): number {
  let state = (seed + 1) * 2_654_435_769;
  state = Math.imul(state ^ (state >>> 16), 2_246_822_507);
  return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
}

const CUTS = ['cut_before', 'cut_after'] as const;

it.each(Array.from({ length: KILLS }, (_, index) => index))(
  'killed in the middle of the file, and cut off at another byte: one video, whole (%i)',
  async (index) => {
    const [killedAt, cutAt] = [Math.floor(random(2 * index) * BYTES), Math.floor(random(2 * index + 1) * BYTES)];
    const video = await studio.addVideo(channelId, { bytes: BYTES });
    await studio.set({
      next: [{ on: 'chunk', answer: CUTS[index % 2], at_byte: cutAt }],
    });
    expect(await publishUntilKilled(video.taskId, { CRASH_AT_BYTE: String(killedAt) })).toBe(true);
    await studio.makeDue(video.taskId);
    expect(await studio.finish(publisher, video.taskId)).toBe('ready');
    await expectPublishedOnce(video);
  },
);

const TRIALS = PLACES.flatMap((place, index) =>
  CUTS.filter((_, turn) => KILLS >= 50 || turn === index % 2).map((answer) => ({ ...place, answer })),
);

it.each(TRIALS)('killed at $at ($passes), every call cut off once ($answer): one video, whole', async ({ at, passes = 0, answer }) => {
  const video = await studio.addVideo(channelId, { bytes: BYTES });
  // What cannot be reached is left for later: no step would be done before the end.
  const calls = at === 'step_done' ? CALLS.filter((call) => call !== 'thumbnail') : CALLS;
  const next = calls.map((on) => ({ on, answer }));
  await studio.set({ keep: 0.3, seed: passes, next });
  let killed = false;
  for (let round = 0; round < 8 && !killed; round += 1) {
    killed = await publishUntilKilled(video.taskId, { CRASH_AT: `${at}:${passes}` });
    await studio.makeDue(video.taskId);
  }
  expect(killed).toBe(true);
  if ((await studio.artifact(video.taskId)).state !== 'ready') expect(await studio.finish(publisher, video.taskId)).toBe('ready');
  await expectPublishedOnce(video);
});
