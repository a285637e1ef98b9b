import { settings, type Settings } from '#config';
import { Database } from '#database';
import { isCallbackSigned } from '#providers/kie';
import { OutboxRelay, ProviderLimits, recordJob } from '#stage';
import { Body, Controller, Headers, HttpCode, Inject, Logger, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiError } from '../http/api-error.js';

const notFound = () => new ApiError(404, 'CALL_NOT_FOUND', 'There is no such call.');

/**
 * Where KIE says that a job is over. The address names the paid call and is known to nobody but KIE and us; with a key KIE signs it, too. What the body
 * says of the job is not believed: it wakes whoever waits, and tells which job a submission became whose answer was lost; how it ended is asked of KIE.
 */
@ApiTags('kie')
@Controller('webhook/kie')
export class KieCallbackController {
  private readonly logger = new Logger(KieCallbackController.name);

  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly limits: ProviderLimits,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Post(':call_id')
  @HttpCode(200)
  @ApiOperation({ summary: "KIE's callback; finds a job whose submission was never answered" })
  async receive(
    @Param('call_id', new ParseUUIDPipe({ exceptionFactory: notFound })) id: string,
    @Body() body: unknown,
    @Headers('x-webhook-timestamp') timestamp: string | undefined,
    @Headers('x-webhook-signature') signature: string | undefined,
  ): Promise<{ received: boolean }> {
    const call = await this.database.costs.find(id);
    const job = jobId(body);
    if (call?.provider !== 'kie') throw notFound();
    if (!job)
      throw new ApiError(400, 'INVALID_INPUT', 'The callback names no job.', [
        { field: 'data.taskId', message: 'data.taskId must be a text' },
      ]);
    const key = this.settings.KIE_WEBHOOK_KEY;
    if (key && !isCallbackSigned({ jobId: job, timestamp, signature, key }))
      throw new ApiError(401, 'SIGNATURE_INVALID', 'The callback is not signed with KIE_WEBHOOK_KEY, or is older than five minutes.');
    if (call.state === 'intended' || call.state === 'lost') {
      await recordJob(this.database, call, job);
      this.logger.log({ event: 'kie_job_found', call_id: id, artifact_id: call.artifactId, provider_job_id: job });
      this.relay.wake();
    }
    // Whoever waits for the clip looks at once; what KIE itself then says of the job is what counts.
    void this.limits.tell(job);
    return { received: true };
  }
}

/** KIE's families of models write it differently. */
function jobId(body: unknown): string | null {
  const data = (body as { data?: { taskId?: unknown; task_id?: unknown } } | null | undefined)?.data;
  const id = data?.taskId ?? data?.task_id;
  return typeof id === 'string' && /^[\w-]{1,200}$/.test(id) ? id : null;
}
