import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '#pipeline';
import { patiently } from '../patience.js';
import type { ClipModel, Waiting } from '../provider.js';
import { KieApi, jsonOf, record, words } from './api.js';
import { brokenOff, isUndecided, jobFailure, kieFailure, nonsense, stopped, submissionUnknown } from './failure.js';
import { traitsOf } from './models.js';

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

/** KIE's clips. It has no idempotency key and bills on submission, so `submitClip` is called once for an item. */
export class KieClips implements ClipModel {
  private readonly api: KieApi;

  constructor(access: { baseUrl: string; apiKey: string }) {
    this.api = new KieApi(access);
  }

  /** @throws Failure KIE_SUBMIT_UNKNOWN (possibly billed) when the answer was lost: KIE can neither be asked for the job nor be told to ignore a second one */
  async submitClip(request: { model: string; imageUrl: string; motion: string; seconds: number; callbackUrl?: string }): Promise<string> {
    const { model, imageUrl, motion, seconds, callbackUrl } = request;
    const { input, prompt } = traitsOf(model);
    const body = JSON.stringify({
      model,
      ...(callbackUrl && { callBackUrl: callbackUrl }),
      input: { prompt: motion.slice(0, prompt), ...input(imageUrl, seconds) },
    });
    const data = await this.api.ask('/api/v1/jobs/createTask', { method: 'POST', body }).catch((error: unknown) => {
      throw isUndecided(Failure.from(error)) ? submissionUnknown(error) : error;
    });
    const { taskId } = record(data);
    if (typeof taskId !== 'string' || taskId === '') throw submissionUnknown(nonsense('a submission without a job id'));
    return taskId;
  }

  /** @throws Failure KIE_JOB_FAILED (permanent) when there will be no clip */
  async waitForClip(jobId: string, { signal, turn, pause }: Waiting): Promise<string> {
    const since = Date.now();
    let inVain = 0;
    let atLeastMs = 0;
    for (;;) {
      const age = Date.now() - since;
      const every = CADENCE.find(({ until }) => age < until)?.every ?? 0;
      try {
        await pause(Math.max(every, atLeastMs));
        await turn();
        signal.throwIfAborted();
      } catch (cause) {
        throw stopped(`while ${jobId} was made`, cause);
      }
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
    let response = await this.api.fetch(url, { signal }, DOWNLOAD_TIMEOUT_MS);
    if (LINK_GONE.includes(response.status))
      response = await this.api.fetch(await this.newLink(url, signal), { signal }, DOWNLOAD_TIMEOUT_MS);
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
    const credits = await this.api.ask('/api/v1/chat/credit', { signal });
    if (typeof credits !== 'number') throw nonsense('no number of credits');
    return credits;
  }

  private async newLink(url: string, signal: AbortSignal): Promise<string> {
    const body = JSON.stringify({ url });
    const data = await this.api.ask('/api/v1/common/download-url', { method: 'POST', body, signal });
    if (typeof data !== 'string') throw nonsense('no new link for a clip');
    return data;
  }

  /** A finished job's clip, null while it is made. */
  private async clipOf(jobId: string, signal: AbortSignal): Promise<string | null> {
    const data = record(await this.api.ask(`/api/v1/jobs/recordInfo?taskId=${encodeURIComponent(jobId)}`, { signal }));
    if (data.state === 'fail') throw jobFailure(jobId, words(data.failCode), words(data.failMsg) ?? 'no reason given');
    if (data.state !== 'success') return null;
    const { resultUrls } = record(jsonOf(words(data.resultJson) ?? ''));
    const url: unknown = Array.isArray(resultUrls) ? resultUrls[0] : undefined;
    if (typeof url !== 'string') throw nonsense('a finished clip without a URL');
    return url;
  }
}
