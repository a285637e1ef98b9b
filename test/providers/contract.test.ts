import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '#config';
import { expectMedia, inspectClip, inspectNarration, inspectSoundEffect, probe } from '#media';
import { STORYBOARD_JSON_SCHEMA, Failure, parseStoryboard } from '#pipeline';
import { clipSeconds, reach, reachHosts, type ModelPort, type ProviderName, type Reached, type Waiting } from '#providers/registry';
import sharp from 'sharp';
import { call } from '../../apps/local/src/gateway-client.js';
import { startSimulator } from '../../apps/simulator/src/main.js';
import { CONTRACT, HARMLESS, SAME_AS_ELSEWHERE, type Row } from './contract.js';

/** With it the same clients talk to the real providers; `npm run test:live` sets it, after it has said what that costs. */
const LIVE = process.env.CONTRACT_LIVE === '1';
const VOICE = 'JBFqnCBsd6RMkjVDRZzb';
const { signal } = new AbortController();
const waiting: Waiting = { signal, turn: () => Promise.resolve(), pause: (ms) => sleep(ms) };

let simulator: Awaited<ReturnType<typeof startSimulator>> | null = null;
/** The environment in which providers are reached. */
let values: Record<string, unknown>;
let folder: string;
let picture: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contract-'));
  picture = join(folder, 'reef.png');
  const noise = { type: 'gaussian', mean: 120, sigma: 40 } as const;
  await sharp({ create: { width: 1280, height: 720, channels: 3, background: 'teal', noise } })
    .png()
    .toFile(picture);
  if (!LIVE) simulator = await startSimulator({ port: 0 });
  values = readSettings(simulator ? { SIMULATOR_URL: simulator.url } : process.env);
});
afterEach(() => (simulator ? admin('DELETE', 'scenarios') : undefined));
afterAll(async () => {
  await simulator?.app.close();
  await rm(folder, { recursive: true, force: true });
});

