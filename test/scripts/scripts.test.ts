import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SETTINGS } from '#config';
import { ffmpeg, planFromFiles, probe } from '#media';
import { Failure, SHAPES, parseStoryboard } from '#pipeline';
import { eventually } from '#testing';
import { execa } from 'execa';
import { call } from '../../apps/local/src/gateway-client.js';
import { startSimulator } from '../../apps/simulator/src/main.js';

const SCRIPTS = resolve(import.meta.dirname, '../../dist/scripts');
const PROMPTS = resolve(import.meta.dirname, '../../prompts');
const NAMES = [
  'write-storyboard',
  'generate-asset',
  'create-composite',
  'create-split-screen',
  'generate-video',
  'generate-audio',
  'generate-sound-effects',
  'assemble-video',
  'create-thumbnail',
];

let folder: string;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let providers: Record<string, string>;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scripts-'));
  simulator = await startSimulator({ port: 0 });
  providers = { SIMULATOR_URL: simulator.url };
});
afterAll(async () => {
  await simulator.app.close();
  await rm(folder, { recursive: true, force: true });
});

/** A script as a person runs it, in the folder of the test; what it needs of providers comes from the environment. */
function script(name: string, args: readonly string[], env: Record<string, string> = providers) {
  const path = join(SCRIPTS, `${name}.js`);
  return execa(process.execPath, [path, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS, ...env },
    extendEnv: false,
    reject: false,
  });
}

/** A script as a person runs it on a terminal, which gets the script's errors, too. */
function onTerminal(name: string, args: readonly string[]) {
  const command = [process.execPath, join(SCRIPTS, `${name}.js`), ...args];
  // The same program has two command lines.
  const terminal = process.platform === 'darwin' ? ['-q', '/dev/null', ...command] : ['-qec', command.join(' '), '/dev/null'];
  return execa('script', terminal, { cwd: folder, env: { TERM: 'xterm' }, stdin: 'ignore', reject: false });
}

/** The one line on stderr of a script that failed. */
function failureIn({ exitCode, stderr }: { exitCode?: number; stderr: string }): Failure {
  expect(exitCode).toBe(1);
  const failure = Failure.parse(stderr);
  if (!failure) throw new Error(`No failure line: ${stderr}`);
  return failure;
}

const clipArguments = (out: string) => ['--image=scene.png', '--motion=slow pan', '--seconds=5', `--out=${out}`];
const stop = (running: ReturnType<typeof script>) => {
  running.kill('SIGTERM');
};
const submissions = () => call<unknown[]>('GET', `${simulator.url}/simulator/calls?provider=kie&operation=clip`);

