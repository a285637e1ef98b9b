import { randomUUID } from 'node:crypto';
import { createWriteStream, openAsBlob } from 'node:fs';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure, permanent, transient, type ClipSeconds } from '#pipeline';
import { kieFailure } from './failure.js';

/** Requests without one are turned away by the network in front of KIE. */
const USER_AGENT = 'Mozilla/5.0 (compatible; ai-video-generator)';
const REQUEST_TIMEOUT_MS = 60_000;

/** How often a job is asked for, by its age (ms): the cadence that KIE's docs advise. */
const CADENCE = [
  { until: 30_000, every: 2_000 },
  { until: 120_000, every: 7_000 },
  { until: Infinity, every: 20_000 },
];

/** The models' own names for the same things. Kling 2.5 wants one URL, later ones a list; all want the length as text. */
function clipInput(model: string, imageUrl: string, motion: string, seconds: ClipSeconds): object {
  const common = { prompt: motion, duration: String(seconds) };
  return model.includes('v2-5') || model.includes('2.1')
    ? { ...common, image_url: imageUrl }
    : { ...common, image_urls: [imageUrl], sound: false };
}

/** KIE.ai: hosts pictures, makes clips. It has no idempotency key and bills on submission, so `submitClip` is called once for an item. */
export class Kie {
  constructor(private readonly access: { baseUrl: string; uploadBaseUrl: string; apiKey: string }) {}

  /** Puts a picture where KIE can fetch it; it is gone after a day or more. Returns its URL. */
  async hostImage(path: string, signal: AbortSignal): Promise<string> {
    const form = new FormData();
    // A name that was used before would be served from a cache.
    const name = `${randomUUID()}${extname(path)}`;
    form.append('file', await openAsBlob(path, { type: 'image/png' }), name);
    form.append('uploadPath', 'composites');
    form.append('fileName', name);
    const data = await this.ask(`${this.access.uploadBaseUrl}/api/file-stream-upload`, { method: 'POST', body: form, signal });
    const url = data.downloadUrl ?? data.fileUrl;
    if (typeof url !== 'string') throw nonsense('an upload without a URL');
    return url;
  }

  /**
   * Submits a clip, which is billed, and returns the job's id.
   * @throws Failure KIE_SUBMIT_UNKNOWN when the answer was lost: the job may run and be billed, so a person decides
   */
  async submitClip(request: {
    model: string;
    imageUrl: string;
    motion: string;
    seconds: ClipSeconds;
    signal: AbortSignal;
  }): Promise<string> {
    const { model, imageUrl, motion, seconds, signal } = request;
    const body = JSON.stringify({ model, input: clipInput(model, imageUrl, motion, seconds) });
    const data = await this.ask(`${this.access.baseUrl}/api/v1/jobs/createTask`, { method: 'POST', body, signal }).catch(
      (error: unknown) => {
        const failure = Failure.from(error);
        if (failure.code !== UNREACHABLE) throw failure;
        throw permanent({
          code: 'KIE_SUBMIT_UNKNOWN',
          message: `The answer to a submission was lost: ${failure.message}`,
          userMessage:
            "KIE's answer was lost, so the clip may be running and billed. Look in KIE's log; retry the task only if no such job is there.",
          cause: failure,
        });
      },
    );
    if (typeof data.taskId !== 'string') throw nonsense('a submission without a job id');
    return data.taskId;
  }

  /** Waits until a job is over and returns the clip's URL. A job goes on whether anybody waits or not. */
  async waitForClip(jobId: string, signal: AbortSignal): Promise<string> {
    const since = Date.now();
    for (;;) {
      const age = Date.now() - since;
      const every = CADENCE.find(({ until }) => age < until)?.every ?? 20_000;
      await wait(every, undefined, { signal }).catch((cause: unknown) => {
        throw transient({
          code: 'STOPPED',
          message: `Stopped waiting for ${jobId}`,
          userMessage: 'The clip is still being made; it is picked up by itself.',
          cause,
        });
      });
      const url = await this.finished(jobId, signal);
      if (url) return url;
    }
  }

  /** Saves a clip to a file. */
  async download(url: string, path: string, signal: AbortSignal): Promise<void> {
    const response = await this.fetch(url, { signal });
    if (!response.ok || !response.body) throw kieFailure(response.status, `the clip's link answered ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(path)).catch((cause: unknown) => {
      throw transient({
        code: 'KIE_DOWNLOAD_CUT',
        message: 'The download of a clip broke off',
        userMessage: 'The download of a clip broke off. It is tried again by itself.',
        cause,
      });
    });
  }

  private async finished(jobId: string, signal: AbortSignal): Promise<string | null> {
    const data = await this.ask(`${this.access.baseUrl}/api/v1/jobs/recordInfo?taskId=${encodeURIComponent(jobId)}`, { signal });
    if (data.state === 'fail') {
      const code = Number(data.failCode);
      throw kieFailure(code >= 400 ? code : 501, words(data.failMsg) ?? 'no reason given');
    }
    if (data.state !== 'success') return null;
    const result: unknown = JSON.parse(String(data.resultJson));
    const [url] = (result as { resultUrls?: unknown[] } | null)?.resultUrls ?? [];
    if (typeof url !== 'string') throw nonsense('a finished clip without a URL');
    return url;
  }

  /** One request of the API: its `data`, or the failure that its code means. */
  private async ask(url: string, init: RequestInit): Promise<Record<string, unknown>> {
    const response = await this.fetch(url, {
      ...init,
      headers: {
        authorization: `Bearer ${this.access.apiKey}`,
        ...(typeof init.body === 'string' && { 'content-type': 'application/json' }),
      },
    });
    const text = await response.text();
    let answer: { code?: unknown; msg?: unknown; message?: unknown; data?: unknown };
    try {
      answer = JSON.parse(text) as typeof answer;
    } catch {
      throw kieFailure(response.ok ? 500 : response.status, `an answer that is no JSON: ${text.slice(0, 200)}`);
    }
    const code = typeof answer.code === 'number' ? answer.code : response.status;
    if (code !== 200) throw kieFailure(code, words(answer.msg) ?? words(answer.message) ?? 'no message');
    if (typeof answer.data !== 'object' || answer.data === null) throw nonsense('no data');
    return answer.data as Record<string, unknown>;
  }

  private async fetch(url: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.any([...(init.signal ? [init.signal] : []), AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    try {
      return await fetch(url, { ...init, signal, headers: { 'user-agent': USER_AGENT, ...(init.headers as Record<string, string>) } });
    } catch (cause) {
      throw transient({
        code: UNREACHABLE,
        message: `KIE did not answer: ${String(cause)}`,
        userMessage: 'KIE did not answer. It is tried again by itself.',
        cause,
      });
    }
  }
}

const UNREACHABLE = 'KIE_UNREACHABLE';

function words(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function nonsense(what: string): Failure {
  return transient({
    code: 'KIE_NONSENSE',
    message: `KIE answered with ${what}`,
    userMessage: 'KIE answered with something unexpected. It is tried again by itself.',
  });
}
