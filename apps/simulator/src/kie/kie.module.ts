import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, Headers, HttpCode, Module, Post, Put, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import sharp from 'sharp';
import { WireError, text } from '../answer.js';
import { Files, urlOf } from '../files.js';
import { Ledger } from '../ledger.js';
import { Scenarios } from '../scenarios/scenarios.js';
import { AtOnce } from '../traffic/at-once.js';
import { Latency } from '../traffic/latency.js';
import { JOB_FAILURES, KIE_ERRORS, demandKey, kieError } from './answers.js';
import { CALLBACK_WAYS, Callbacks } from './callbacks.js';
import { ClipMaker, SLIPS } from './clip-maker.js';
import { inputProblem } from './inputs.js';
import { KieHostController } from './kie-host.controller.js';
import { Window } from './windows.js';

/** What KIE bills a second of Kling 2.5 turbo (USD), and a credit. */
const SECOND_USD = 0.042;
const CREDIT_USD = 0.005;
/** A job is shown as waiting and queuing for so long before it is worked (ms). */
const QUEUE_MS = 400;
/** How long a result's link lasts (ms), and one that was asked for anew. */
const LINK_MS = { first: 24 * 3_600_000, anew: 20 * 60_000 };
/** Largest picture (bytes). */
const LARGEST_IMAGE = 10 * 2 ** 20;

interface Job {
  taskId: string;
  model: string;
  param: string;
  createTime: number;
  creditsConsumed: number;
  state: 'queued' | 'success' | 'fail';
  resultUrl?: string;
  failure?: { code: string; message: string };
  completeTime?: number;
}

const ok = (data: object | number | string) => ({ code: 200, msg: 'success', data });

@Controller()
class KieController {
  private readonly jobs = new Map<string, Job>();
  private readonly clips = new ClipMaker();
  private readonly submissions = new Window(20, 10_000);
  private readonly questions = new Window(10, 1_000);
  private credits = 1_000_000;

  constructor(
    private readonly ledger: Ledger,
    private readonly files: Files,
    private readonly latency: Latency,
    private readonly scenarios: Scenarios,
    private readonly callbacks: Callbacks,
    private readonly atOnce: AtOnce,
  ) {
    const odd = ['no_task_id', 'expired_link', 'lost'];
    scenarios.declare('clip', [...Object.keys(KIE_ERRORS), ...Object.keys(JOB_FAILURES), ...Object.keys(SLIPS), ...odd]);
    scenarios.declare('record', Object.keys(KIE_ERRORS));
  }

  @Post('kie/api/v1/jobs/createTask')
  @HttpCode(200)
  createTask(
    @Headers('authorization') authorization: string | undefined,
    @Body() body: { model?: string; input?: object; callBackUrl?: string },
    @Req() request: Request,
  ): object {
    demandKey(authorization);
    const { model, input = {}, callBackUrl } = body;
    const prompt = text(input, 'prompt');
    const ordered = this.scenarios.take('clip', prompt);
    if (ordered && KIE_ERRORS[ordered]) throw KIE_ERRORS[ordered]();
    if (!model) throw kieError(500, 'model is required', 500);
    const asked = inputProblem(model, input);
    if (typeof asked === 'string') throw kieError(422, asked);
    if (!this.submissions.take()) throw kieError(429, undefined, 429);
    const usd = asked.seconds * SECOND_USD;
    const creditsConsumed = usd / CREDIT_USD;
    if (this.credits < creditsConsumed) throw kieError(402);
    this.credits -= creditsConsumed;
    const job: Job = {
      taskId: this.jobs.size % 2 === 0 ? `task_kling_${Date.now()}${this.jobs.size}` : randomUUID().replaceAll('-', ''),
      model,
      param: JSON.stringify(body),
      createTime: Date.now(),
      creditsConsumed,
      state: 'queued',
    };
    this.jobs.set(job.taskId, job);
    this.ledger.record({ provider: 'kie', operation: 'clip', usd, detail: { job: job.taskId, model, prompt: prompt.slice(0, 80) } });
    const work = this.work(job, asked, { lastsMs: this.latency.of('clip', prompt), ordered }, (path) => urlOf(request, path));
    void work.then(() => (callBackUrl ? this.callbacks.send(callBackUrl, job.taskId, recordOf(job)) : undefined));
    if (ordered === 'lost') request.socket.destroy();
    return ok(ordered === 'no_task_id' ? {} : { taskId: job.taskId });
  }

