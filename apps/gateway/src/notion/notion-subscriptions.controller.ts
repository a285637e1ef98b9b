import { Database, SUBSCRIPTION_STATES, type NotionSubscriptionRow, type SubscriptionState } from '#database';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { By, type Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { Act } from '../tasks/task.dto.js';
import { WebhookTokens } from './webhook-tokens.js';

const subscriptionId = new ParseUUIDPipe({ exceptionFactory: () => notFound() });

class ListSubscriptions {
  @ApiPropertyOptional({ enum: SUBSCRIPTION_STATES })
  @IsOptional()
  @IsIn(SUBSCRIPTION_STATES)
  state?: SubscriptionState;
}

class SubscriptionView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: SUBSCRIPTION_STATES })
  state: SubscriptionState;

  /** What to paste into Notion; only while it is pending. */
  @ApiPropertyOptional()
  verification_token: string | null;

  @ApiProperty({ format: 'date-time' })
  received_at: string;

  @ApiPropertyOptional({ format: 'date-time' })
  decided_at: string | null;

  @ApiPropertyOptional()
  decided_by: string | null;
}

/** Webhook subscriptions: a handshake may come from anybody, so it counts only once an operator says that it was theirs. */
@ApiTags('notion')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Needs('admin')
@Controller('api/v1/notion-subscriptions')
export class NotionSubscriptionsController {
  constructor(
    private readonly database: Database,
    private readonly tokens: WebhookTokens,
  ) {}

  @Get()
  @ApiOperation({ summary: "Notion's handshakes, newest first, with the tokens of those that are pending" })
  @ApiOkResponse({ type: [SubscriptionView] })
  async list(@Query() { state }: ListSubscriptions): Promise<SubscriptionView[]> {
    return (await this.database.notionSubscriptions.list(state)).map((row) => this.view(row));
  }

  @Post(':subscription_id/activate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Accept the events that are signed with the token of a handshake' })
  @ApiOkResponse({ type: SubscriptionView })
  async activate(
    @Param('subscription_id', subscriptionId) id: string,
    @Body() { actor }: Act,
    @By() caller: Caller,
  ): Promise<SubscriptionView> {
    return this.decide(id, 'pending', 'active', caller.signs(actor));
  }

  @Post(':subscription_id/retire')
  @HttpCode(200)
  @ApiOperation({ summary: 'Accept the events of a subscription no more' })
  @ApiOkResponse({ type: SubscriptionView })
  async retire(
    @Param('subscription_id', subscriptionId) id: string,
    @Body() { actor }: Act,
    @By() caller: Caller,
  ): Promise<SubscriptionView> {
    return this.decide(id, 'active', 'retired', caller.signs(actor));
  }

  private async decide(id: string, from: SubscriptionState, to: SubscriptionState, actor: string): Promise<SubscriptionView> {
    const decided = await this.database.transaction(async (tx) => {
      const row = await tx.notionSubscriptions.decide(id, from, to, actor);
      const details = { subscription_id: id };
      if (row) await tx.auditLogs.add({ channelId: null, taskId: null, actor, action: `notion_subscription_${to}`, details });
      return row;
    });
    if (!decided) throw notFound(`There is no ${from} subscription with this id.`);
    this.tokens.forget();
    return this.view(decided);
  }

  private view(row: NotionSubscriptionRow): SubscriptionView {
    return {
      id: row.id,
      state: row.state,
      verification_token: row.state === 'pending' ? this.tokens.tokenOf(row) : null,
      received_at: row.createdAt.toISOString(),
      decided_at: row.decidedAt?.toISOString() ?? null,
      decided_by: row.decidedBy,
    };
  }
}

function notFound(message = 'There is no subscription with this id.'): ApiError {
  return new ApiError(404, 'SUBSCRIPTION_NOT_FOUND', message);
}
