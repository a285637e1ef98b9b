import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SIMULATED_KEY } from '#providers/registry';
import { eventually } from '#testing';
import sharp from 'sharp';
import { startSimulator } from '../main.js';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let picture: string;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  const form = new FormData();
  const bytes = await sharp({ create: { width: 640, height: 360, channels: 3, background: 'navy' } })
    .png()
    .toBuffer();
  form.append('file', new Blob([new Uint8Array(bytes)]), 'p.png');
  const headers = { authorization: `Bearer ${SIMULATED_KEY}` };
  const hosted = await fetch(`${simulator.url}/kie-host/api/file-stream-upload`, {
    method: 'POST',
    headers,
    body: form,
  });
  picture = ((await hosted.json()) as { data: { downloadUrl: string } }).data.downloadUrl;
});
afterAll(() => simulator.app.close());
afterEach(() => admin('DELETE', 'faults'));

async function admin<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${simulator.url}/simulator/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return (response.status === 204 ? {} : await response.json()) as T;
}

const json = { 'content-type': 'application/json' };
const draw = (prompt: string) =>
  fetch(`${simulator.url}/gemini/v1beta/models/gemini-nano-banana-2.1:generateContent`, {
    method: 'POST',
    headers: { ...json, 'x-goog-api-key': SIMULATED_KEY },
    body: JSON.stringify({ contents: [{ parts: [{ text: prompt }] }] }),
  });
