import { parse, type Status } from '#pipeline';
import { Gates } from '#stage';
import { Body, Controller, HttpCode, Logger, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { By, Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { ErrorBody, invalidInput, type ApiError } from '../http/api-error.js';
import { asApiError } from '../http/error.filter.js';
import { requestIdOf, type IdentifiedRequest } from '../http/request-id.js';
import { BulkAct, BulkActed, BulkCreate, BulkCreated, type ActedTask, type CreatedTask } from './bulk.dto.js';
import { CreateBulkTask } from './new-task.dto.js';
import { TaskPlanner } from './task-planner.js';

/** The same as many requests for one video each: every one succeeds or fails by itself. */
@ApiTags('tasks')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Needs('operator')
@Controller('api/v1/tasks')
export class BulkController {
  private readonly logger = new Logger(BulkController.name);

  constructor(
    private readonly gates: Gates,
    private readonly planner: TaskPlanner,
  ) {}

  @Post('bulk')
  @HttpCode(200)
  @ApiOperation({ summary: 'Decide about many videos at once, with an outcome for each; one that is refused does not stop the others' })
  @ApiOkResponse({ type: BulkActed })
  async act(@Body() body: BulkAct, @By() caller: Caller): Promise<BulkActed> {
    const actor = caller.signs(body.reviewer);
    const results: ActedTask[] = [];
    for (const task_id of body.task_ids) results.push({ task_id, ...(await this.outcome(() => this.decide(body, task_id, actor))) });
    if (body.action === 'queue') this.planner.admit();
    return counted(results);
  }

  @Post('bulk-create')
  @HttpCode(200)
  @ApiOperation({ summary: 'Plan many videos at once, with an outcome for each; one that is wrong does not keep the others out' })
  @ApiOkResponse({ type: BulkCreated })
  async create(@Body() { tasks }: BulkCreate, @Req() request: IdentifiedRequest): Promise<BulkCreated> {
    const results: CreatedTask[] = [];
    for (const [index, task] of tasks.entries())
      results.push({ index, ...(await this.outcome(() => this.plan(task, requestIdOf(request)))) });
    this.planner.admit();
    return counted(results);
  }

  private async decide({ action, note, gate, priority }: BulkAct, taskId: string, actor: string): Promise<{ status: Status }> {
    switch (action) {
      case 'queue':
        return this.gates.queue(taskId, actor);
      case 'approve':
      case 'reject':
        return this.gates.review(taskId, { decision: action, reviewer: actor, note: note ?? null, positions: [], ...(gate && { gate }) });
      case 'retry':
        return this.gates.retry(taskId, actor);
      case 'cancel':
        return this.gates.cancel(taskId, actor);
      case 'priority':
        return this.gates.edit(taskId, actor, { ...(priority && { priority }) });
    }
  }

  private async plan(wanted: unknown, requestId: string): Promise<{ task_id: string; status: Status; created: boolean }> {
    const parsed = parse(CreateBulkTask, wanted, { forbidNonWhitelisted: true });
    if (!parsed.ok) throw invalidInput(parsed.problems);
    const key = parsed.value.idempotency_key;
    const { task, created } = await this.planner.create(parsed.value, {
      requestId,
      ...(key && { idempotency: { field: 'idempotency_key', key } }),
    });
    return { task_id: task.id, status: task.status, created };
  }

  /** What came of one of many. The answer as a whole is a success, so what nobody expected has to be logged here. */
  private async outcome<T extends { status: Status }>(work: () => Promise<T>): Promise<({ ok: true } & T) | Refusal> {
    try {
      return { ok: true, ...(await work()) };
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.getStatus() >= 500)
        this.logger.error({ event: 'bulk_item_failed', error: thrown instanceof Error ? thrown.stack : String(thrown) });
      const { code, message, details } = error;
      return { ok: false, code, message, ...(details.length > 0 && { details }) };
    }
  }
}

type Refusal = { ok: false } & Pick<ApiError, 'code' | 'message'> & Partial<Pick<ApiError, 'details'>>;

function counted<T extends { ok: boolean }>(results: T[]): { results: T[]; succeeded: number; failed: number } {
  const succeeded = results.filter(({ ok }) => ok).length;
  return { results, succeeded, failed: results.length - succeeded };
}
