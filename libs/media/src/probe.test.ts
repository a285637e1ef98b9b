import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Failure } from '#pipeline';
import { ffmpeg } from './ffmpeg.js';
import { expectMedia } from './probe.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'probe-'));
  const picture = ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=24:duration=2'];
  await ffmpeg([...picture, '-frames:v', '1', at('image.png')]);
  await ffmpeg([...picture, '-pix_fmt', 'yuv420p', at('index-behind.mp4')]);
  await ffmpeg([...picture, '-pix_fmt', 'yuv420p', '-movflags', '+faststart', at('index-in-front.mp4')]);
  await ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=2', at('sound.wav')]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('expectMedia', () => {
  const files = [
    ['image.png', 'image'],
    ['index-behind.mp4', 'video'],
    ['index-in-front.mp4', 'video'],
    ['sound.wav', 'audio'],
  ] as const;

  it.each(files)('takes a whole %s', async (name, kind) => {
    expect((await expectMedia(at(name), { kind })).kind).toBe(kind);
  });

  it.each(files)('refuses half of %s, whatever its header promises', async (name, kind) => {
    const half = `.5f1f1f1c-0000-4000-8000-000000000000.half-${name}`;
    const whole = await readFile(at(name));
    await writeFile(at(half), whole.subarray(0, Math.floor(whole.length / 2)));
    const failure = await expectMedia(at(half), { kind }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'MEDIA_UNUSABLE', kind: 'permanent' });
    const { message, userMessage } = failure as Failure;
    expect(message).toContain(at(half));
    // The temporary name means nothing to the creator.
    expect(userMessage).toBe(`The file half-${name} cannot be used: it is damaged or cut off. Ask for the item to be made again.`);
  });
});
