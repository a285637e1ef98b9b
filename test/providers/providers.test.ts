import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SIMULATOR_PATHS } from '#config';
import { ffmpeg, probe } from '#media';
import { STORYBOARD_JSON_SCHEMA, Failure, parseStoryboard, propertyNames } from '#pipeline';
import { NotionClient, propertiesOf, rowOf, type RowUpdate } from '#providers/notion';
import { SIMULATED_KEY, reach, reachHosts } from '#providers/registry';
import { GoogleOAuth, YouTubeClient, fixedToken, type OAuthGrant } from '#providers/youtube';
import sharp from 'sharp';
import { call } from '../../apps/local/src/gateway-client.js';
import { startSimulator } from '../../apps/simulator/src/main.js';

const VOICE = 'JBFqnCBsd6RMkjVDRZzb';
const CHANNEL = 'UCsimulatedchannel000001';
const REDIRECT = 'http://127.0.0.1:1/callback';
const { signal } = new AbortController();

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let folder: string;
const at = (name: string) => join(folder, name);
const url = (provider: keyof typeof SIMULATOR_PATHS) => simulator.url + SIMULATOR_PATHS[provider];
const access = (provider: keyof typeof SIMULATOR_PATHS, apiKey = SIMULATED_KEY) => ({ baseUrl: url(provider), apiKey });
const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  const outcome = await promise.catch((error: unknown) => error);
  if (!(outcome instanceof Failure)) throw new Error(`Expected a Failure, got ${JSON.stringify(outcome)}`);
  return outcome;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'providers-'));
  simulator = await startSimulator({ port: 0 });
});
afterAll(async () => {
  await simulator.app.close();
  await rm(folder, { recursive: true, force: true });
});

describe('Gemini', () => {
  it.each([1, 2, 6, 18, 60])('writes a storyboard of %d scenes that holds what it promises', async (scenes) => {
    const { open, model } = reach('text', { SIMULATOR_URL: simulator.url });
    const prompt = `Title: The Owl\nTopic: A barn owl\nNumber of scenes: ${scenes}\nAtmosphere: calm`;
    const { data } = await (await open()).writeJson({ model, instructions: 'write', prompt, schema: STORYBOARD_JSON_SCHEMA });
    expect(parseStoryboard(data, { scenes })).toMatchObject({ ok: true, value: { title: 'The Owl' } });
  });

  it('that is away is tried again', async () => {
    const { open, model } = reach('text', { GEMINI_API_KEY: 'x', GEMINI_BASE_URL: 'http://127.0.0.1:9' });
    const asked = (await open()).writeJson({ model, instructions: 'write', prompt: 'x', schema: {} });
    expect(await failureOf(asked)).toMatchObject({ kind: 'transient', code: 'GEMINI_UNREACHABLE' });
  });
});

describe('KIE', () => {
  it('makes a moving clip of exactly the asked length from the picture it was given', async () => {
    await sharp({
      create: { width: 1920, height: 1080, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
    })
      .png()
      .toFile(at('frame.png'));
    const clips = reach('clip', { SIMULATOR_URL: simulator.url });
    const [host] = reachHosts({ SIMULATOR_URL: simulator.url }, clips);
    const [kie, imageUrl] = [await clips.open(), await (await host?.open())?.hostImage(at('frame.png'), signal)];
    const job = await kie.submitClip({ model: clips.model, imageUrl: imageUrl ?? '', motion: 'slow pan', seconds: 5 });
    const waiting = { signal, turn: () => Promise.resolve(), pause: (ms: number) => sleep(ms) };
    await kie.download(await kie.waitForClip(job, waiting), at('clip.mp4'), signal);
    expect(await probe(at('clip.mp4'))).toMatchObject({
      kind: 'video',
      width: 1920,
      height: 1080,
      durationMs: 5_000,
      frameRate: '24/1',
      audioCodec: null,
    });
    const frames = ['0', '4'].map((second) => at(`still-${second}.png`));
    for (const [index, second] of ['0', '4'].entries())
      await ffmpeg(['-ss', second, '-i', at('clip.mp4'), '-frames:v', '1', frames[index] ?? '']);
    const [first, later] = await Promise.all(frames.map((frame) => sharp(frame).raw().toBuffer()));
    expect(first?.equals(later ?? Buffer.alloc(0))).toBe(false);
    const billed = await call<{ usd: number }[]>('GET', `${simulator.url}/simulator/calls?provider=kie&operation=clip`);
    expect(billed).toHaveLength(1);
    expect(billed[0]?.usd).toBeCloseTo(0.21);
  }, 60_000);
});

describe('ElevenLabs', () => {
  it('speaks audibly, and tells when each word is said and how much may be asked at once', async () => {
    const { open, model } = reach('speech', { SIMULATOR_URL: simulator.url });
    const text = 'The sea is old, and says nothing.';
    const { audio, characters, words, atOnce } = await (await open()).speak({ model, voice: VOICE, text, language: 'en' });
    await writeFile(at('voice.mp3'), audio);
    const { durationMs, kind } = await probe(at('voice.mp3'));
    expect([kind, characters, atOnce]).toEqual(['audio', 33, 10]);
    expect(words.map(({ word }) => word)).toEqual(['The', 'sea', 'is', 'old,', 'and', 'says', 'nothing.']);
    expect(words.every(({ start_ms, end_ms }, index) => start_ms < end_ms && start_ms >= (words[index - 1]?.end_ms ?? 0))).toBe(true);
    expect(words.at(-1)?.end_ms).toBeLessThanOrEqual((durationMs ?? 0) + 1);
    const { data } = await pcm(at('voice.mp3'));
    expect(Math.max(...data.map(Math.abs))).toBeGreaterThan(3_000);
  });

  it.each(['eleven_v3', 'eleven_v4', 'eleven_multilingual_v2', 'eleven_flash_v2_5'])('%s is told only what it takes', async (model) => {
    const { open } = reach('speech', { SIMULATOR_URL: simulator.url });
    const request = { model, voice: VOICE, text: 'The sea.', language: 'en', before: 'Once.', after: 'It waits.' };
    expect((await (await open()).speak(request)).words).toHaveLength(2);
  });

  it('makes a sound effect of the asked length', async () => {
    const { open, model } = reach('effect', { SIMULATOR_URL: simulator.url });
    const { audio } = await (await open()).soundEffect({ model, prompt: 'rain', seconds: 2.5 });
    await writeFile(at('rain.mp3'), audio);
    expect(Math.abs(((await probe(at('rain.mp3'))).durationMs ?? 0) - 2_500)).toBeLessThan(100);
  });
});

async function pcm(file: string): Promise<{ data: Int16Array }> {
  await ffmpeg(['-i', file, '-f', 's16le', '-ac', '1', '-ar', '8000', at('raw.pcm')]);
  const bytes = await readFile(at('raw.pcm'));
  return { data: new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 2)) };
}