async function admin(method: string, path: string, body?: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${simulator?.url ?? ''}/simulator/${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function open<P extends ModelPort>(port: P, provider: ProviderName, more: Record<string, unknown> = {}) {
  const reached: Reached<P> = reach(port, { ...values, ...more }, provider);
  return { client: await reached.open(), model: reached.model };
}

async function host(name: string): Promise<string> {
  const [place] = reachHosts({ ...values, IMAGE_HOSTS: name }, reach('clip', values));
  const client = await place?.open();
  return client?.hostImage(picture, signal) ?? '';
}

type More = Record<string, unknown>;

/** One request of each kind, small, with the words of the caller in it. */
const ASK = {
  storyboard: async (words: string, more: More = {}) => writeJson('gemini', words, more),
  completion: async (words: string, more: More = {}) => writeJson('openai', words, more),
  image: async (words: string, more: More = {}) => {
    const { client, model } = await open('image', 'gemini', more);
    return client.drawImage({ model, prompt: `A barn owl on a plain light ground. ${words}`, aspectRatio: '16:9', references: [] });
  },
  clip: async (words: string, more: More = {}) => submit(words, more),
  record: async (words: string) => {
    const { client } = await open('clip', 'kie');
    return client.waitForClip(await submit(words), waiting);
  },
  narration: async (words: string, more: More = {}, voice = VOICE) => {
    const { client, model } = await open('speech', 'elevenlabs', more);
    return client.speak({ model, voice, text: `The sea is old. ${words}`.trim(), language: 'en', before: 'Listen.', after: 'And deep.' });
  },
  sound_effect: async (words: string, more: More = {}, seconds = 1) => {
    const { client, model } = await open('effect', 'elevenlabs', more);
    return client.soundEffect({ model, prompt: `rain ${words}`, seconds });
  },
  upload: () => host('kie'),
  litterbox_upload: () => host('litterbox'),
  catbox_upload: () => host('catbox'),
};

async function writeJson(provider: ProviderName, words: string, more: More) {
  const { client, model } = await open('text', provider, more);
  const prompt = `Title: The Owl\nTopic: A barn owl\nStory direction: ${words || 'calm'}\nNumber of scenes: 2`;
  const instructions = 'Write a short nature documentary as JSON of the given schema. Two scenes, at most eleven words of narration each.';
  return client.writeJson({ model, instructions, prompt, schema: STORYBOARD_JSON_SCHEMA });
}

async function submit(words: string, more: More = {}): Promise<string> {
  const imageUrl = await host('kie');
  const { client, model } = await open('clip', 'kie', more);
  return client.submitClip({ model, imageUrl, motion: `slow pan ${words}`, seconds: 5 });
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const outcome = await promise.catch((error: unknown) => error);
  if (!(outcome instanceof Failure)) throw new Error(`Expected a Failure, got ${JSON.stringify(outcome).slice(0, 300)}`);
  return outcome;
}

/** Whether a live run has this provider's key. */
const has = (provider: ProviderName) => !LIVE || Boolean(process.env[`${provider.toUpperCase()}_API_KEY`]);
const whenSimulated = LIVE ? describe.skip : describe;
const withKey = (provider: ProviderName) => (has(provider) ? it : it.skip);

whenSimulated('every answer of the failure table', () => {
  it.each(CONTRACT)(
    '$ask: $answer means $code',
    async ({ ask, answer, kind, code, billed = 'no', retryAfterMs = 0 }: Row) => {
      const words = ask.includes('upload') ? '' : `sim:${answer}`;
      // A place for pictures is asked again a few times; it answers the same each time.
      if (!words) await admin('PUT', 'scenarios', { operation: ask, answer, times: 9 });
      const failure = await failureOf(ASK[ask](words));
      expect(failure).toMatchObject({ kind, code, billed });
      expect(failure.retryAfterMs ?? 0).toBeGreaterThanOrEqual(retryAfterMs);
      expect(failure.userMessage.length).toBeGreaterThan(20);
    },
    60_000,
  );

  it('has a row for everything that the simulator can answer', async () => {
    const { answers } = await call<{ answers: Record<string, string[]> }>('GET', `${simulator?.url ?? ''}/simulator/scenarios`);
    const missing = Object.entries(answers).flatMap(([operation, names]) =>
      names
        .filter(
          (name) =>
            !CONTRACT.some(({ ask, answer }) => answer === name && (ask === operation || (ask === 'record' && operation === 'clip'))) &&
            !HARMLESS[operation]?.includes(name) &&
            !SAME_AS_ELSEWHERE[operation]?.test(name),
        )
        .map((name) => `${operation}: ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

whenSimulated('answers that are odd but good', () => {
  it.each(['two_images', 'jpeg'])('a picture: %s', async (answer) => {
    const { bytes } = await ASK.image(`sim:${answer}`);
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 1344, height: 768 });
  });

  it.each([
    ['no_alignment', 0],
    ['only_normalized', 5],
  ])('a narration: %s', async (answer, words) => {
    expect((await ASK.narration(`sim:${answer}`)).words).toHaveLength(words);
  });

  it('a completion that does not say what it took', async () => {
    expect(await ASK.completion('sim:without_usage')).toMatchObject({ inputTokens: 0, outputTokens: 0 });
  });

  it('a clip whose link has run out is asked for anew', async () => {
    const { client } = await open('clip', 'kie');
    const url = await client.waitForClip(await submit('sim:expired_link'), waiting);
    expect((await fetch(url)).status).toBe(403);
    await client.download(url, join(folder, 'again.mp4'), signal);
    expect(await probe(join(folder, 'again.mp4'))).toMatchObject({ kind: 'video' });
  }, 60_000);

  it.each(['black', 'frozen'])(
    'a clip that is a success, and %s',
    async (slip) => {
      const { client } = await open('clip', 'kie');
      const path = join(folder, `${slip}.mp4`);
      await client.download(await client.waitForClip(await submit(`sim:${slip}`), waiting), path, signal);
      expect(await inspectClip(path, await probe(path), 5_000)).toMatchObject([{ code: slip, grave: true }]);
    },
    60_000,
  );

  it('a narration and a sound effect in which nothing is heard', async () => {
    const [voice, rain] = [join(folder, 'mouthed.mp3'), join(folder, 'no-rain.mp3')];
    await writeFile(voice, (await ASK.narration('sim:silent')).audio);
    await writeFile(rain, (await ASK.sound_effect('sim:silent')).audio);
    expect(await inspectNarration(voice, await probe(voice), 2_000)).toMatchObject([{ code: 'silent', grave: true }]);
    expect(await inspectSoundEffect(rain, await probe(rain))).toMatchObject([{ code: 'silent', grave: true }]);
  });

  it("what the models want of a clip's input is what each gets", async () => {
    const models = ['kling-2.6/image-to-video', 'kling/v3-turbo-image-to-video', 'kling-3.0/video', 'bytedance/seedance-1.5-pro'];
    for (const model of [...models, 'bytedance/seedance-2', 'hailuo/2-3-image-to-video-standard', 'kling/v2-1-master']) {
      const { client } = await open('clip', 'kie');
      const seconds = clipSeconds({ name: 'kie', model })[0] ?? 0;
      const imageUrl = await host('kie');
      expect(await client.submitClip({ model, imageUrl, motion: 'x'.repeat(6_000), seconds })).toMatch(/\w{10}/);
      await sleep(600);
    }
  }, 60_000);
});

describe('the usual answer', () => {
  withKey('gemini')(
    'is a storyboard that is whole',
    async () => {
      const { data, inputTokens, outputTokens } = await ASK.storyboard('');
      expect(parseStoryboard(data)).toMatchObject({ ok: true });
      expect([inputTokens > 0, outputTokens > 0]).toEqual([true, true]);
    },
    180_000,
  );

  withKey('openai')(
    'is one from whoever speaks the language of OpenAI, too',
    async () => {
      expect(parseStoryboard((await ASK.completion('')).data)).toMatchObject({ ok: true });
    },
    180_000,
  );

  withKey('gemini')(
    'is a wide picture, also of somebody who was shown',
    async () => {
      const { bytes } = await ASK.image('');
      const { width, height } = await sharp(bytes).metadata();
      expect(width / height).toBeCloseTo(16 / 9, 1);
      if (LIVE) return;
      const { client, model } = await open('image', 'gemini');
      const references = [{ bytes, mimeType: 'image/png' }];
      const again = await client.drawImage({ model, prompt: 'The owl in a barn at night', aspectRatio: '16:9', references });
      expect((await sharp(again.bytes).metadata()).format).toBe('png');
      const drawn = await call<{ detail: { references: number } }[]>(
        'GET',
        `${simulator?.url ?? ''}/simulator/calls?provider=gemini&operation=image`,
      );
      expect(drawn.at(-1)?.detail.references).toBe(1);
    },
    180_000,
  );

  withKey('kie')(
    'is a clip of the asked length',
    async () => {
      const { client } = await open('clip', 'kie');
      const url = await client.waitForClip(await submit(''), waiting);
      await client.download(url, join(folder, 'clip.mp4'), signal);
      const media = await expectMedia(join(folder, 'clip.mp4'), { kind: 'video' }, signal);
      expect(Math.abs((media.durationMs ?? 0) - 5_000)).toBeLessThan(300);
      expect(await inspectClip(join(folder, 'clip.mp4'), media, 5_000, signal)).toEqual([]);
    },
    900_000,
  );

  withKey('elevenlabs')(
    'is a narration with its words, and a sound effect',
    async () => {
      const { audio, words, characters } = await ASK.narration('');
      await writeFile(join(folder, 'voice.mp3'), audio);
      const spoken = await expectMedia(join(folder, 'voice.mp3'), { kind: 'audio' }, signal);
      expect(await inspectNarration(join(folder, 'voice.mp3'), spoken, 2_000, signal)).toEqual([]);
      expect([words.map(({ word }) => word), characters]).toEqual([['The', 'sea', 'is', 'old.'], 15]);
      const effect = await ASK.sound_effect('');
      await writeFile(join(folder, 'rain.mp3'), effect.audio);
      expect(await inspectSoundEffect(join(folder, 'rain.mp3'), await probe(join(folder, 'rain.mp3')), signal)).toEqual([]);
    },
    180_000,
  );
});

describe('a mistake of ours', () => {
  const wrong = (provider: ProviderName) => ({
    [`${provider.toUpperCase()}_API_KEY`]: 'wrong-simulated-key',
    SIMULATOR_URL: '',
    ...address(provider),
  });
  /** With a key of its own a provider would be asked at its real address; the simulator is meant. */
  const address = (provider: ProviderName) =>
    LIVE ? {} : { [`${provider.toUpperCase()}_BASE_URL`]: `${simulator?.url ?? ''}/${provider}` };

  const KEYS: [ProviderName, 'image' | 'completion' | 'narration', string][] = [
    ['gemini', 'image', 'GEMINI_KEY_REFUSED'],
    ['openai', 'completion', 'OPENAI_INVALID_API_KEY'],
    ['elevenlabs', 'narration', 'ELEVENLABS_INVALID_API_KEY'],
  ];
  for (const [provider, ask, code] of KEYS) {
    withKey(provider)(
      `a wrong key: ${provider}`,
      async () => {
        const failure = await failureOf(ASK[ask]('', wrong(provider)));
        expect(failure).toMatchObject({ kind: 'permanent', code, billed: 'no' });
        expect(JSON.stringify(failure)).not.toContain('wrong-simulated-key');
      },
      60_000,
    );
  }

  withKey('kie')(
    'a wrong key: kie',
    async () => {
      expect(await failureOf(submit('', wrong('kie')))).toMatchObject({ kind: 'permanent', code: 'KIE_401', billed: 'no' });
    },
    60_000,
  );

  withKey('gemini')(
    'a model that is gone',
    async () => {
      const failure = await failureOf(ASK.image('', { GEMINI_IMAGE_MODEL: 'gemini-2.5-flash-image' }));
      expect([failure.kind, failure.userMessage]).toEqual(['permanent', expect.stringContaining('gemini-nano-banana-2.1')]);
    },
    60_000,
  );

  withKey('kie')(
    'a picture that nobody can fetch',
    async () => {
      const { client, model } = await open('clip', 'kie');
      const request = { model, imageUrl: 'file:///x', motion: 'slow pan', seconds: 5 };
      expect(await failureOf(client.submitClip(request))).toMatchObject({ kind: 'permanent', code: 'KIE_422', billed: 'no' });
      expect(await failureOf(client.waitForClip('unknown', waiting))).toMatchObject({ code: 'KIE_404', endsJob: true });
    },
    60_000,
  );

  withKey('elevenlabs')(
    'an unknown voice, a text without end, an effect that is too short',
    async () => {
      expect((await failureOf(ASK.narration('', {}, 'nobody'))).kind).toBe('permanent');
      expect(await failureOf(ASK.narration('x'.repeat(6_000)))).toMatchObject({ kind: 'permanent', code: 'ELEVENLABS_TEXT_TOO_LONG' });
      expect((await failureOf(ASK.sound_effect('', {}, 0.1))).kind).toBe('permanent');
    },
    60_000,
  );
});