describe('the scripts, run by hand one after another', () => {
  it.each([
    ['generate-asset', ['--prompt=the cold reef at dawn', '--out=reef.png'], { kind: 'image' }],
    ['generate-asset', ['--prompt=A whale on a plain light ground', '--out=whale.png'], { kind: 'image' }],
    ['create-composite', ['--environment=reef.png', '--character=whale.png', '--out=scene.png'], { width: 1920, height: 1080 }],
    ['create-split-screen', ['--left=reef.png', '--right=whale.png', '--out=split.png'], { width: 1920, height: 1080 }],
    ['generate-video', clipArguments('clip.mp4'), { kind: 'video', durationMs: 5_000 }],
    ['generate-audio', ['--text=The sea is old.', '--voice=JBFqnCBsd6RMkjVDRZzb', '--language=en', '--out=voice.mp3'], { kind: 'audio' }],
    ['generate-sound-effects', ['--prompt=waves', '--seconds=2.5', '--out=waves.wav'], { kind: 'audio', audioCodec: 'pcm_s16le' }],
  ])(
    '%s %j makes its file and says so',
    async (name, args, media) => {
      const { exitCode, stdout, stderr } = await script(name, args);
      const out = (args.at(-1) ?? '').replace('--out=', '');
      expect([stderr, exitCode]).toEqual(['', 0]);
      expect(stdout.split('\n').at(-1)).toBe(`Wrote ${out}`);
      expect(await probe(at(out))).toMatchObject(media);
    },
    60_000,
  );

  it('assemble-video cuts them, and reports progress and times', async () => {
    const { durationMs } = await probe(at('voice.mp3'));
    const scene = { clip: at('clip.mp4'), narration: at('voice.mp3'), soundEffect: at('waves.wav'), narrationMs: durationMs ?? 0 };
    const manifest = await planFromFiles([scene, scene], { ...SHAPES.landscape, fit: 'fill' });
    await writeFile(at('manifest.json'), JSON.stringify(manifest));
    const running = script('assemble-video', ['--manifest=manifest.json', '--out=final.mp4', '--json']);
    const { exitCode, stdout } = await running;
    const events = stdout.split('\n').map((line) => JSON.parse(line) as { event: string; done?: number; total?: number; result?: unknown });
    const total = manifest.scenes.reduce((sum, { frames }) => sum + frames, 0);
    expect([exitCode, events.filter(({ event }) => event === 'progress').at(-1)]).toEqual([0, { event: 'progress', done: total, total }]);
    const [first] = manifest.scenes;
    const length = Math.round(((first?.frames ?? 0) / 24) * 1_000);
    expect(events.at(-1)).toMatchObject({ event: 'done', file: 'final.mp4', result: { scenes: [{ start_ms: 0 }, { start_ms: length }] } });
    expect(await probe(at('final.mp4'))).toMatchObject({ width: 1920, height: 1080, durationMs: Math.round((total / 24) * 1_000) });
  }, 60_000);

  it('assemble-video shows people on a terminal how far it is, and nobody else', async () => {
    const scene = '--scene=clip.mp4,voice.mp3,waves.wav';
    // What is only copied is done at once.
    const { exitCode, stdout } = await onTerminal('assemble-video', [
      ...Array.from({ length: 4 }, () => scene),
      '--crossfade=0.5',
      '--out=long.mp4',
    ]);
    expect(stdout).toMatch(/\[#+\.+\] \d+ %, \d+ s left \(\d+ of \d+ frames, \d+\.\d\/s\)/);
    // The bar was there as long as it was needed.
    expect([exitCode, stdout.split('\x1b[2K').at(-1)?.trim()]).toEqual([
      0,
      expect.stringMatching(/^Wrote long\.mp4: 4 scenes, -1\d\.\d LUFS/),
    ]);
    expect((await script('assemble-video', [scene, '--out=long.mp4'])).stdout).toMatch(/^Wrote long\.mp4: 1 scene, .*dBTP$/);
    const failed = await onTerminal('assemble-video', ['--scene=missing.mp4,voice.mp3,waves.wav', '--out=no.mp4']);
    expect([failed.exitCode, Failure.parse(failed.stdout.trim())?.code]).toEqual([1, 'MEDIA_UNUSABLE']);
  }, 120_000);

  it('assemble-video cuts whatever it is given by hand, upright and with all that belongs to a channel', async () => {
    await ffmpeg([...'-f lavfi -i color=red:s=640x360:r=24:d=1 -f lavfi -i sine=f=500:d=1 -pix_fmt yuv420p'.split(' '), at('intro.mp4')]);
    await ffmpeg([...'-f lavfi -i sine=f=200:d=3'.split(' '), at('music.mp3')]);
    await ffmpeg([...'-f lavfi -i color=white:s=80x40 -frames:v 1'.split(' '), at('mark.png')]);
    const scenes = ['--scene=clip.mp4,voice.mp3,waves.wav', '--scene=clip.mp4'];
    const dressed = [
      '--shape=portrait',
      '--fit=blur',
      '--crossfade=0.5',
      '--intro=intro.mp4',
      '--watermark=mark.png',
      '--music=music.mp3',
      '--synthetic',
    ];
    const { exitCode, stdout, stderr } = await script('assemble-video', [...scenes, ...dressed, '--out=short.mp4']);
    expect([stderr, exitCode]).toEqual(['', 0]);
    expect(stdout).toMatch(/^Wrote short\.mp4: 2 scenes, -1[34]\.\d LUFS, peak -[1-9]\.\d dBTP/);
    expect(await probe(at('short.mp4'))).toMatchObject({ kind: 'video', width: 1080, height: 1920, audioCodec: 'aac' });
    expect((await readFile(at('short.mp4'))).includes('compositeWithTrainedAlgorithmicMedia')).toBe(true);
    expect((await script('assemble-video', [...scenes, '--out=plain.mp4'])).exitCode).toBe(0);
    expect((await readFile(at('plain.mp4'))).includes('digitalsourcetype')).toBe(false);
  }, 120_000);

  it('assemble-video takes nothing besides a manifest that the manifest says itself', async () => {
    const failure = failureIn(
      await script('assemble-video', ['--manifest=manifest.json', '--music=gone.mp3', '--crossfade=1', '--out=never.mp4']),
    );
    expect(failure).toMatchObject({ code: 'BAD_ARGUMENTS', message: expect.stringContaining('leave out --crossfade, --music') as unknown });
  });

  it('assemble-video says what is wrong with a manifest, naming the key', async () => {
    const good = await planFromFiles([{ clip: at('clip.mp4'), narrationMs: 0 }], { ...SHAPES.landscape, fit: 'fill' });
    for (const [wrong, why] of [
      [{ ...good, version: 1 }, /version/],
      [{ ...good, scenes: [{ clip: 'clip.mp4', frames: 0 }] }, /scenes\.0\.frames/],
      [{ ...good, watermark: { file: 'm.png', corner: 'middle', width: 0.1, opacity: 1 } }, /watermark\.corner/],
      [{ ...good, mucis: 'calm.mp3' }, /mucis/],
      [{ ...good, width: 321 }, /width/],
    ] as const) {
      await writeFile(at('wrong.json'), JSON.stringify(wrong));
      const failure = failureIn(await script('assemble-video', ['--manifest=wrong.json', '--out=never.mp4']));
      expect(failure).toMatchObject({ code: 'MANIFEST_INVALID', kind: 'permanent' });
      expect(failure.message).toMatch(why);
    }
  });

  // A disk of its own takes a mount, which only Linux lets anybody make for a process of theirs.
  (process.platform === 'linux' ? it : it.skip)(
    'assemble-video on a disk that fills up says so, leaves what was there as it was, and goes through once there is room',
    async () => {
      await ffmpeg([
        ...'-f lavfi -i testsrc2=s=1920x1080:r=30:d=6 -pix_fmt yuv420p -c:v libx264 -preset ultrafast'.split(' '),
        at('big.mp4'),
      ]);
      await mkdir(at('disk'), { recursive: true });
      const command = [
        process.execPath,
        join(SCRIPTS, 'assemble-video.js'),
        '--scene=big.mp4,voice.mp3,waves.wav',
        '--watermark=mark.png',
        '--out=disk/final.mp4',
      ];
      const steps = [
        'mount -t tmpfs -o size=2m none disk',
        'echo before > disk/final.mp4',
        `"$@"; code=$?`,
        'cat disk/final.mp4 >&2; ls -A disk >&2',
        'mount -o remount,size=64m disk; "$@"; echo then $?; exit $code',
      ];
      const { exitCode, stdout, stderr } = await execa(
        'unshare',
        ['--map-root-user', '--mount', 'sh', '-c', steps.join('\n'), 'sh', ...command],
        {
          ...{ cwd: folder, reject: false },
        },
      );
      const [line = '', ...left] = stderr.split('\n');
      expect([exitCode, JSON.parse(line)]).toEqual([
        1,
        expect.objectContaining({ code: 'DISK_FULL', user_message: expect.stringContaining('Make room') as unknown }),
      ]);
      expect(left).toEqual(['before', 'final.mp4']);
      expect(stdout).toMatch(/^Wrote disk\/final\.mp4[^]*\nthen 0$/);
    },
    60_000,
  );

  it('create-thumbnail makes one of it, and says which moment it shows', async () => {
    const args = [
      '--video=final.mp4',
      '--candidate=2',
      '--title=THE <SEA> & I',
      '--color=#ffe14d',
      '--position=top',
      '--out=thumbnail.jpg',
    ];
    const { exitCode, stdout, stderr } = await script('create-thumbnail', args);
    expect([stderr, exitCode]).toEqual(['', 0]);
    expect(stdout).toMatch(/^Wrote thumbnail\.jpg: the moment at \d+\.\d s$/);
    expect(await probe(at('thumbnail.jpg'))).toMatchObject({ kind: 'image', width: 1280, height: 720 });
    for (const wrong of ['--candidate=4', '--color=red', '--position=left'])
      expect(failureIn(await script('create-thumbnail', [...args, wrong])).message).toContain(wrong.replace(/^--|=.*/g, ''));
  }, 60_000);

  it('write-storyboard writes one that is whole, and gives one with mistakes back once', async () => {
    const write = (topic: string) =>
      script('write-storyboard', [
        `--instructions=${PROMPTS}`,
        `--brief=Title: The Reef\nTopic: ${topic}`,
        '--scenes=2',
        '--out=storyboard.json',
      ]);
    const answers = async () =>
      (await call<unknown[]>('GET', `${simulator.url}/simulator/calls?provider=gemini&operation=storyboard`)).length;
    for (const [topic, asked] of [
      ['coral', 1],
      ['coral, slip once', 2],
    ] as const) {
      const before = await answers();
      const run = await write(topic);
      expect([run.stderr, run.exitCode]).toEqual(['', 0]);
      const parsed = parseStoryboard(JSON.parse(await readFile(at('storyboard.json'), 'utf8')), { scenes: 2 });
      expect([parsed.ok, (await answers()) - before]).toEqual([true, asked]);
    }
    expect(failureIn(await write('coral, slip always'))).toMatchObject({ code: 'STORYBOARD_INVALID', kind: 'permanent' });
    // What YouTube would refuse in the end is refused before anything else is paid for.
    for (const [where, field] of [
      ['title', /title\b/],
      ['brackets', /title must not contain < or >/],
      ['description', /description has 5001 bytes/],
      ['tags', /tags have 5\d\d characters/],
    ] as const) {
      const failure = failureIn(await write(`coral, slip always in ${where}`));
      expect(failure).toMatchObject({ code: 'STORYBOARD_INVALID', userMessage: expect.stringMatching(field) });
    }
    await rm(at('storyboard.json'));
  }, 60_000);

  it('leave nothing behind but their files', async () => {
    const files = [
      ...['big.mp4', 'clip.mp4', 'disk', 'final.mp4', 'intro.mp4', 'long.mp4', 'manifest.json', 'mark.png', 'music.mp3', 'plain.mp4'],
      ...['reef.png', 'scene.png', 'short.mp4', 'split.png', 'thumbnail.jpg', 'voice.mp3', 'waves.wav', 'whale.png', 'wrong.json'],
    ].filter((name) => process.platform === 'linux' || !['big.mp4', 'disk'].includes(name));
    expect((await readdir(folder)).sort()).toEqual(files);
  });
});

describe('what a script is told besides', () => {
  const order = (operation: string, answer: string) => call('PUT', `${simulator.url}/simulator/scenarios`, { operation, answer });
  const received = (query: string) =>
    call<{ provider: string; detail?: Record<string, unknown> }[]>('GET', `${simulator.url}/simulator/calls?${query}`);

  it('another provider writes the storyboard', async () => {
    const before = (await received('provider=openai')).length;
    const args = [`--instructions=${PROMPTS}`, '--brief=Title: The Reef', '--scenes=2', '--provider=openai', '--out=other.json'];
    expect((await script('write-storyboard', args)).exitCode).toBe(0);
    expect(parseStoryboard(JSON.parse(await readFile(at('other.json'), 'utf8')), { scenes: 2 }).ok).toBe(true);
    expect((await received('provider=openai')).length).toBe(before + 1);
    await rm(at('other.json'));
  }, 30_000);

  it('a picture of somebody who is to look the same, and another shape', async () => {
    const run = await script('generate-asset', [
      '--prompt=The whale at night',
      '--reference=whale.png',
      '--aspect-ratio=9:16',
      '--out=tall.png',
    ]);
    expect([run.stderr, run.exitCode]).toEqual(['', 0]);
    expect(await probe(at('tall.png'))).toMatchObject({ width: 768, height: 1344 });
    expect((await received('provider=gemini&operation=image')).at(-1)?.detail).toMatchObject({ references: 1 });
    const none = await script('generate-asset', ['--prompt=x', '--reference=nobody.png', '--out=x.png']);
    expect(failureIn(none)).toMatchObject({ code: 'MEDIA_UNUSABLE', kind: 'permanent' });
    await rm(at('tall.png'));
  }, 30_000);

  it('how a word is said; its time is of the word as it is written', async () => {
    const words = ['--text=Only Cthulhu waits.', '--say=Cthulhu=kuh THOO loo', '--voice=JBFqnCBsd6RMkjVDRZzb', '--language=en'];
    const { stdout } = await script('generate-audio', [...words, '--out=said.mp3', '--json']);
    const { result } = JSON.parse(stdout.split('\n').at(-1) ?? '') as { result: { characters: number; words: { word: string }[] } };
    expect([result.characters, result.words.map(({ word }) => word)]).toEqual([
      'Only kuh THOO loo waits.'.length,
      ['Only', 'Cthulhu', 'waits.'],
    ]);
    await rm(at('said.mp3'));
  }, 30_000);

  it('where else a picture can be put, when the first place does not take it', async () => {
    await order('upload', 'code_400');
    const run = await script('generate-video', [...clipArguments('elsewhere.mp4'), '--hosts=kie,litterbox']);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toMatch(/^KIE did not take the picture \(.*400.*\); Litterbox is asked$/);
    expect(await probe(at('elsewhere.mp4'))).toMatchObject({ kind: 'video', durationMs: 5_000 });
    await order('upload', 'code_400');
    const before = (await submissions()).length;
    expect(failureIn(await script('generate-video', [...clipArguments('nowhere.mp4'), '--hosts=kie']))).toMatchObject({ code: 'KIE_400' });
    expect((await submissions()).length).toBe(before);
    await rm(at('elsewhere.mp4'));
  }, 60_000);

  it('a length that the model does not make costs nothing', async () => {
    const before = (await submissions()).length;
    const args = ['--image=scene.png', '--motion=pan', '--seconds=7', '--out=seven.mp4'];
    const refused = failureIn(await script('generate-video', args));
    expect([refused.code, refused.message]).toEqual(['BAD_ARGUMENTS', expect.stringContaining('makes clips of 5, 10 s, not of 7')]);
    expect((await submissions()).length).toBe(before);
    const seedance = await script('generate-video', [...args, '--model=bytedance/seedance-1.5-pro']);
    expect(seedance.exitCode).toBe(0);
    expect(await probe(at('seven.mp4'))).toMatchObject({ durationMs: 7_000 });
    await rm(at('seven.mp4'));
  }, 60_000);
});

describe('--json', () => {
  it('says when each word is spoken', async () => {
    const args = ['--text=The sea.', '--voice=JBFqnCBsd6RMkjVDRZzb', '--language=en', '--out=words.mp3', '--json'];
    const { stdout } = await script('generate-audio', args);
    const events = stdout
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; result: { characters: number; words: { word: string }[] } });
    expect(events[0]).toEqual({ event: 'at_once', count: 10 });
    const result = events[1]?.result;
    expect([result?.characters, result?.words.map(({ word }) => word)]).toEqual([8, ['The', 'sea.']]);
  });

  it('names a submitted job at once, so that another run picks it up and nothing is paid twice', async () => {
    const before = (await submissions()).length;
    const first = script('generate-video', [...clipArguments('lost.mp4'), '--json']);
    let jobId = '';
    for await (const line of first.iterable()) {
      const event = JSON.parse(line) as { event: string; provider_job_id: string };
      // Whoever starts a script this way keeps the pace for it, too.
      if (event.event === 'turn') first.stdin.write('go\n');
      if (event.event !== 'submitted') continue;
      jobId = event.provider_job_id;
      first.kill('SIGTERM');
    }
    expect(failureIn(await first)).toMatchObject({ code: 'STOPPED', kind: 'transient' });
    const second = await script('generate-video', [...clipArguments('found.mp4'), `--job=${jobId}`]);
    expect([second.exitCode, (await submissions()).length]).toEqual([0, before + 1]);
    expect(await probe(at('found.mp4'))).toMatchObject({ kind: 'video', durationMs: 5_000 });
    expect((await readdir(folder)).filter((name) => name.includes('lost'))).toEqual([]);
  }, 60_000);

  it('stops when whoever started the script is gone, and so does its FFmpeg', async () => {
    const scene = { clip: at('endless.mp4'), narration: at('voice.mp3'), soundEffect: at('waves.wav'), narrationMs: 3_600_000 };
    await ffmpeg(['-f', 'lavfi', '-i', 'color=blue:size=320x180:duration=1', at('endless.mp4')]);
    await writeFile(at('hour.json'), JSON.stringify(await planFromFiles([scene], { ...SHAPES.landscape, fit: 'fill' })));
    const running = script('assemble-video', ['--manifest=hour.json', '--out=hour.mp4', '--json']);
    await eventually(
      async () => (await readdir(folder, { recursive: true })).some((name) => name.includes('.work.') && name.endsWith('.mp4')),
      {
        what: 'FFmpeg to write',
        timeoutMs: 20_000,
      },
    );
    running.stdin.end();
    expect(failureIn(await running)).toMatchObject({ code: 'STOPPED' });
    expect((await readdir(folder)).filter((name) => name.includes('hour.mp4'))).toEqual([]);
  }, 60_000);
});