describe('Notion', () => {
  const names = propertyNames();

  it('reads a row and shows an update in it', async () => {
    const page = await call<{ id: string }>('POST', `${simulator.url}/simulator/notion/rows`, {
      title: 'Owl',
      channel: 'north',
      priority: 'Low',
      status: 'Queued',
    });
    const notion = new NotionClient(access('notion'));
    const read = await notion.readPage(page.id);
    const row = read && rowOf(read, names);
    expect(row).toMatchObject({
      title: 'Owl',
      channel: 'north',
      priority: 'low',
      status: 'queued',
      topic: '',
      inTrash: false,
    });
    const update: RowUpdate = {
      status: 'video_error',
      error: 'x'.repeat(4_500),
      costUsd: 1.234,
      progress: 'clips 3/6',
      youtubeUrl: 'https://youtu.be/x',
    };
    await notion.writePage(page.id, propertiesOf(update, names, new Set(row?.has)));
    const shown = await call<Record<string, unknown>[]>('GET', `${simulator.url}/simulator/notion/rows`);
    expect(shown.find(({ id }) => id === page.id)).toMatchObject({
      status: 'Video Error',
      cost: 1.23,
      progress: 'clips 3/6',
      error: 'x'.repeat(4_500),
      url: 'https://youtu.be/x',
    });
  });

  it('knows a missing page and a bad token', async () => {
    expect(await new NotionClient(access('notion')).readPage('5f1f1f1c-0000-4000-8000-000000000000')).toBeNull();
    expect(await failureOf(new NotionClient(access('notion', 'wrong')).botId())).toMatchObject({
      kind: 'permanent',
      code: 'NOTION_UNAUTHORIZED',
    });
  });
});