  @Get('kie/api/v1/jobs/recordInfo')
  recordInfo(@Headers('authorization') authorization: string | undefined, @Query('taskId') taskId: string): object {
    demandKey(authorization);
    const ordered = this.scenarios.take('record', taskId);
    if (ordered && KIE_ERRORS[ordered]) throw KIE_ERRORS[ordered]();
    if (!this.questions.take()) throw kieError(429, undefined, 429);
    const job = this.jobs.get(taskId);
    if (!job) throw kieError(404, undefined, 404);
    return recordOf(job);
  }

  @Get('kie/api/v1/chat/credit')
  credit(@Headers('authorization') authorization: string | undefined): object {
    demandKey(authorization);
    return ok(this.credits);
  }

  @Post('kie/api/v1/common/download-url')
  @HttpCode(200)
  newLink(@Headers('authorization') authorization: string | undefined, @Body() body: unknown): object {
    demandKey(authorization);
    const link = URL.canParse(text(body, 'url')) ? new URL(text(body, 'url')) : null;
    if (!link?.pathname.startsWith('/files/')) throw kieError(422, 'The URL is not one of ours');
    link.searchParams.set('until', String(Date.now() + LINK_MS.anew));
    return ok(link.href);
  }

  /** What the owner of the account can change: `{"credits":10,"webhook_key":"k","callbacks":"twice"}`. */
  @Put('simulator/kie')
  change(@Body() body: { credits?: unknown; webhook_key?: unknown; callbacks?: unknown }): object {
    const { credits, webhook_key: key, callbacks } = body;
    const way = CALLBACK_WAYS.find((known) => known === callbacks);
    if (callbacks !== undefined && !way) throw new WireError(400, { message: `callbacks must be one of ${CALLBACK_WAYS.join(', ')}` });
    if (typeof credits === 'number') this.credits = credits;
    if (typeof key === 'string') this.callbacks.key = key || null;
    if (way) this.callbacks.way = way;
    return { credits: this.credits, callbacks: this.callbacks.way, signed: this.callbacks.key !== null };
  }

  private async work(
    job: Job,
    { picture, seconds }: { picture: string; seconds: number },
    { lastsMs, ordered }: { lastsMs: number; ordered: string | null },
    url: (path: string) => string,
  ): Promise<void> {
    const ended = this.atOnce.begin('kie');
    try {
      const response = await fetch(picture);
      const bytes = Buffer.from(await response.arrayBuffer());
      if (!response.ok || bytes.length > LARGEST_IMAGE) throw new Error('the image cannot be fetched or is larger than 10 MB');
      // Anything but a picture fails here, as it does in the real model.
      const source = await this.files.save('source.png', await sharp(bytes).png({ compressionLevel: 1 }).toBuffer());
      job.failure = ordered ? JOB_FAILURES[ordered] : undefined;
      if (job.failure) throw new Error(job.failure.message);
      const clip = await this.files.reserve('clip.mp4');
      await this.clips.make(source.path, clip.path, seconds, this.jobs.size, ordered ?? '');
      await sleep(Math.max(0, job.createTime + lastsMs - Date.now()), undefined, { ref: false });
      const until = Date.now() + (ordered === 'expired_link' ? -1 : LINK_MS.first);
      job.resultUrl = url(`/files/${clip.name}?until=${until}`);
      job.state = 'success';
    } catch (error) {
      job.failure ??= { code: '422', message: error instanceof Error ? error.message : String(error) };
      job.state = 'fail';
      // What fails is given back.
      this.credits += job.creditsConsumed;
      job.creditsConsumed = 0;
    }
    job.completeTime = Date.now();
    ended();
  }
}

/** A job as `recordInfo` answers it and a callback brings it. */
function recordOf(job: Job): object {
  const { taskId, model, param, createTime, creditsConsumed, completeTime = null, failure } = job;
  return ok({
    taskId,
    model,
    state: stateOf(job),
    param,
    resultJson: job.resultUrl ? JSON.stringify({ resultUrls: [job.resultUrl] }) : '',
    failCode: failure?.code ?? null,
    failMsg: failure?.message ?? null,
    costTime: completeTime && completeTime - createTime,
    completeTime,
    createTime,
    updateTime: Date.now(),
    progress: job.state === 'queued' ? 50 : 100,
    creditsConsumed,
  });
}

function stateOf({ state, createTime }: Job): string {
  if (state !== 'queued') return state;
  const age = Date.now() - createTime;
  if (age < QUEUE_MS / 2) return 'waiting';
  return age < QUEUE_MS ? 'queuing' : 'generating';
}

@Module({ controllers: [KieController, KieHostController], providers: [Callbacks] })
export class KieModule {}
