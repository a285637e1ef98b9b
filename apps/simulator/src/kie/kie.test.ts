import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SIMULATED_KEY } from '#providers/registry';
import { eventually } from '#testing';
import sharp from 'sharp';
import { startSimulator } from '../main.js';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let picture: string;
const headers = { authorization: `Bearer ${SIMULATED_KEY}`, 'content-type': 'application/json' };

beforeEach(async () => {
  simulator = await startSimulator({ port: 0 });
  const bytes = await sharp({ create: { width: 320, height: 180, channels: 3, background: 'navy' } })
    .png()
    .toBuffer();
  picture = (await upload('file-base64-upload', { base64Data: bytes.toString('base64') })).downloadUrl;
});
afterEach(() => simulator.app.close());

interface Answer {
  code: number;
  data: { taskId: string; state: string; creditsConsumed: number; resultJson: string; param: string; downloadUrl: string };
}

async function ask(method: string, path: string, body?: object): Promise<Answer & { status: number }> {
  const response = await fetch(simulator.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { ...((await response.json()) as Answer), status: response.status };
}
const upload = async (form: string, body: object) => (await ask('POST', `/kie-host/api/${form}`, { uploadPath: 'x', ...body })).data;
const submit = (input: object = {}, more: object = {}) =>
  ask('POST', '/kie/api/v1/jobs/createTask', {
    model: 'kling/v2-5-turbo-image-to-video-pro',
    input: { prompt: 'pan', image_url: picture, duration: '5', ...input },
    ...more,
  });
const record = (taskId: string) => ask('GET', `/kie/api/v1/jobs/recordInfo?taskId=${taskId}`);
const over = (taskId: string) =>
  eventually(
    async () => {
      const { data } = await record(taskId);
      await new Promise((resolve) => setTimeout(resolve, 150));
      return ['success', 'fail'].includes(data.state) && data;
    },
    { what: 'the job to be over', timeoutMs: 30_000 },
  );

describe('the simulated KIE', () => {
  it('takes twenty submissions in ten seconds, and ten questions in one', async () => {
    const answers = await Promise.all(Array.from({ length: 22 }, () => submit({ image_url: 'http://127.0.0.1:9/x.png' })));
    expect(answers.filter(({ code }) => code === 200)).toHaveLength(20);
    expect(answers.filter(({ code, status }) => code === 429 && status === 429)).toHaveLength(2);
    const questions = await Promise.all(Array.from({ length: 14 }, () => record('unknown')));
    expect(questions.filter(({ code }) => code === 429).length).toBeGreaterThanOrEqual(3);
  }, 30_000);

  it('deducts credits on submission, gives them back when a job fails, and refuses when they are short', async () => {
    await ask('PUT', '/simulator/kie', { credits: 90 });
    const good = await submit();
    const bad = await submit({ prompt: 'pan sim:job_failed' });
    expect((await submit()).code).toBe(402);
    expect((await ask('GET', '/kie/api/v1/chat/credit')).data).toBe(6);
    expect(await over(bad.data.taskId)).toMatchObject({ state: 'fail', creditsConsumed: 0 });
    expect(await over(good.data.taskId)).toMatchObject({ state: 'success', creditsConsumed: 42 });
    expect((await ask('GET', '/kie/api/v1/chat/credit')).data).toBe(48);
  }, 40_000);

  it.each([
    ['a number for the length', { duration: 5 }],
    ['a length that the model does not make', { duration: '7' }],
    ['a list where one address is wanted', { image_url: ['http://x/y.png'] }],
    ['a prompt that is too long', { prompt: 'x'.repeat(2_501) }],
  ])('refuses %s', async (_what, input) => {
    expect(await submit(input)).toMatchObject({ status: 200, code: 422 });
  });

  it('keeps files in three ways, and overwrites a name that is used again', async () => {
    const first = await upload('file-url-upload', { fileUrl: picture, fileName: 'a.png' });
    const bytes = await sharp({ create: { width: 10, height: 10, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const second = await upload('file-base64-upload', {
      base64Data: `data:image/png;base64,${bytes.toString('base64')}`,
      fileName: 'a.png',
    });
    expect(second.downloadUrl).toBe(first.downloadUrl);
    expect(Buffer.from(await (await fetch(first.downloadUrl)).arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('mints a link anew for its own files only', async () => {
    const mint = (url: string) => ask('POST', '/kie/api/v1/common/download-url', { url });
    expect(await mint('https://example.com/a.mp4')).toMatchObject({ code: 422 });
    expect(await mint(`${picture}?until=1`)).toMatchObject({ code: 200 });
    expect((await fetch(`${picture}?until=1`)).status).toBe(403);
    expect((await fetch((await mint(`${picture}?until=1`)).data as unknown as string)).status).toBe(200);
  });
});
