import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Manifest, checksum, probe } from '#media';
import { GATED_STEPS, statusTitle, type ItemKind, type Status } from '#pipeline';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import { call, type DemoTask } from '../../apps/local/src/gateway-client.js';
import { Installation } from '../installation/installation.js';

const run = promisify(execFile);
/** Far more than a video takes here, with a lease of 30 s that has to run out in between (ms). */
const LONG = 240_000;
const SCENES = 3;

interface Row {
  id: string;
  title: string;
  status: string;
  url: string | null;
  cost: number | null;
  error: string | null;
}
interface Uploaded {
  channel_id: string;
  title: string;
  privacy: string;
  sha256: string;
  contains_synthetic_media: boolean;
}

describe('the services as separate processes', () => {
  let folder: string;
  let database: TestDatabase;
  let installation: Installation;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'installation-'));
    database = await createTestDatabase();
    const { url, prefix } = testRedis();
    installation = await Installation.start({
      folder,
      databaseUrl: database.url,
      redisUrl: url,
      queuePrefix: prefix,
      channels: [
        { key: 'north', youtubeChannelId: 'UCsimulatedchannel000003', scenes: SCENES },
        { key: 'south', youtubeChannelId: 'UCsimulatedchannel000004', scenes: SCENES },
      ],
    });
  }, LONG);
  afterAll(async () => {
    await installation.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, LONG);

  const queue = (title: string, channel: string) =>
    call<{ id: string }>('POST', `${installation.simulatorUrl}/simulator/notion/rows`, { title, channel, topic: title, status: 'Queued' });
  const rows = () => call<Row[]>('GET', `${installation.simulatorUrl}/simulator/notion/rows`);
  const tasks = () => call<DemoTask[]>('GET', `${installation.gatewayUrl}/api/v1/tasks`);
  const task = (id: string) => call<DemoTask>('GET', `${installation.gatewayUrl}/api/v1/tasks/${id}`);
  const uploads = () => call<Uploaded[]>('GET', `${installation.simulatorUrl}/simulator/youtube/videos`);
  const calls = (provider: string, operation: string) =>
    call<{ detail: { references: number } }[]>(
      'GET',
      `${installation.simulatorUrl}/simulator/calls?provider=${provider}&operation=${operation}`,
    );
  const decide = (id: string, decision: 'approve' | 'reject', body: object = {}) =>
    call<DemoTask>('POST', `${installation.gatewayUrl}/api/v1/tasks/${id}/${decision}`, body);
  const taskCalled = (title: string) =>
    eventually(async () => (await tasks()).find((found) => found.title === title), { what: `a task called ${title}`, timeoutMs: 30_000 });
  const reaches = async (id: string, status: Status) => {
    const found = await eventually(
      async () => {
        const now = await task(id);
        return now.status === status || now.status.endsWith('_error') ? now : null;
      },
      { what: `${id} to become ${status}`, timeoutMs: LONG },
    );
    if (found.status !== status) throw new Error(`${found.status}: ${found.error_message ?? ''}`);
    return found;
  };

  it(
    'makes a video from a Notion row, stops at each gate, and publishes it once',
    async () => {
      const row = await queue('The Heron', 'north');
      const { id } = await taskCalled('The Heron');
      for (const { gate } of GATED_STEPS) {
        await reaches(id, gate.waiting);
        if (gate.waiting === 'assets_ready') {
          const rejected = await decide(id, 'reject', { reviewer: 'ann', note: 'the second image is too dark', items: [1] });
          expect(rejected.status).toBe('generating_assets');
          const again = await reaches(id, 'assets_ready');
          const images = again.items.filter(({ kind }) => kind === 'image');
          expect(images.map(({ revision }) => revision)).toEqual(images.map((_, index) => (index === 1 ? 2 : 1)));
          const drawn = await calls('gemini', 'image');
          expect(drawn).toHaveLength(images.length + 1);
          // One environment shows the character, and was drawn with its portrait at hand.
          expect(drawn.filter(({ detail }) => detail.references === 1)).toHaveLength(1);
          expect(again.estimate).toMatchObject({ scenes: SCENES, images: images.length });
        }
        if (gate.waiting === 'final_review') await expectDressed(id);
        // Nothing but a decision moves it on: a second look after the sweeps had their turn.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        expect((await task(id)).status).toBe(gate.waiting);
        await decide(id, 'approve', { reviewer: 'ann' });
      }
      const done = await reaches(id, 'published');

      const cut = done.items.find(({ kind }) => kind === 'cut');
      const file = join(installation.workspaceRoot, cut?.path ?? '');
      const { checksum: sum } = await checksum(file);
      const uploaded = (await uploads()).filter(({ title }) => title === 'The Heron');
      expect(uploaded).toEqual([
        expect.objectContaining({
          channel_id: 'UCsimulatedchannel000003',
          sha256: sum,
          privacy: 'private',
          contains_synthetic_media: true,
        }),
      ]);
      expect(cut?.checksum).toBe(sum);

      const media = await probe(file);
      expect(media).toMatchObject({ kind: 'video', width: 1920, height: 1080, videoCodec: 'h264', audioCodec: 'aac', frameRate: '24/1' });
      const { stderr } = await run('ffmpeg', ['-v', 'warning', '-i', file, '-f', 'null', '-']);
      expect(stderr).toBe('');
      await expectScenes(file, done);

      await eventually(
        async () =>
          (await rows()).find(
            (shown) => shown.id === row.id && shown.status === statusTitle('published') && shown.url === done.youtube_url,
          ),
        { what: 'the row to show the publication', timeoutMs: 20_000 },
      );
      expect(done.cost_usd).toBeGreaterThan(0);
    },
    LONG,
  );

  /** Captions of the whole cut, and three thumbnails; one that is refused is made again, and nothing else. */
  async function expectDressed(id: string): Promise<void> {
    const filesOf = ({ items }: DemoTask, wanted: ItemKind) =>
      items.filter(({ kind }) => kind === wanted).map(({ path = '' }) => join(installation.workspaceRoot, path));
    const dressed = await task(id);
    const [captions = ''] = filesOf(dressed, 'caption');
    const text = await readFile(captions, 'utf8');
    expect(text.match(/ --> /g)?.length).toBeGreaterThanOrEqual(SCENES);
    const [cut = ''] = filesOf(dressed, 'cut');
    const [, hours, minutes, seconds] = /(\d\d):(\d\d):(\d\d),\d{3}\r\n(?!.*-->)[^]*$/.exec(text.slice(text.lastIndexOf('-->'))) ?? [];
    const endsAt = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    expect(endsAt * 1_000).toBeLessThanOrEqual((await probe(cut)).durationMs ?? 0);
    for (const thumbnail of filesOf(dressed, 'thumbnail'))
      expect(await probe(thumbnail)).toMatchObject({ kind: 'image', width: 1280, height: 720 });
    const checksums = ({ items }: DemoTask) =>
      items.filter(({ kind }) => kind === 'thumbnail' || kind === 'cut' || kind === 'caption').map(({ checksum: sum }) => sum);
    await call('POST', `${installation.gatewayUrl}/api/v1/tasks/${id}/regenerate`, { items: [{ kind: 'thumbnail', position: 1 }] });
    const [before, after] = [checksums(dressed), checksums(await reaches(id, 'final_review'))];
    expect(after.map((sum, index) => sum === before[index])).toEqual([true, true, true, false, true]);
  }

  async function expectScenes(file: string, done: DemoTask): Promise<void> {
    const narrations = done.items.filter(({ kind }) => kind === 'narration');
    expect(narrations).toHaveLength(SCENES);
    const folder = join(installation.workspaceRoot, narrations[0]?.path ?? '', '../..');
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    const frameMs = 1_000 / 24;
    let startMs = 0;
    for (const [index, { frames }] of manifest.scenes.entries()) {
      // Speech, a breath, and at most a few frames that spare encoding.
      const beyondMs = frames * frameMs - (narrations[index]?.duration_ms ?? 0);
      expect([beyondMs >= 400, beyondMs < 850]).toEqual([true, true]);
      expect(await loudness(file, startMs / 1_000, (frames * frameMs) / 1_000)).toBeGreaterThan(-35);
      startMs += frames * frameMs;
    }
    const { durationMs } = await probe(file);
    expect(Math.abs((durationMs ?? 0) - startMs)).toBeLessThanOrEqual(frameMs);
  }

  it(
    'takes two channels side by side, and finishes them although a service is killed in the middle',
    async () => {
      await Promise.all([queue('The Wolf', 'north'), queue('The Seal', 'south')]);
      const found = await Promise.all([taskCalled('The Wolf'), taskCalled('The Seal')]);
      const approve = async ({ id }: DemoTask, gate: Status) => {
        await reaches(id, gate);
        await decide(id, 'approve');
      };
      await Promise.all(found.map((each) => approve(each, 'assets_ready')));
      // Killed with clips submitted and none finished.
      await eventually(async () => (await calls('kie', 'clip')).length >= SCENES + 2, { what: 'clips to be submitted', timeoutMs: 60_000 });
      await installation.kill('video');
      const during = await Promise.all(found.map(({ id }) => task(id)));
      expect(during.map(({ status }) => status)).not.toContain('video_ready');
      await installation.launch('video');
      for (const gate of ['video_ready', 'audio_ready', 'final_review'] as const)
        await Promise.all(found.map((each) => approve(each, gate)));
      await Promise.all(found.map(({ id }) => reaches(id, 'published')));
      const published = (await uploads()).filter(({ title }) => title !== 'The Heron');
      expect(published.map(({ title, channel_id }) => [title, channel_id]).sort()).toEqual([
        ['The Seal', 'UCsimulatedchannel000004'],
        ['The Wolf', 'UCsimulatedchannel000003'],
      ]);
    },
    LONG,
  );

  it(
    'names a clip that is damaged on the disk, and goes on from there when it is made again',
    async () => {
      await queue('The Otter', 'north');
      const { id } = await taskCalled('The Otter');
      for (const gate of ['assets_ready', 'video_ready'] as const) {
        await reaches(id, gate);
        await decide(id, 'approve');
      }
      const before = await reaches(id, 'audio_ready');
      const [, clip] = before.items.filter(({ kind }) => kind === 'clip');
      const file = join(installation.workspaceRoot, clip?.path ?? '');
      const whole = await readFile(file);
      await writeFile(file, whole.subarray(0, whole.length / 2));
      const paid = { clips: (await calls('kie', 'clip')).length, narrations: (await calls('elevenlabs', 'narration')).length };
      await decide(id, 'approve');
      const stopped = await eventually(
        async () => {
          const now = await task(id);
          return now.status === 'video_error' ? now : null;
        },
        { what: 'the cut to be refused', timeoutMs: LONG },
      );
      expect(stopped.error_message).toMatch(/002\.mp4 cannot be used/);
      await call('POST', `${installation.gatewayUrl}/api/v1/tasks/${id}/regenerate`, { items: [{ kind: 'clip', position: 1 }] });
      for (;;) {
        const now = await eventually(
          async () => {
            const found = await task(id);
            return found.status === 'published' || GATED_STEPS.some(({ gate }) => gate.waiting === found.status) ? found : null;
          },
          { what: 'the next review', timeoutMs: LONG },
        );
        if (now.status === 'published') break;
        await decide(id, 'approve');
      }
      expect(await calls('kie', 'clip')).toHaveLength(paid.clips + 1);
      expect(await calls('elevenlabs', 'narration')).toHaveLength(paid.narrations);
    },
    LONG,
  );

  it.each([
    ['of an unknown channel', { title: 'Lost', channel: 'west' }, /no channel "west"/],
    ['without a channel', { title: 'Nowhere' }, /no channel/],
    ['without a title', { channel: 'north' }, /no title/],
  ])(
    'writes into a row %s what is wrong with it, and makes no task',
    async (_what, row, error) => {
      const before = (await tasks()).length;
      const { id } = await call<{ id: string }>('POST', `${installation.simulatorUrl}/simulator/notion/rows`, { ...row, status: 'Queued' });
      const shown = await eventually(async () => (await rows()).find((found) => found.id === id && found.error), {
        what: 'the error in the row',
        timeoutMs: 20_000,
      });
      expect(shown.error).toMatch(error);
      expect(await tasks()).toHaveLength(before);
    },
    LONG,
  );
});

/** Mean volume of a part of a file (dB). */
async function loudness(file: string, startSeconds: number, seconds: number): Promise<number> {
  const { stderr } = await run('ffmpeg', [
    '-ss',
    String(startSeconds),
    '-t',
    String(seconds),
    '-i',
    file,
    '-af',
    'volumedetect',
    '-vn',
    '-f',
    'null',
    '-',
  ]);
  return Number(/mean_volume: (-?[\d.]+) dB/.exec(stderr)?.[1] ?? -91);
}