const submit = (prompt: string, more: object = {}) =>
  fetch(`${simulator.url}/kie/api/v1/jobs/createTask`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${SIMULATED_KEY}` },
    body: JSON.stringify({ model: 'kling/v2-5-turbo-image-to-video-pro', input: { prompt, image_url: picture, duration: '5' }, ...more }),
  });
const effect = (text: string) =>
  fetch(`${simulator.url}/elevenlabs/v1/sound-generation`, {
    method: 'POST',
    headers: { ...json, 'xi-api-key': SIMULATED_KEY },
    body: JSON.stringify({ text, duration_seconds: 1 }),
  });
const billed = (provider: string, operation: string) => admin<{ cut?: true }[]>('GET', `calls?provider=${provider}&operation=${operation}`);
const injected = async () => (await admin<{ injected: { operation: string; kind: string; billed: boolean }[] }>('GET', 'faults')).injected;

describe('latency', () => {
  it('passes on a clock that can be sped up, for what it is meant for', async () => {
    await admin('PUT', 'latency', { usual: true, seconds: { image: 180 }, clock: 60, contains: 'slow' });
    const timed = async (prompt: string) => {
      const since = Date.now();
      expect((await draw(prompt)).status).toBe(200);
      return Date.now() - since;
    };
    expect(await timed('a slow whale')).toBeGreaterThanOrEqual(2_990);
    expect(await timed('a whale')).toBeLessThan(2_900);
    await admin('PUT', 'latency', {});
  });
});

describe('a fault', () => {
  it.each<[kind: string, answers: [number, unknown][]]>([
    [
      'rate_limited',
      [
        [429, expect.objectContaining({ error: expect.objectContaining({ status: 'RESOURCE_EXHAUSTED' }) as unknown })],
        [200, { code: 429, msg: expect.any(String), data: null }],
        [429, { detail: expect.objectContaining({ code: 'concurrent_limit_exceeded' }) as unknown }],
      ],
    ],
    [
      'server_error',
      [
        [500, expect.objectContaining({ error: expect.objectContaining({ status: 'INTERNAL' }) as unknown })],
        [200, { code: 500, msg: expect.any(String), data: null }],
        [500, { detail: expect.objectContaining({ code: 'internal_error' }) as unknown }],
      ],
    ],
  ])('%s is worded as each provider words it, and costs nothing', async (kind, answers) => {
    await admin('PUT', 'faults', { rate: 1, kinds: [kind] });
    const before = [await billed('gemini', 'image'), await billed('kie', 'clip'), await billed('elevenlabs', 'sound_effect')];
    for (const [index, ask] of [draw, submit, effect].entries()) {
      const response = await ask(`${kind} fault`);
      expect([response.status, await response.json()]).toEqual(answers[index]);
    }
    expect([await billed('gemini', 'image'), await billed('kie', 'clip'), await billed('elevenlabs', 'sound_effect')]).toEqual(before);
  });

  it('timed_out never reaches the provider; the client waits in vain', async () => {
    await admin('PUT', 'faults', { rate: 1, kinds: ['timed_out'], hold_ms: 150 });
    const [before, from] = [await billed('kie', 'clip'), performance.now()];
    await expect(submit('timed out')).rejects.toThrow('fetch failed');
    expect(performance.now() - from).toBeGreaterThan(100);
    expect(await billed('kie', 'clip')).toEqual(before);
  });

  it('cut is served and billed, and says so; only the answer is lost', async () => {
    await admin('PUT', 'faults', { rate: 1, kinds: ['cut'] });
    await expect(submit('cut off')).rejects.toThrow('fetch failed');
    await expect(draw('cut off')).rejects.toThrow('fetch failed');
    expect((await billed('kie', 'clip')).at(-1)).toMatchObject({ cut: true });
    expect((await billed('gemini', 'image')).at(-1)).toMatchObject({ cut: true });
    expect((await injected()).slice(-2)).toMatchObject([
      { operation: 'clip', kind: 'cut', billed: true },
      { operation: 'image', kind: 'cut', billed: true },
    ]);
  });

  it('strikes the same requests with the same seed, others with another, and never what tests ask of the simulator', async () => {
    const outcomes = async (seed: number) => {
      await admin('PUT', 'faults', { seed, rate: 0.5, kinds: ['server_error'] });
      const statuses = [];
      for (let index = 0; index < 12; index++) statuses.push((await effect(`wave ${index % 4}`)).status);
      return statuses.join(' ');
    };
    const [first, again, other] = [await outcomes(1), await outcomes(1), await outcomes(2)];
    expect([again === first, other === first]).toEqual([true, false]);
    await admin('PUT', 'faults', { rate: 1 });
    expect((await fetch(`${simulator.url}/simulator/summary`)).status).toBe(200);
  });

  it('is refused when it makes no sense', async () => {
    for (const body of [{}, { rate: 2 }, { rate: 0.1, kinds: ['earthquake'] }]) {
      const response = await fetch(`${simulator.url}/simulator/faults`, { method: 'PUT', headers: json, body: JSON.stringify(body) });
      expect(response.status).toBe(400);
    }
  });
});

describe('a KIE job', () => {
  it('is called back about when it is over, until somebody listens, though its submission was never answered', async () => {
    const heard: string[] = [];
    const listener: Server = createServer((request, response) => {
      let body = '';
      request
        .on('data', (piece: Buffer) => (body += piece.toString()))
        .on('end', () => {
          heard.push(body);
          response.writeHead(heard.length === 1 ? 503 : 200).end();
        });
    }).listen(0, '127.0.0.1');
    await admin('PUT', 'faults', { rate: 1, kinds: ['cut'], operations: ['clip'] });
    await expect(submit('called back', { callBackUrl: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/` })).rejects.toThrow();
    await eventually(() => heard.length === 2, { what: 'the second callback', timeoutMs: 30_000 });
    listener.close();
    const [call] = (await admin<{ detail: { job: string } }[]>('GET', 'calls?provider=kie&operation=clip')).slice(-1);
    expect(JSON.parse(heard[1] ?? '')).toMatchObject({ code: 200, data: { taskId: call?.detail.job, state: 'success' } });
  }, 60_000);

  it('takes as long as a test wants', async () => {
    await admin('PUT', 'latency', { seconds: { clip: 3 }, contains: 'slow' });
    const answer = (await (await submit('a slow pan')).json()) as { data: { taskId: string } };
    const state = async () => {
      const headers = { authorization: `Bearer ${SIMULATED_KEY}` };
      const url = `${simulator.url}/kie/api/v1/jobs/recordInfo?taskId=${answer.data.taskId}`;
      return ((await (await fetch(url, { headers })).json()) as { data: { state: string } }).data.state;
    };
    const from = performance.now();
    await eventually(async () => (await state()) === 'success', { what: 'the clip', timeoutMs: 30_000 });
    expect(performance.now() - from).toBeGreaterThan(2_500);
    await admin('PUT', 'latency', {});
  }, 60_000);
});
