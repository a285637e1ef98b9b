import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SIMULATED_KEY } from '#config';
import { Body, Controller, Get, Headers, HttpCode, Module, Post, Query, Req, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { Request } from 'express';
import sharp from 'sharp';
import { WireError, text } from '../answer.js';
import { Files, urlOf } from '../files.js';
import { Ledger } from '../ledger.js';
import { ClipLatency, ClipLatencyController } from './clip-latency.js';
import { ClipMaker } from './clip-maker.js';

/** What KIE bills a second of Kling 2.5 turbo (USD). */
const SECOND_USD = 0.042;
/** A job is shown as waiting and queuing for so long before it is worked (ms). */
const QUEUE_MS = 400;
/** Waits before a callback is sent, and sent again when it was not heard (ms). */
const CALLBACK_WAITS_MS = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

interface Job {
  taskId: string;
  model: string;
  param: string;
  createTime: number;
  state: 'queued' | 'success' | 'fail';
  resultUrl?: string;
  failMsg?: string;
  completeTime?: number;
}

const ok = (data: object | number | string) => ({ code: 200, msg: 'success', data });
const refuse = (code: number, msg: string) => new WireError(200, { code, msg, data: null });

function demandKey(authorization: string | undefined): void {
  if (authorization !== `Bearer ${SIMULATED_KEY}`)
    throw new WireError(401, { code: 401, msg: 'You do not have access permissions', data: null });
}

@Controller('kie/api/v1')
class KieController {
  private readonly jobs = new Map<string, Job>();
  private readonly clips = new ClipMaker();
  private credits = 1_000_000;

  constructor(
    private readonly ledger: Ledger,
    private readonly files: Files,
    private readonly latency: ClipLatency,
  ) {}

  @Post('jobs/createTask')
  @HttpCode(200)
  createTask(
    @Headers('authorization') authorization: string | undefined,
    @Body() body: { model?: string; input?: object; callBackUrl?: string },
    @Req() request: Request,
  ): object {
    demandKey(authorization);
    if (!body.model) throw new WireError(500, { code: 500, msg: 'model is required', data: null });
    const { input = {} } = body;
    const { image_urls: list } = input as { image_urls?: string[] };
    const picture = body.model.includes('v2-5') ? text(input, 'image_url') : (list?.[0] ?? '');
    const duration = (input as { duration?: unknown }).duration ?? '5';
    if (!text(input, 'prompt')) throw refuse(422, 'prompt is required');
    if (!/^https?:\/\//.test(picture)) throw refuse(422, 'image_url must be a public URL');
    if (duration !== '5' && duration !== '10') throw refuse(422, 'duration must be one of "5", "10"');
    const seconds = Number(duration);
    const job: Job = {
      taskId: `task_kling_${randomUUID().replaceAll('-', '')}`,
      model: body.model,
      param: JSON.stringify(body),
      createTime: Date.now(),
      state: 'queued',
    };
    this.jobs.set(job.taskId, job);
    this.credits -= seconds * 8.4;
    this.ledger.record({
      provider: 'kie',
      operation: 'clip',
      usd: seconds * SECOND_USD,
      detail: { job: job.taskId, model: body.model, prompt: text(input, 'prompt').slice(0, 80) },
    });
    const lastsMs = this.latency.of(text(input, 'prompt'));
    void this.work(job, picture, seconds, lastsMs, (path) => urlOf(request, path)).then(() => {
      if (body.callBackUrl) return this.callBack(body.callBackUrl, job);
    });
    return ok({ taskId: job.taskId });
  }

  @Get('jobs/recordInfo')
  recordInfo(@Headers('authorization') authorization: string | undefined, @Query('taskId') taskId: string): object {
    demandKey(authorization);
    const job = this.jobs.get(taskId);
    if (!job) throw new WireError(404, { code: 404, msg: 'recordInfo is null', data: null });
    return recordOf(job);
  }

  @Get('chat/credit')
  credit(@Headers('authorization') authorization: string | undefined): object {
    demandKey(authorization);
    return ok(this.credits);
  }

  /** Says that a job is over, as often as it takes to be heard. */
  private async callBack(address: string, job: Job): Promise<void> {
    for (const waitMs of CALLBACK_WAITS_MS) {
      await sleep(waitMs, undefined, { ref: false });
      const body = JSON.stringify(recordOf(job));
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(address, { method: 'POST', headers, body, signal: AbortSignal.timeout(15_000) }).catch(() => null);
      if (response?.ok) return;
    }
  }

  private async work(job: Job, picture: string, seconds: number, lastsMs: number, url: (path: string) => string): Promise<void> {
    try {
      const response = await fetch(picture);
      const bytes = Buffer.from(await response.arrayBuffer());
      if (!response.ok || bytes.length > 10 * 2 ** 20) throw new Error('the image cannot be fetched or is larger than 10 MB');
      // Anything but a picture fails here, as it does in the real model.
      const source = await this.files.save('source.png', await sharp(bytes).png({ compressionLevel: 1 }).toBuffer());
      const clip = await this.files.reserve('clip.mp4');
      await this.clips.make(source.path, clip.path, seconds, this.jobs.size);
      await sleep(Math.max(0, job.createTime + lastsMs - Date.now()), undefined, { ref: false });
      job.resultUrl = url(`/files/${clip.name}`);
      job.state = 'success';
    } catch (error) {
      job.state = 'fail';
      job.failMsg = error instanceof Error ? error.message : String(error);
    }
    job.completeTime = Date.now();
  }
}

/** A job as `recordInfo` answers it and a callback brings it. */
function recordOf(job: Job): object {
  const { taskId, model, param, createTime, completeTime = null, failMsg = null } = job;
  return ok({
    taskId,
    model,
    state: stateOf(job),
    param,
    resultJson: job.resultUrl ? JSON.stringify({ resultUrls: [job.resultUrl] }) : '',
    failCode: job.state === 'fail' ? '422' : null,
    failMsg,
    costTime: completeTime && completeTime - createTime,
    completeTime,
    createTime,
    updateTime: Date.now(),
  });
}

function stateOf({ state, createTime }: Job): string {
  if (state !== 'queued') return state;
  const age = Date.now() - createTime;
  if (age < QUEUE_MS / 2) return 'waiting';
  return age < QUEUE_MS ? 'queuing' : 'generating';
}

@Controller('kie-upload/api')
class KieUploadController {
  constructor(
    private readonly ledger: Ledger,
    private readonly files: Files,
  ) {}

  @Post('file-stream-upload')
  @HttpCode(200)
  @UseInterceptors(FileInterceptor('file'))
  async upload(
    @Headers('authorization') authorization: string | undefined,
    @UploadedFile() file: Express.Multer.File | undefined,
    @Req() request: Request,
  ): Promise<object> {
    demandKey(authorization);
    if (!file) throw refuse(400, 'file is required');
    const fileName = text(request.body, 'fileName') || file.originalname;
    const { name } = await this.files.save(fileName, file.buffer);
    this.ledger.record({ provider: 'kie', operation: 'upload', usd: 0 });
    const data = {
      fileName,
      filePath: `${text(request.body, 'uploadPath')}/${fileName}`,
      downloadUrl: urlOf(request, `/files/${name}`),
      fileSize: file.size,
      mimeType: file.mimetype,
    };
    return { success: true, ...ok({ ...data, uploadedAt: new Date().toISOString() }) };
  }
}

@Module({ controllers: [KieController, KieUploadController, ClipLatencyController], providers: [ClipLatency] })
export class KieModule {}
