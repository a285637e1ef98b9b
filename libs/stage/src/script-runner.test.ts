import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '#config';
import { probe } from '#media';
import { Failure, permanent, transient, type ScriptName } from '#pipeline';
import { eventually, testRedis } from '#testing';
import sharp from 'sharp';
import { ProviderLimits } from './provider-limits.js';
import { ScriptRunner } from './script-runner.js';

let folder: string;
const at = (name: string) => join(folder, name);
const idle = new AbortController().signal;
const { url: REDIS_URL, prefix: QUEUE_PREFIX } = testRedis();
const settings = readSettings({
  REDIS_URL,
  QUEUE_PREFIX,
  GEMINI_API_KEY: 'key of gemini',
  GEMINI_IMAGE_MODEL: 'painter',
  KIE_API_KEY: 'key of kie',
  ELEVENLABS_API_KEY: 'x',
});

const limits = new ProviderLimits(settings);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scripts-'));
});
afterAll(async () => {
  limits.onApplicationShutdown();
  await rm(folder, { recursive: true, force: true });
});

/** A runner whose scripts are this program. */
async function runnerOf(program: string): Promise<ScriptRunner> {
  const file = at(`program-${Math.random().toString(36).slice(2)}.mjs`);
  const prelude = `const say = (event) => process.stdout.write(JSON.stringify(event) + '\\n');
const submitted = (provider_job_id) => say({ event: 'submitted', provider_job_id });
const done = (result) => say({ event: 'done', file: 'x', result });
const fail = (line) => { process.stderr.write(JSON.stringify(line) + '\\n'); process.exit(1); };
const forever = () => setInterval(() => undefined, 1_000);\n`;
  await writeFile(file, prelude + program);
  class Runner extends ScriptRunner {
    protected override path(): string {
      return file;
    }
  }
  return new Runner(settings, limits);
}

const image = (program: string, signal = idle) =>
  runnerOf(program).then((runner) => runner.run('generate-asset', { prompt: 'a "whale"; $(rm)', out: at('a b.png') }, { signal }));
const clip = async (program: string, onSubmitted: (jobId: string) => Promise<void>, signal = idle) => {
  const args = { image: 'i.png', motion: '--slow', seconds: 5, out: 'o.mp4' } as const;
  return (await runnerOf(program)).run('generate-video', args, { signal, onSubmitted });
};
const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  const outcome = await promise.catch((error: unknown) => error);
  if (!(outcome instanceof Failure)) throw new Error(`Expected a Failure, got ${JSON.stringify(outcome)}`);
  return outcome;
};

/** The pids that a program has written to a file, once there are that many. */
const pidsIn = (file: string, count: number) =>
  eventually(
    async () => {
      const pids = (await readFile(file, 'utf8')).trim().split('\n').map(Number);
      return pids.length === count && pids;
    },
    { what: 'the program to start', timeoutMs: 20_000 },
  );

/** Whether a process runs; one that has ended and was not yet collected by its parent does not. */
const runs = (pid: number) => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
};