describe('--journal', () => {
  const paid = (journal: string) => ['--prompt=the cold reef at dawn', `--out=${journal}.png`, `--journal=${journal}`, '--json'];
  const entries = async (journal: string) =>
    (await readFile(at(journal), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; result?: { model: string }; failure?: { code: string; billed: string } });
  const drawn = async () => (await call<unknown[]>('GET', `${simulator.url}/simulator/calls?provider=gemini&operation=image`)).length;

  it('is there before the provider is called, and says what became of the call', async () => {
    expect((await script('generate-asset', paid('good'))).exitCode).toBe(0);
    expect(await entries('good')).toMatchObject([{ event: 'calling' }, { event: 'done', result: { model: 'gemini-nano-banana-2.1' } }]);
    await script('generate-asset', paid('bad'), { ...providers, GEMINI_API_KEY: 'wrong', GEMINI_BASE_URL: `${simulator.url}/gemini` });
    expect(await entries('bad')).toMatchObject([
      { event: 'calling' },
      { event: 'failed', failure: { code: 'GEMINI_KEY_REFUSED', billed: 'no' } },
    ]);
  }, 60_000);

  it('that somebody else has made keeps the script from calling', async () => {
    const before = await drawn();
    await writeFile(at('taken'), '{"event":"void"}\n');
    expect(failureIn(await script('generate-asset', paid('taken')))).toMatchObject({ code: 'CALL_VOID', kind: 'permanent' });
    expect([await drawn(), await readFile(at('taken'), 'utf8')]).toEqual([before, '{"event":"void"}\n']);
  }, 60_000);

  it('tells of a call that was brought home though whoever asked for it was gone, or wanted it stopped', async () => {
    for (const [name, leave] of [
      ['orphan', (running: ReturnType<typeof script>) => running.stdin.end()],
      ['stopped', stop],
    ] as const) {
      const before = await drawn();
      const running = script('generate-asset', paid(name));
      await eventually(async () => (await readdir(folder)).includes(name), { what: 'the call to begin', timeoutMs: 20_000 });
      leave(running);
      await running;
      expect((await entries(name)).at(-1)).toMatchObject({ event: 'done' });
      expect([await drawn(), (await probe(at(`${name}.png`))).kind]).toEqual([before + 1, 'image']);
    }
  }, 60_000);

  it.each([
    ['', { kinds: ['cut'] }, () => undefined, 'GEMINI_UNREACHABLE'],
    [', also of one that was lost while it was being stopped', { kinds: ['timed_out'], hold_ms: 1_500 }, stop, 'STOPPED'],
  ] as const)(
    'says of a lost answer that nobody knows what it cost%s',
    async (_when, faults, meanwhile, code) => {
      await rm(at('lost'), { force: true });
      await fetch(`${simulator.url}/simulator/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rate: 1, ...faults }),
      });
      const running = script('generate-asset', paid('lost'));
      await eventually(async () => (await readdir(folder)).includes('lost'), { what: 'the call to begin', timeoutMs: 20_000 });
      meanwhile(running);
      await running;
      await fetch(`${simulator.url}/simulator/faults`, { method: 'DELETE' });
      expect((await entries('lost')).at(-1)).toMatchObject({ event: 'failed', failure: { code, billed: 'unknown' } });
    },
    60_000,
  );
});

describe('a command line', () => {
  it.each(NAMES)('of %s is explained by --help, with an example', async (name) => {
    const { exitCode, stdout, stderr } = await script(name, ['--help'], {});
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`Example:\\n +${name} --`));
    const variables = stdout.match(/\b[A-Z]+_[A-Z_]+\b/g) ?? [];
    expect(variables.filter((variable) => !(variable in SETTINGS))).toEqual([]);
  });

  const drawing = ['--prompt=a', '--out=a.png'];
  it.each([
    ['an unknown option', [...drawing, '--color=red'], {}, /unknown option '--color=red'/],
    ['a missing option', ['--prompt=a'], {}, /required option '--out <file>'/],
    ['a provider that cannot draw', [...drawing, '--provider=kie'], {}, /kie cannot serve image; choose one of gemini/],
    ['neither key nor simulator', drawing, { SIMULATOR_URL: '' }, /GEMINI_API_KEY is not set, the key of Gemini/],
  ])('with %s is refused in one line', async (_what, args, env, message) => {
    const run = await script('generate-asset', args, { ...providers, ...env });
    const failure = failureIn(run);
    expect([failure.code, failure.kind, run.stdout]).toEqual(['BAD_ARGUMENTS', 'permanent', '']);
    expect(failure.message).toMatch(message);
  });

  it('shows what a provider answered', async () => {
    const wrong = await script('generate-asset', drawing, {
      ...providers,
      GEMINI_API_KEY: 'wrong',
      GEMINI_BASE_URL: `${simulator.url}/gemini`,
    });
    expect(failureIn(wrong)).toMatchObject({ code: 'GEMINI_KEY_REFUSED', kind: 'permanent' });
    await expect(readFile(at('a.png'))).rejects.toThrow('ENOENT');
  });

  it('with a picture that is none costs nothing', async () => {
    const before = (await submissions()).length;
    await writeFile(at('none.png'), 'no picture');
    const run = await script('generate-video', ['--image=none.png', '--motion=x', '--seconds=5', '--out=x.mp4']);
    expect(failureIn(run)).toMatchObject({ code: 'MEDIA_UNUSABLE', kind: 'permanent' });
    expect((await submissions()).length).toBe(before);
  });
});
