import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Failure } from '#pipeline';
import { eventually } from '#testing';
import { ffmpeg } from './ffmpeg.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ffmpeg-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An hour of video at its own pace: it goes on until it is ended. */
const endless = (out: string) => ['-re', '-f', 'lavfi', '-i', 'testsrc=size=64x64:duration=3600', '-f', 'matroska', out];
const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  const outcome = await promise.catch((error: unknown) => error);
  if (!(outcome instanceof Failure)) throw new Error(`Expected a Failure, got ${JSON.stringify(outcome)}`);
  return outcome;
};
const pidOf = (argument: string) => Number(spawnSync('pgrep', ['-f', `^ffmpeg .*${argument}`], { encoding: 'utf8' }).stdout.trim());

describe('ffmpeg', () => {
  it('counts the frames it has written', async () => {
    const frames: number[] = [];
    await ffmpeg(['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=24:duration=2', '-f', 'null', '-'], {
      onFrame: (frame) => frames.push(frame),
    });
    expect(frames.at(-1)).toBe(48);
  });

  it('ends with its signal, and says that it was stopped', async () => {
    const stopping = new AbortController();
    const running = failureOf(ffmpeg(endless(at('stopped.mkv')), { signal: stopping.signal }));
    const pid = await eventually(() => pidOf(at('stopped.mkv')), { what: 'ffmpeg to start', timeoutMs: 10_000 });
    stopping.abort(new Error('stop'));
    expect(await running).toMatchObject({ code: 'STOPPED', kind: 'transient' });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('is tried again when it was killed from outside, as by a machine without memory', async () => {
    const running = failureOf(ffmpeg(endless(at('killed.mkv'))));
    process.kill(await eventually(() => pidOf(at('killed.mkv')), { what: 'ffmpeg to start', timeoutMs: 10_000 }), 'SIGKILL');
    expect(await running).toMatchObject({ code: 'TOOL_KILLED', kind: 'transient' });
  });

  it('says what is wrong with its input', async () => {
    const failure = await failureOf(ffmpeg(['-i', at('missing.mp4'), at('out.mp4')]));
    expect(failure).toMatchObject({ code: 'MEDIA_UNUSABLE', kind: 'permanent' });
    expect(failure.message).toContain(`${at('missing.mp4')}: No such file or directory`);
  });

  it('is asked for by name when it is not installed', async () => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      const failure = await failureOf(ffmpeg(['-version']));
      expect([failure.code, failure.kind, failure.userMessage]).toEqual([
        'TOOL_MISSING',
        'permanent',
        expect.stringContaining('apt-get install ffmpeg'),
      ]);
    } finally {
      process.env.PATH = path;
    }
  });
});
