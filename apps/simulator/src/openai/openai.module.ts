import { SIMULATED_KEY } from '#providers/registry';
import { Body, Controller, Get, Headers, HttpCode, Module, Param, Post, Res } from '@nestjs/common';
import type { Response } from 'express';
import { WireError } from '../answer.js';
import { tell } from '../gemini/storyteller.js';
import { Ledger } from '../ledger.js';
import { Scenarios } from '../scenarios/scenarios.js';

const MODELS = ['gpt-5.4-mini', 'gpt-5.5'];
/** What OpenAI bills (USD): a million tokens of gpt-5.4-mini in and out. */
const PRICES = { input: 0.75, output: 4.5 };

function openAiError(status: number, type: string, code: string | null, message: string): WireError {
  return new WireError(status, { error: { message, type, param: null, code } });
}

const ERRORS = {
  bad_request: () => openAiError(400, 'invalid_request_error', null, 'Invalid request.'),
  invalid_api_key: () => openAiError(401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided.'),
  forbidden: () => openAiError(403, 'invalid_request_error', 'unsupported_country_region_territory', 'Country not supported'),
  model_not_found: () =>
    openAiError(404, 'invalid_request_error', 'model_not_found', 'The model does not exist or you do not have access to it.'),
  rate_limit_exceeded: () => openAiError(429, 'requests', 'rate_limit_exceeded', 'Rate limit reached for requests.'),
  insufficient_quota: () => openAiError(429, 'insufficient_quota', 'insufficient_quota', 'You exceeded your current quota.'),
  server_error: () => openAiError(500, 'server_error', null, 'The server had an error while processing your request.'),
  bad_gateway: () => new WireError(502, '<html>502 Bad Gateway</html>'),
  overloaded: () => openAiError(503, 'server_error', null, 'The engine is currently overloaded, please try again later'),
} as const;
const ANSWERS = [...Object.keys(ERRORS), 'refusal', 'content_filter', 'cut_short', 'without_usage', 'lost'];

interface Completion {
  model?: string;
  messages?: { role?: string; content?: string }[];
  response_format?: { type?: string; json_schema?: { name?: string; schema?: object } };
}

/** Chat completions as OpenAI speaks them: the same storyteller as behind Gemini. */
@Controller('openai')
class OpenAiController {
  constructor(
    private readonly ledger: Ledger,
    private readonly scenarios: Scenarios,
  ) {
    scenarios.declare('completion', ANSWERS);
  }

  @Get('models/:model')
  model(@Param('model') model: string, @Headers('authorization') authorization: string | undefined): object {
    demandKey(authorization);
    if (!MODELS.includes(model)) throw ERRORS.model_not_found();
    return { id: model, object: 'model', created: 1_770_000_000, owned_by: 'simulator' };
  }

  @Post('chat/completions')
  @HttpCode(200)
  complete(
    @Headers('authorization') authorization: string | undefined,
    @Body() body: Completion,
    @Res({ passthrough: true }) response: Response,
  ): object {
    demandKey(authorization);
    const { model = '', messages = [], response_format: format } = body;
    const prompt = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const ordered = this.scenarios.take('completion', prompt);
    if (ordered && Object.hasOwn(ERRORS, ordered)) {
      if (ordered === 'rate_limit_exceeded') response.setHeader('retry-after', '7');
      throw ERRORS[ordered as keyof typeof ERRORS]();
    }
    if (!MODELS.includes(model)) throw ERRORS.model_not_found();
    if (!prompt) throw ERRORS.bad_request();
    if (format?.type === 'json_schema' && !format.json_schema?.name) throw ERRORS.bad_request();
    const whole = JSON.stringify(tell(prompt));
    const content = ordered === 'cut_short' ? whole.slice(0, whole.length / 2) : whole;
    const usage = { prompt_tokens: Math.ceil(JSON.stringify(messages).length / 4), completion_tokens: Math.ceil(content.length / 4) };
    const usd = (usage.prompt_tokens * PRICES.input + usage.completion_tokens * PRICES.output) / 1_000_000;
    this.ledger.record({ provider: 'openai', operation: 'storyboard', usd, detail: { model } });
    if (ordered === 'lost') response.socket?.destroy();
    const refused = ordered === 'refusal';
    return {
      id: 'chatcmpl-simulated',
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1_000),
      model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: refused || ordered === 'content_filter' ? null : content,
            refusal: refused ? 'I cannot help with that.' : null,
          },
          finish_reason: { content_filter: 'content_filter', cut_short: 'length' }[ordered ?? ''] ?? 'stop',
          logprobs: null,
        },
      ],
      ...(ordered !== 'without_usage' && { usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens } }),
    };
  }
}

function demandKey(authorization: string | undefined): void {
  if (authorization !== `Bearer ${SIMULATED_KEY}`) throw ERRORS.invalid_api_key();
}

@Module({ controllers: [OpenAiController] })
export class OpenAiModule {}
