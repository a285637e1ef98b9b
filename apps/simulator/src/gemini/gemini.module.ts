import { randomUUID } from 'node:crypto';
import { SIMULATED_KEY } from '#config';
import { Body, Controller, Get, Headers, HttpCode, Module, Param, Post } from '@nestjs/common';
import { WireError } from '../answer.js';
import { Ledger } from '../ledger.js';
import { ASPECT_RATIOS, paint } from './painter.js';
import { tell } from './storyteller.js';

/** Models that Google has switched off. */
const RETIRED = ['gemini-2.5-flash', 'gemini-2.5-flash-image', 'gemini-3.1-flash-image'];
/** What Google bills (USD): an image of 1K, a million tokens in and out. */
const PRICES = { image: 0.0336, input: 0.3, output: 2.5 };

interface GenerateContent {
  contents?: { parts?: { text?: string }[] }[];
  generationConfig?: {
    responseMimeType?: string;
    responseSchema?: object;
    responseJsonSchema?: object;
    imageConfig?: { aspectRatio?: string };
  };
}

@Controller('gemini/v1beta')
class GeminiController {
  constructor(private readonly ledger: Ledger) {}

  @Get('models/:model')
  model(@Param('model') model: string, @Headers('x-goog-api-key') key: string | undefined): object {
    demandKey(key);
    if (RETIRED.includes(model) || !model.startsWith('gemini-')) throw gone(model);
    return { name: `models/${model}`, displayName: model, supportedGenerationMethods: ['generateContent', 'countTokens'] };
  }

  @Post('models/:call')
  @HttpCode(200)
  async generate(
    @Param('call') call: string,
    @Headers('x-goog-api-key') key: string | undefined,
    @Body() body: GenerateContent,
  ): Promise<object> {
    const [model = '', method] = call.split(':');
    demandKey(key);
    if (method !== 'generateContent') throw error(404, 'NOT_FOUND', `Method ${method ?? ''} not found.`);
    if (RETIRED.includes(model)) throw gone(model);
    const prompt = (body.contents ?? [])
      .flatMap(({ parts }) => parts ?? [])
      .map(({ text }) => text ?? '')
      .join('\n');
    if (!prompt.trim()) throw error(400, 'INVALID_ARGUMENT', 'contents is not specified');
    return /image|nano-banana/.test(model) ? await this.image(model, prompt, body) : this.json(model, prompt, body);
  }

  private async image(model: string, prompt: string, { generationConfig }: GenerateContent): Promise<object> {
    const ratio = generationConfig?.imageConfig?.aspectRatio ?? '16:9';
    if (!ASPECT_RATIOS.includes(ratio)) throw error(400, 'INVALID_ARGUMENT', `Invalid aspect ratio: ${ratio}`);
    if (generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema)
      throw error(400, 'INVALID_ARGUMENT', `Structured output is not enabled for models/${model}`);
    const picture = await paint(prompt, ratio);
    this.ledger.record({ provider: 'gemini', operation: 'image', usd: PRICES.image, detail: { model } });
    // A draft among the thoughts comes first, as the real model does it.
    const parts = [
      { text: 'Drafting the picture.', thought: true },
      { inlineData: { mimeType: 'image/png', data: picture.toString('base64') } },
    ];
    return answer(model, parts, prompt, 1_120);
  }

  private json(model: string, prompt: string, { generationConfig }: GenerateContent): object {
    if (generationConfig?.responseMimeType !== 'application/json')
      throw error(400, 'INVALID_ARGUMENT', 'The simulator writes JSON only: set responseMimeType');
    if (generationConfig.responseJsonSchema && generationConfig.responseSchema)
      throw error(400, 'INVALID_ARGUMENT', 'Only one of responseSchema and responseJsonSchema may be set');
    const text = JSON.stringify(tell(prompt));
    const tokens = Math.ceil(text.length / 4);
    const usd = (Math.ceil(prompt.length / 4) * PRICES.input + tokens * PRICES.output) / 1_000_000;
    this.ledger.record({ provider: 'gemini', operation: 'storyboard', usd, detail: { model } });
    return answer(model, [{ text }], prompt, tokens);
  }
}

function demandKey(key: string | undefined): void {
  if (key === SIMULATED_KEY) return;
  throw error(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
  ]);
}

function gone(model: string): WireError {
  return error(404, 'NOT_FOUND', `models/${model} is no longer available to new users.`);
}

function answer(model: string, parts: object[], prompt: string, candidatesTokenCount: number): object {
  const promptTokenCount = Math.ceil(prompt.length / 4);
  return {
    candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount, candidatesTokenCount, totalTokenCount: promptTokenCount + candidatesTokenCount },
    modelVersion: model,
    responseId: randomUUID(),
  };
}

function error(code: number, status: string, message: string, details: object[] = []): WireError {
  return new WireError(code, { error: { code, message, status, details } });
}

@Module({ controllers: [GeminiController] })
export class GeminiModule {}
