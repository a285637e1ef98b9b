import { SIMULATED_KEY } from '#providers/registry';
import { statusFromTitle } from '#pipeline';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Param,
  Patch,
  Post,
  Put,
  Query,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { Request } from 'express';
import { WireError, text } from '../answer.js';
import { Ledger } from '../ledger.js';
import { BOT_ID, DATA_SOURCE_ID, NotionWorkspace, PROPERTIES, notionError } from './workspace.js';

const VERSIONS = ['2025-09-03', '2026-03-11'];

@Injectable()
class NotionGuard implements CanActivate {
  constructor(private readonly ledger: Ledger) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    if (request.headers.authorization !== `Bearer ${SIMULATED_KEY}`) throw notionError(401, 'unauthorized', 'API token is invalid.');
    const version = request.headers['notion-version'];
    if (!version) throw notionError(400, 'missing_version', 'Notion-Version header should be defined.');
    if (!VERSIONS.includes(String(version)))
      throw notionError(400, 'validation_error', `Notion-Version ${String(version)} is not served by the simulator.`);
    this.ledger.record({ provider: 'notion', operation: request.method, usd: 0 });
    return true;
  }
}

@Controller('notion/v1')
@UseGuards(NotionGuard)
class NotionController {
  constructor(private readonly workspace: NotionWorkspace) {}

  @Get('users/me')
  me(): object {
    return { object: 'user', id: BOT_ID, type: 'bot', name: 'ai-video-generator', avatar_url: null, bot: {} };
  }

  @Get('pages/:id')
  read(@Param('id') id: string): object {
    return this.workspace.read(id);
  }

  @Post('data_sources/:id/query')
  @HttpCode(200)
  query(@Param('id') id: string, @Body() body: { filter?: unknown; start_cursor?: unknown; page_size?: unknown }): object {
    if (id !== DATA_SOURCE_ID) throw notionError(404, 'object_not_found', `Could not find data source with ID: ${id}.`);
    const { start_cursor: cursor, page_size: size = 100 } = body;
    if (typeof size !== 'number' || size < 1 || size > 100)
      throw notionError(400, 'validation_error', 'body failed validation: body.page_size should be ≤ `100`.');
    return this.workspace.query({ ...filterOf(body.filter), cursor: typeof cursor === 'string' ? cursor : null, size });
  }

  @Get('blocks/:id/children')
  children(@Param('id') id: string, @Query('start_cursor') cursor?: string, @Query('page_size') size?: string): object {
    return this.workspace.children(id, cursor, size ? Number(size) : undefined);
  }

  @Patch('pages/:id')
  update(@Param('id') id: string, @Body() body: { properties?: Record<string, unknown> }): object {
    return this.workspace.update(id, body.properties ?? {}, 'bot');
  }
}

/** What a person does in Notion, and what they see there. */
@Controller('simulator/notion')
class NotionPersonController {
  constructor(private readonly workspace: NotionWorkspace) {}

  @Post('webhooks')
  @HttpCode(200)
  async subscribe(@Body() body: unknown): Promise<object> {
    const token = text(body, 'verification_token');
    return { verification_token: await this.workspace.subscribe(text(body, 'url'), ...(token ? [token] : [])) };
  }

  @Post('rows')
  create(@Body() body: unknown): object {
    const at = text(body, 'made_at');
    return this.workspace.create(propertiesOf(body), 'person', text(body, 'body'), at ? new Date(at) : undefined);
  }

  @Patch('rows/:id')
  update(@Param('id') id: string, @Body() body: unknown): object {
    return this.workspace.update(id, propertiesOf(body), 'person');
  }

  /** What goes wrong with this workspace: `{"drop":0.2,"duplicate":0.2,"query_limit":100}`. */
  @Put()
  change(
    @Body() { drop = 0, duplicate = 0, query_limit: limit = 10_000 }: { drop?: unknown; duplicate?: unknown; query_limit?: unknown },
  ): object {
    if (typeof drop !== 'number' || typeof duplicate !== 'number' || typeof limit !== 'number')
      throw new WireError(400, { message: 'drop, duplicate and query_limit must be numbers' });
    this.workspace.webhooks = { drop, duplicate };
    this.workspace.queryLimit = limit;
    return { drop, duplicate, query_limit: limit };
  }

  @Get('rows')
  rows(): object {
    return this.workspace.rows();
  }
}

/** The two conditions that the simulator knows, alone or joined by `and`. */
function filterOf(filter: unknown): { status: string | null; since: Date | null } {
  interface Condition {
    and?: Condition[];
    property?: string;
    status?: { equals?: string };
    timestamp?: string;
    last_edited_time?: { on_or_after?: string };
  }
  const { and = [], ...own } = (filter ?? {}) as Condition;
  const conditions: Condition[] = [own, ...and];
  const status = conditions.find(({ property }) => property === PROPERTIES.status)?.status?.equals ?? null;
  const since = conditions.find(({ timestamp }) => timestamp === 'last_edited_time')?.last_edited_time?.on_or_after;
  return { status, since: since ? new Date(since) : null };
}

/** Plain fields of a row, as the properties of a page. */
function propertiesOf(body: unknown): Record<string, unknown> {
  const words = (field: string) => [{ text: { content: text(body, field) } }];
  const status = text(body, 'status');
  if (status && !statusFromTitle(status)) throw new WireError(400, { message: `"${status}" is no status` });
  return {
    ...(text(body, 'title') && { [PROPERTIES.title]: { title: words('title') } }),
    ...(text(body, 'channel') && { [PROPERTIES.channel]: { select: { name: text(body, 'channel') } } }),
    ...(text(body, 'topic') && { [PROPERTIES.topic]: { rich_text: words('topic') } }),
    ...(text(body, 'story_direction') && { [PROPERTIES.story_direction]: { rich_text: words('story_direction') } }),
    ...(text(body, 'priority') && { [PROPERTIES.priority]: { select: { name: text(body, 'priority') } } }),
    ...((body as { redo?: unknown }).redo !== undefined && { [PROPERTIES.redo]: { rich_text: words('redo') } }),
    ...(text(body, 'review_note') && { [PROPERTIES.review_note]: { rich_text: words('review_note') } }),
    ...(status && { [PROPERTIES.status]: { status: { name: status } } }),
  };
}

@Module({ controllers: [NotionController, NotionPersonController], providers: [NotionWorkspace] })
export class NotionModule {}
