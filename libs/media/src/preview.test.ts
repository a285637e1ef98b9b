import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cutPreview, ffmpeg, joinNarrations, probe } from '#media';
import { eventually } from '#testing';

const run = promisify(execFile);
const FIVE_MIB = 5 * 1_024 * 1_024;
jest.setTimeout(120_000);
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preview-'));
  await writeFile(at('broken.mp3'), Buffer.alloc(5_000, 7));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A video that is hard to make small. */
async function makeVideo(name: string, seconds: number, size: string): Promise<void> {
  await ffmpeg([
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=24:duration=${seconds},noise=alls=14:allf=t`],
    ...['-f', 'lavfi', '-i', `anoisesrc=duration=${seconds}:amplitude=0.3`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '192k', at(name)],
  ]);
}

describe('a preview of the cut', () => {
  it('is the whole cut with its sound, small enough for every plan', async () => {
    await makeVideo('cut.mp4', 45, '960x540');
    expect((await stat(at('cut.mp4'))).size).toBeGreaterThan(FIVE_MIB);
    await cutPreview(at('cut.mp4'), at('preview.mp4'));
    const { size } = await stat(at('preview.mp4'));
    expect(size).toBeLessThanOrEqual(FIVE_MIB);
    // No smaller than it has to be, either.
    expect(size).toBeGreaterThan(0.7 * FIVE_MIB);
    const preview = await probe(at('preview.mp4'));
    expect(preview).toMatchObject({ kind: 'video', width: 640, height: 360, videoCodec: 'h264', audioCodec: 'aac' });
    expect(Math.abs((preview.durationMs ?? 0) - 45_000)).toBeLessThan(100);
  });

  it('of a video of another shape keeps it', async () => {
    await makeVideo('tall.mp4', 2, '360x640');
    await cutPreview(at('tall.mp4'), at('tall-preview.mp4'));
    expect(await probe(at('tall-preview.mp4'))).toMatchObject({ width: 202, height: 360 });
  });

  it('is refused for what is too long, and nothing is left behind', async () => {
    const hour = ['-f', 'lavfi', '-i', 'color=blue:size=64x36:rate=1:duration=3600'];
    await ffmpeg([...hour, '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', at('hour.mp4')]);
    await expect(cutPreview(at('hour.mp4'), at('never/preview.mp4'))).rejects.toMatchObject({
      code: 'PREVIEW_TOO_LARGE',
      kind: 'permanent',
      userMessage: expect.stringContaining('hour.mp4') as unknown,
    });
    await expect(readdir(at('never'))).rejects.toThrow('ENOENT');
  });

  it('is given up when it is told to stop, and nothing is left behind', async () => {
    const stop = new AbortController();
    const made = cutPreview(at('cut.mp4'), at('stopped/preview.mp4'), { signal: stop.signal });
    await eventually(async () => (await readdir(at('stopped'))).length > 0, { what: 'the preview to be begun', timeoutMs: 30_000 });
    stop.abort();
    await expect(made).rejects.toMatchObject({ code: 'STOPPED' });
    expect(await readdir(at('stopped'))).toEqual([]);
  });
});

describe('all narrations', () => {
  /** The stretches of silence in a sound (s). */
  async function silences(file: string): Promise<{ start: number; end: number }[]> {
    const { stderr } = await run('ffmpeg', ['-hide_banner', '-i', file, '-af', 'silencedetect=noise=-40dB:d=0.3', '-f', 'null', '-']);
    const times = (name: string) => [...stderr.matchAll(new RegExp(`silence_${name}: ([\\d.]+)`, 'g'))].map((match) => Number(match[1]));
    const ends = times('end');
    return times('start').map((start, index) => ({ start, end: ends[index] ?? Infinity }));
  }

  it('are heard in order, with a short silence between two, whatever their form', async () => {
    const lengths = [1, 2, 1.5];
    await ffmpeg(['-f', 'lavfi', '-i', `sine=frequency=300:duration=${lengths[0]}`, at('1.mp3')]);
    await ffmpeg(['-f', 'lavfi', '-i', `sine=frequency=500:sample_rate=22050:duration=${lengths[1]}`, '-ac', '2', at('2.wav')]);
    await ffmpeg(['-f', 'lavfi', '-i', `sine=frequency=700:sample_rate=48000:duration=${lengths[2]}`, at('3.mp3')]);
    await joinNarrations([at('1.mp3'), at('2.wav'), at('3.mp3')], at('all.mp3'));
    const { kind, audioCodec, durationMs } = await probe(at('all.mp3'));
    expect([kind, audioCodec]).toEqual(['audio', 'mp3']);
    expect(Math.abs((durationMs ?? 0) - (4_500 + 2 * 700))).toBeLessThan(250);
    const found = await silences(at('all.mp3'));
    expect(found).toHaveLength(2);
    for (const [index, wanted] of [1, 3.7].entries()) {
      const { start = 0, end = 0 } = found[index] ?? {};
      expect(Math.abs(start - wanted)).toBeLessThan(0.2);
      expect(Math.abs(end - start - 0.7)).toBeLessThan(0.15);
    }
    expect((await stat(at('all.mp3'))).size).toBeLessThan(FIVE_MIB);
  });

  it('are refused by the name of the one that cannot be read', async () => {
    await expect(joinNarrations([at('1.mp3'), at('broken.mp3')], at('never/all.mp3'))).rejects.toMatchObject({
      code: 'MEDIA_UNUSABLE',
      userMessage: expect.stringContaining('broken.mp3') as unknown,
    });
    await expect(readdir(at('never'))).rejects.toThrow('ENOENT');
  });
});
