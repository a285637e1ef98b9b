import { randomUUID } from 'node:crypto';
import { createWriteStream, openAsBlob } from 'node:fs';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure, type ClipSeconds } from '#pipeline';
import { patiently } from '../patience.js';
import { brokenOff, isUndecided, jobFailure, kieFailure, nonsense, stopped, submissionUnknown, unreachable } from './failure.js';

/** Requests without one are turned away by the network in front of KIE. */
const USER_AGENT = 'Mozilla/5.0 (compatible; ai-video-generator)';
const REQUEST_TIMEOUT_MS = 60_000;
/** A clip of ten seconds is some 15 MB (ms). */
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** How often a job is asked for, by how long it has been waited for (ms): the cadence that KIE's docs advise, after one early look. */
const CADENCE = [
  { until: 1_000, every: 1_000 },
  { until: 30_000, every: 2_000 },
  { until: 120_000, every: 7_000 },
  { until: Infinity, every: 20_000 },
];

/** Looks at a job that may fail one after another before the wait is given up; the job goes on all the same. */
const LOOKS_IN_VAIN = 5;

/** Answers of a link that has run out. */
const LINK_GONE = [401, 403, 404, 410];

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
    return patiently(() => this.upload(path, signal), signal);
  }

  private async upload(path: string, signal: AbortSignal): Promise<string> {
    const form = new FormData();
    // A name that was used before would be served from a cache.
    const name = `${randomUUID()}${extname(path)}`;
    form.append('file', await openAsBlob(path, { type: 'image/png' }), name);
    form.append('uploadPath', 'composites');
    form.append('fileName', name);
    const data = record(await this.ask(`${this.access.uploadBaseUrl}/api/file-stream-upload`, { method: 'POST', body: form, signal }));
    const url = data.downloadUrl ?? data.fileUrl;
    if (typeof url !== 'string') throw nonsense('an upload without a URL');
    return url;
  }

  /**
   * Submits a clip, which is billed, and returns the job's id. Once sent, the request is not aborted: a job whose id nobody reads is paid
   * for in vain.
   * `callbackUrl` is told when the job is over, whether or not its id was ever heard.
   * @throws Failure KIE_SUBMIT_UNKNOWN (possibly billed) when the answer was lost: KIE can neither be asked for the job nor be told to ignore a second one
   */
  async submitClip(request: {
    model: string;
    imageUrl: string;
    motion: string;
    seconds: ClipSeconds;
    callbackUrl?: string;
  }): Promise<string> {
    const { model, imageUrl, motion, seconds, callbackUrl } = request;
    const body = JSON.stringify({
      model,
      ...(callbackUrl && { callBackUrl: callbackUrl }),
      input: clipInput(model, imageUrl, motion, seconds),
    });
    const data = await this.ask(`${this.access.baseUrl}/api/v1/jobs/createTask`, { method: 'POST', body }).catch((error: unknown) => {
      throw isUndecided(Failure.from(error)) ? submissionUnknown(error) : error;
    });
    const { taskId } = record(data);
    if (typeof taskId !== 'string' || taskId === '') throw submissionUnknown(nonsense('a submission without a job id'));
    return taskId;
  }

  /**
   * Waits until a job is over and returns the clip's URL. A job goes on whether anybody waits or not.
   * @throws Failure KIE_JOB_FAILED (permanent) when there will be no clip
   */
  async waitForClip(jobId: string, signal: AbortSignal): Promise<string> {
    const since = Date.now();
    let inVain = 0;
    let atLeastMs = 0;
    for (;;) {
      const age = Date.now() - since;
      const every = CADENCE.find(({ until }) => age < until)?.every ?? 0;
      await wait(Math.max(every, atLeastMs), undefined, { signal }).catch((cause: unknown) => {
        throw stopped(`while ${jobId} was made`, cause);
      });
      try {
        const url = await this.clipOf(jobId, signal);
        if (url) return url;
        [inVain, atLeastMs] = [0, 0];
      } catch (error) {
        const failure = Failure.from(error);
        inVain += 1;
        if (failure.kind !== 'transient' || inVain >= LOOKS_IN_VAIN) throw failure;
        atLeastMs = failure.retryAfterMs ?? 0;
      }
    }
  }

  /** Saves a clip to a file. Links die early, some within the hour; a dead one is asked for anew. */
  async download(url: string, path: string, signal: AbortSignal): Promise<void> {
    await patiently(() => this.fetchFile(url, path, signal), signal);
  }

  private async fetchFile(url: string, path: string, signal: AbortSignal): Promise<void> {
    let response = await this.fetch(url, { signal }, DOWNLOAD_TIMEOUT_MS);
    if (LINK_GONE.includes(response.status)) response = await this.fetch(await this.newLink(url, signal), { signal }, DOWNLOAD_TIMEOUT_MS);
    if (!response.ok || !response.body) throw kieFailure(response.status, `the clip's link answered ${response.status}`);
    const promised = Number(response.headers.get('content-length') ?? Number.NaN);
    const file = createWriteStream(path);
    await pipeline(Readable.fromWeb(response.body), file).catch((cause: unknown) => {
      throw signal.aborted ? stopped('during a download', cause) : brokenOff(`${file.bytesWritten} bytes had come`, cause);
    });
    if (file.bytesWritten < promised) throw brokenOff(`${file.bytesWritten} of ${promised} bytes came`);
  }

  /** What is left on the account (credits, about USD 0.005 each); costs nothing. */
  async credits(signal: AbortSignal): Promise<number> {
    const credits = await this.ask(`${this.access.baseUrl}/api/v1/chat/credit`, { signal });
    if (typeof credits !== 'number') throw nonsense('no number of credits');
    return credits;
  }

  private async newLink(url: string, signal: AbortSignal): Promise<string> {
    const body = JSON.stringify({ url });
    const data = await this.ask(`${this.access.baseUrl}/api/v1/common/download-url`, { method: 'POST', body, signal });
    if (typeof data !== 'string') throw nonsense('no new link for a clip');
    return data;
  }

  /** A finished job's clip, null while it is made. */
  private async clipOf(jobId: string, signal: AbortSignal): Promise<string | null> {
    const data = record(await this.ask(`${this.access.baseUrl}/api/v1/jobs/recordInfo?taskId=${encodeURIComponent(jobId)}`, { signal }));
    if (data.state === 'fail') throw jobFailure(jobId, words(data.failCode), words(data.failMsg) ?? 'no reason given');
    if (data.state !== 'success') return null;
    const { resultUrls } = record(jsonOf(words(data.resultJson) ?? ''));
    const url: unknown = Array.isArray(resultUrls) ? resultUrls[0] : undefined;
    if (typeof url !== 'string') throw nonsense('a finished clip without a URL');
    return url;
  }

  /** One request of the API: its `data`, or the failure that its code means. */
  private async ask(url: string, init: RequestInit): Promise<unknown> {
    const response = await this.fetch(url, {
      ...init,
      headers: {
        authorization: `Bearer ${this.access.apiKey}`,
        ...(typeof init.body === 'string' && { 'content-type': 'application/json' }),
      },
    });
    const text = await response.text().catch((cause: unknown) => {
      throw unreachable(cause);
    });
    const answer = record(jsonOf(text));
    // The code in the body counts: many errors come with HTTP 200.
    const code = typeof answer.code === 'number' ? answer.code : response.status;
    if (code !== 200) throw kieFailure(code, words(answer.msg) ?? words(answer.message) ?? (text.slice(0, 200) || 'no message'));
    if (answer.data === undefined || answer.data === null) throw nonsense('no data');
    return answer.data;
  }

  private async fetch(url: string, init: RequestInit, timeoutMs = REQUEST_TIMEOUT_MS): Promise<Response> {
    const signal = AbortSignal.any([...(init.signal ? [init.signal] : []), AbortSignal.timeout(timeoutMs)]);
    try {
      return await fetch(url, { ...init, signal, headers: { 'user-agent': USER_AGENT, ...(init.headers as Record<string, string>) } });
    } catch (cause) {
      throw unreachable(cause);
    }
  }
}

function words(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Parsed JSON; undefined when it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