describe('what a script is given', () => {
  it('its arguments word for word, and --json', async () => {
    const { model } = await image(`done({ model: JSON.stringify(process.argv.slice(2)) })`);
    expect(JSON.parse(model)).toEqual(['--prompt=a "whale"; $(rm)', `--out=${at('a b.png')}`, '--json']);
  });

  it("its own provider's key, and nothing else that is secret", async () => {
    const secrets = ['DATABASE_URL', 'TOKEN_ENCRYPTION_KEY', 'KIE_API_KEY'];
    const before = secrets.map((name) => process.env[name]);
    for (const name of secrets) process.env[name] = 'a secret of the service';
    try {
      const { model } = await image(`done({ model: JSON.stringify(process.env) })`);
      const environment = JSON.parse(model) as Record<string, string>;
      expect(environment).toMatchObject({ GEMINI_API_KEY: 'key of gemini', GEMINI_IMAGE_MODEL: 'painter', PATH: process.env.PATH });
      expect(model).not.toMatch(/a secret of the service|key of kie/);
    } finally {
      secrets.forEach((name, index) => {
        if (before[index] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[index];
      });
    }
  });
});

describe('what a script asks for and hears', () => {
  const wait = (word: string) =>
    `process.stdin.on('data', (data) => { if (String(data).includes('${word}')) { done({ model: '${word}' }); process.exit(0); } });`;

  it('is told when its turn has come', async () => {
    expect(await clip(`say({ event: 'turn', of: 'clip_ask' }); ${wait('go')}`, () => Promise.resolve())).toEqual({ model: 'go' });
  });

  it('hears news of the job that it has submitted', async () => {
    const running = clip(`submitted('job-news'); ${wait('news')}`, () => Promise.resolve());
    const telling = setInterval(() => void limits.tell('job-news'), 50);
    expect(
      await running.finally(() => {
        clearInterval(telling);
      }),
    ).toEqual({ model: 'news' });
  });

  it('says how many requests its provider takes at once', async () => {
    const counts: number[] = [];
    const runner = await runnerOf(`say({ event: 'at_once', count: 7 }); done({ model: 'm' })`);
    const onAtOnce = (count: number) => Promise.resolve(void counts.push(count));
    await runner.run('generate-asset', { prompt: 'p', out: at('o.png') }, { signal: idle, onAtOnce });
    expect(counts).toEqual([7]);
  });
});

describe('what a script says', () => {
  it('has a submitted job recorded before anything else is heard', async () => {
    const order: string[] = [];
    const result = await clip(`submitted('job-1'); done({ model: 'kling' });`, async (jobId) => {
      order.push(`recording ${jobId}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push('recorded');
    });
    expect([...order, result.model]).toEqual(['recording job-1', 'recorded', 'kling']);
  });

  it('is not disturbed by a library that prints, nor by progress that cannot be; that which can be is told', async () => {
    const counts = [
      { done: 1, total: 2 },
      {},
      { done: 1 },
      { done: '1', total: 2 },
      { done: 3, total: 2 },
      { done: -1, total: 2 },
      { done: 0, total: 0 },
    ];
    const program = `console.log('deprecated: x'); console.log('{'); say(7); console.log('{"event":"progress","done":0,"total":1e999}');
for (const count of ${JSON.stringify(counts)}) say({ event: 'progress', ...count }); say({ event: 'progress', done: 2, total: 2 }); done({ model: 'm' });`;
    const told: object[] = [];
    const runner = await runnerOf(program);
    const onProgress = (progress: object) => void told.push(progress);
    expect(await runner.run('generate-asset', { prompt: 'p', out: at('o.png') }, { signal: idle, onProgress })).toEqual({ model: 'm' });
    expect(told).toEqual([1, 2].map((done) => ({ event: 'progress', done, total: 2 })));
  });

  it.each([
    ['a result without its model', `done({})`, /model/],
    ['no result at all', ``, /reported no result/],
    ['a job without an id', `say({ event: 'submitted' }); forever();`, /did not say which/],
    ['an error that is no failure line', `console.error('first'); throw new Error('out of luck');`, /out of luck/],
  ])('is a broken script when it is %s', async (_what, program, message) => {
    const failure = await failureOf(image(program));
    expect(failure).toMatchObject({ code: 'SCRIPT_BROKEN', kind: 'transient' });
    expect(failure.message).toMatch(message);
  });

  it('refuses words without times', async () => {
    const runner = await runnerOf(`done({ model: 'm', characters: 3, words: [{ word: 'a', start_ms: '0', end_ms: 5 }] })`);
    const spoken = runner.run('generate-audio', { text: 'a', voice: 'v', language: 'en', out: 'o.mp3' }, { signal: idle });
    expect((await failureOf(spoken)).message).toMatch(/words\.0\.start_ms/);
  });

  it('is its own failure, whatever else stands on stderr', async () => {
    const line = JSON.stringify(permanent({ code: 'GEMINI_BLOCKED', message: 'refused', userMessage: 'change it' }));
    const failure = await failureOf(image(`console.error('a warning'); fail(${line});`));
    expect(failure).toMatchObject({ code: 'GEMINI_BLOCKED', kind: 'permanent', message: 'refused', userMessage: 'change it' });
  });
});

describe('a script that is stopped', () => {
  it('is ended with everything that it has started, also when all of it resists', async () => {
    const pids = at('pids');
    const resist = `process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1_000);`;
    const program = `import { spawn } from 'node:child_process'; import { appendFileSync } from 'node:fs';
const write = \`require('node:fs').appendFileSync(${JSON.stringify(pids)}, process.pid + '\\\\n');\`;
spawn(process.execPath, ['-e', ${JSON.stringify(resist)} + write], { stdio: 'ignore' });
${resist} appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n');`;
    const stopping = new AbortController();
    const running = failureOf(image(program, stopping.signal));
    const [first = 0, second = 0] = await pidsIn(pids, 2);
    stopping.abort(new Error('the service is stopping'));
    expect(await running).toMatchObject({ code: 'STOPPED', kind: 'transient' });
    await eventually(() => !runs(first) && !runs(second), { what: 'both to be gone', timeoutMs: 5_000 });
  }, 30_000);

  it('is still heard when it reports a job that was accepted meanwhile', async () => {
    const started = at('started');
    const program = `import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => { submitted('late-job'); process.exit(1); });
writeFileSync(${JSON.stringify(started)}, process.pid + '\\n'); forever();`;
    const [stopping, jobs] = [new AbortController(), [] as string[]];
    const running = clip(program, (jobId) => Promise.resolve(void jobs.push(jobId)), stopping.signal);
    const outcome = failureOf(running);
    await pidsIn(started, 1);
    stopping.abort(new Error('the service is stopping'));
    expect([(await outcome).code, jobs]).toEqual(['STOPPED', ['late-job']]);
  });

  it.each([
    ['keeps what no other try can mend', permanent({ code: 'KIE_SUBMIT_UNKNOWN', message: 'm', userMessage: 'u' }), 'KIE_SUBMIT_UNKNOWN'],
    ['is not taken for a provider that failed', transient({ code: 'KIE_500', message: 'm', userMessage: 'u' }), 'STOPPED'],
  ])('%s', async (_what, reported, code) => {
    const started = at(`started-${code}`);
    const program = `import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => fail(${JSON.stringify(reported)})); writeFileSync(${JSON.stringify(started)}, process.pid + '\\n'); forever();`;
    const stopping = new AbortController();
    const outcome = failureOf(image(program, stopping.signal));
    await pidsIn(started, 1);
    stopping.abort(new Error('the service is stopping'));
    expect((await outcome).code).toBe(code);
  });

  it('says so when it took too long', async () => {
    expect(await failureOf(image('forever();', AbortSignal.timeout(200)))).toMatchObject({ code: 'TIMED_OUT', kind: 'transient' });
  });

  it('does not even start when the order came before', async () => {
    expect((await failureOf(image(`done({ model: 'm' })`, AbortSignal.abort(new Error('too late'))))).code).toBe('STOPPED');
  });

  it('is ended when its job cannot be recorded; its journal knows it all the same', async () => {
    const pids = at('unrecorded');
    const program = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pids)}, process.pid + '\\n'); submitted('job-7'); forever();`;
    const failure = await failureOf(clip(program, () => Promise.reject(new Error('the database is away'))));
    expect(failure).toMatchObject({ kind: 'transient', message: expect.stringContaining('the database is away') as unknown });
    expect(runs((await pidsIn(pids, 1))[0] ?? 0)).toBe(false);
  });
});

describe('the real scripts', () => {
  const runner = new ScriptRunner(readSettings({}), limits);
  const picture = async (name: string, background: string) => {
    await sharp({ create: { width: 320, height: 180, channels: 3, background } })
      .png()
      .toFile(at(name));
    return at(name);
  };

  it('make their file', async () => {
    const [left, right, out] = [await picture('left.png', 'red'), await picture('right.png', 'blue'), at('split.png')];
    expect(await runner.run('create-split-screen', { left, right, out }, { signal: idle })).toEqual({});
    expect(await probe(out)).toMatchObject({ kind: 'image', width: 1920, height: 1080 });
  });

  it.each<[ScriptName, object, string]>([
    ['create-composite', { environment: 'missing.png' }, 'MEDIA_UNUSABLE'],
    ['assemble-video', { manifest: 'missing.json' }, 'MANIFEST_INVALID'],
  ])('%s: say what is wrong', async (name, args, code) => {
    const run = runner.run(name, { ...args, out: at('never') } as never, { signal: idle });
    expect(await failureOf(run)).toMatchObject({ code, kind: 'permanent' });
  });
});