describe('YouTube', () => {
  const oauth = () =>
    new GoogleOAuth({ clientId: SIMULATED_KEY, clientSecret: SIMULATED_KEY, authUrl: url('googleAuth'), tokenUrl: url('googleToken') });
  const metadata = {
    title: 'Owl',
    description: 'About owls',
    tags: ['owl'],
    category_id: '28',
    language: 'en',
    made_for_kids: false,
    synthetic_media: true,
  };

  async function consent(state = 'state'): Promise<{ code: string; codeVerifier: string }> {
    const { url: page, codeVerifier } = await oauth().consent(REDIRECT, state);
    const response = await fetch(`${page}&channel_id=${CHANNEL}&approve=1`, { redirect: 'manual' });
    const answer = new URL(response.headers.get('location') ?? '').searchParams;
    expect(answer.get('state')).toBe(state);
    return { code: answer.get('code') ?? '', codeVerifier };
  }
  async function grant(): Promise<OAuthGrant> {
    const { code, codeVerifier } = await consent();
    return oauth().exchange(REDIRECT, code, codeVerifier);
  }
  const client = async () => new YouTubeClient(url('youtube'), fixedToken((await grant()).accessToken));

  it('grants by consent with PKCE, once a code, and renews', async () => {
    const { code, codeVerifier } = await consent();
    expect(await failureOf(oauth().exchange(REDIRECT, code, 'another verifier'.repeat(4)))).toMatchObject({ code: 'OAUTH_INVALID_GRANT' });
    expect(await failureOf(oauth().exchange(REDIRECT, code, codeVerifier))).toMatchObject({ code: 'OAUTH_INVALID_GRANT' });
    const first = await grant();
    const renewed = await oauth().refresh(first);
    expect([renewed.refreshToken, renewed.accessToken === first.accessToken]).toEqual([first.refreshToken, false]);
    expect(await new YouTubeClient(url('youtube'), fixedToken(renewed.accessToken)).ownChannel()).toMatchObject({ id: CHANNEL });
    expect(await failureOf(oauth().refresh({ ...first, refreshToken: 'revoked' }))).toMatchObject({
      kind: 'permanent',
      code: 'OAUTH_INVALID_GRANT',
    });
  });

  it('uploads in chunks, goes on after a cut, and says of a finished session what it became', async () => {
    const youtube = await client();
    const bytes = randomBytes(33 * 2 ** 20 + 12_345);
    await writeFile(at('video.mp4'), bytes);
    const session = await youtube.openUpload(metadata, bytes.length);
    expect(await session.ask(bytes.length)).toEqual({ state: 'open', received: 0 });
    const first = 256 * 1024;
    await fetch(session.address, {
      method: 'PUT',
      headers: { 'content-range': `bytes 0-${first - 1}/${bytes.length}` },
      body: bytes.subarray(0, first),
      redirect: 'manual',
    });
    const state = await session.ask(bytes.length);
    expect(state).toEqual({ state: 'open', received: first });
    const told: unknown[] = [];
    const events = {
      ending: () => Promise.resolve(void told.push('ending')),
      sent: (count: number) => Promise.resolve(void told.push(count)),
    };
    const video = await session.sendFile(at('video.mp4'), { offset: first, pieceBytes: 16 * 2 ** 20, signal, events });
    expect(told).toEqual([first + 16 * 2 ** 20, first + 32 * 2 ** 20, 'ending']);
    if (video.state !== 'done') throw new Error('the upload did not end');
    expect(await session.ask(bytes.length)).toEqual(video);
    expect(await youtube.session(`${session.address}x`).ask(bytes.length)).toEqual({ state: 'gone' });
    const stored = await call<{ id: string; sha256: string }[]>('GET', `${simulator.url}/simulator/youtube/videos`);
    expect(stored).toEqual([
      expect.objectContaining({
        id: video.videoId,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        privacy: 'private',
        channel_id: CHANNEL,
      }),
    ]);
    await youtube.update(video.videoId, metadata, 'unlisted', null);
    expect(await youtube.video(video.videoId)).toMatchObject({ privacy: 'unlisted', title: 'Owl', tags: ['owl'] });
    const [after] = await call<object[]>('GET', `${simulator.url}/simulator/youtube/videos`);
    expect(after).toMatchObject({ privacy: 'unlisted', contains_synthetic_media: true, made_for_kids: false });
  }, 30_000);

  it('shows bad metadata before a byte is sent, and sends a token nowhere in the open', async () => {
    const youtube = await client();
    expect(await failureOf(youtube.openUpload({ ...metadata, title: '<b>' }, 10))).toMatchObject({
      kind: 'permanent',
      code: 'YOUTUBE_INVALID_TITLE',
    });
    expect(await failureOf(new YouTubeClient(url('youtube'), fixedToken('bad')).ownChannel())).toMatchObject({
      kind: 'permanent',
      code: 'YOUTUBE_AUTH_ERROR',
    });
    expect(() => new YouTubeClient('http://www.example.com', fixedToken('token'))).toThrow(/neither https nor loopback/);
    expect(await youtube.video('unknown')).toBeNull();
  });
});

describe('Slack and Discord', () => {
  const post = (path: string, body: object) =>
    fetch(simulator.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  it('take messages and refuse empty ones, each in its own way', async () => {
    const slack = await post('/slack/services/T/B/X', { text: 'a task stopped' });
    expect([slack.status, await slack.text()]).toEqual([200, 'ok']);
    expect(await (await post('/slack/services/T/B/X', {})).text()).toBe('no_text');
    expect((await post('/discord/api/webhooks/1/t', { content: 'a task stopped' })).status).toBe(204);
    expect((await post('/discord/api/webhooks/1/t', { content: '' })).status).toBe(400);
    expect(await call('GET', `${simulator.url}/simulator/chat/messages`)).toEqual([
      { service: 'slack', text: 'a task stopped' },
      { service: 'discord', text: 'a task stopped' },
    ]);
  });
});
