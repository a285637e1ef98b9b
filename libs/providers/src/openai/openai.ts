import { type Failure, permanent, transient, wasNeverSent } from '#pipeline';
import OpenAI, { APIConnectionError, APIError } from 'openai';
import type { TextModel } from '../provider.js';
import { jsonAnswer } from '../json-answer.js';
import { openAiFailure } from './failure.js';

/** As long as a script may take, less what it does besides (ms). */
const TIMEOUT_MS = 110_000;

/** Chat completions as OpenAI and those who copy it speak them. The SDK would repeat paid requests by itself, so its retries are off. */
export class OpenAi implements TextModel {
  private readonly client: OpenAI;

  constructor({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }) {
    this.client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0, timeout: TIMEOUT_MS });
  }

  /** @throws Failure as `openAiFailure` says, or OPENAI_REFUSED / OPENAI_NO_TEXT when there is no usable answer */
  async writeJson(request: {
    model: string;
    instructions: string;
    prompt: string;
    schema: object;
  }): Promise<{ data: unknown; model: string; inputTokens: number; outputTokens: number }> {
    const { model, instructions, prompt, schema } = request;
    const completion = await this.client.chat.completions
      .create({
        model,
        messages: [
          { role: 'system', content: instructions },
          { role: 'user', content: prompt },
        ],
        // Not strict: strict mode forbids what a schema leaves open, and every answer is checked all the same.
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { ...schema }, strict: false } },
      })
      .catch((error: unknown) => {
        throw asFailure(error, model);
      });
    const { text, refusal, ...rest } = answerIn(completion);
    if (refusal) throw refused(model, refusal);
    return { data: jsonAnswer(text, { code: 'OPENAI_NO_TEXT', who: `OpenAI ${model}` }), ...rest, model: rest.model || model };
  }

  /**
   * Asks whether the key may use a model; costs nothing.
   * @throws Failure as `openAiFailure` says
   */
  async checkModel(model: string): Promise<void> {
    await this.client.models.retrieve(model).catch((error: unknown) => {
      throw asFailure(error, model);
    });
  }
}

/** What is needed of a completion; those who copy OpenAI leave out what they have not got, and some answer with anything. */
function answerIn(completion: unknown): { text: string; refusal: string; model: string; inputTokens: number; outputTokens: number } {
  const { choices, usage, model } = record(completion);
  const choice = record(Array.isArray(choices) ? choices[0] : null);
  const { content, refusal } = record(choice.message);
  const { prompt_tokens: input, completion_tokens: output } = record(usage);
  return {
    text: words(content),
    refusal: words(refusal) || (choice.finish_reason === 'content_filter' ? 'content filter' : ''),
    model: words(model),
    inputTokens: typeof input === 'number' ? input : 0,
    outputTokens: typeof output === 'number' ? output : 0,
  };
}

const words = (value: unknown): string => (typeof value === 'string' ? value : '');
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function refused(model: string, why: string): Failure {
  return permanent({
    code: 'OPENAI_REFUSED',
    message: `OpenAI ${model} refused: ${why}`,
    userMessage: `The text model refused to write this (${why.slice(0, 200)}). Change the topic or the story direction.`,
    billed: 'yes',
  });
}

function asFailure(error: unknown, model: string): Failure {
  if (error instanceof APIError && !(error instanceof APIConnectionError) && typeof error.status === 'number') {
    const { status, code, message, headers } = error as { status: number; code?: string | null; message: string; headers?: Headers };
    return openAiFailure({ status, code: code ?? null, message, retryAfter: headers?.get('retry-after') ?? null, model });
  }
  return transient({
    code: 'OPENAI_UNREACHABLE',
    message: `OpenAI ${model}: ${error instanceof Error ? error.message : String(error)}`,
    userMessage: 'The text model did not answer. It is tried again by itself.',
    billed: wasNeverSent(error) ? 'no' : 'unknown',
    cause: error,
  });
}
