import { randomUUID } from 'node:crypto';
import { SIMULATED_KEY } from '#providers/registry';
import { Body, Controller, Get, Headers, HttpCode, Module, Param, Post, Res } from '@nestjs/common';
import type { Response } from 'express';
import sharp from 'sharp';
import { WireError } from '../answer.js';
import { Files } from '../files.js';
import { Ledger } from '../ledger.js';
import { Scenarios } from '../scenarios/scenarios.js';
import { BLOCKED_OUTPUTS, BLOCKED_PROMPTS, GEMINI_ERRORS, geminiError } from './answers.js';
import { ASPECT_RATIOS, IMAGE_SIZES, paint } from './painter.js';
import { tell } from './storyteller.js';

const MODELS = ['gemini-3.5-flash-lite', 'gemini-3.8-flash', 'gemini-nano-banana-2.1', 'gemini-3.1-flash-lite-image', 'gemini-3-pro-image'];
/** Models that Google has switched off. */
const RETIRED = ['gemini-2.5-flash', 'gemini-2.5-flash-image', 'gemini-3.1-flash-image'];
/** What Google bills (USD): an image by its size, a million tokens in and out. */
const PRICES = { image: { '1K': 0.0336, '2K': 0.0504, '4K': 0.113 }, input: 0.3, output: 2.5 } as const;
/** Pictures that a model looks at beside a prompt. */
const MOST_REFERENCES = 14;

const blockedPrompt = (reason: string) => `blocked_prompt_${reason.toLowerCase()}`;
const blockedOutput = (reason: string) => `blocked_output_${reason.toLowerCase()}`;
const BLOCKS = [...BLOCKED_PROMPTS.map(blockedPrompt), ...BLOCKED_OUTPUTS.map(blockedOutput)];
const IMAGE_ANSWERS = [...Object.keys(GEMINI_ERRORS), ...BLOCKS, 'no_image', 'only_words', 'two_images', 'jpeg', 'lost'];
const TEXT_ANSWERS = [...Object.keys(GEMINI_ERRORS), ...BLOCKS, 'cut_short', 'lost'];

interface Part {
  text?: string;
  inlineData?: { mimeType?: string; data?: string };
}

interface GenerateContent {
  contents?: { parts?: Part[] }[];
  generationConfig?: {
    responseMimeType?: string;
    responseSchema?: object;
    responseJsonSchema?: object;
    imageConfig?: { aspectRatio?: string; imageSize?: string };
  };
}

@Controller('gemini/v1beta')
class GeminiController {
  constructor(
    private readonly ledger: Ledger,
    private readonly files: Files,
    private readonly scenarios: Scenarios,
  ) {
    scenarios.declare('image', IMAGE_ANSWERS);
    scenarios.declare('storyboard', TEXT_ANSWERS);
  }

  @Get('models')
  models(@Headers('x-goog-api-key') key: string | undefined): object {
    demandKey(key);
    return { models: MODELS.map(described) };
  }

  @Get('models/:model')
  model(@Param('model') model: string, @Headers('x-goog-api-key') key: string | undefined): object {
    demandKey(key);
    if (RETIRED.includes(model) || !model.startsWith('gemini-')) throw gone(model);
    return described(model);
  }

  @Post('models/:call')
  @HttpCode(200)
  async generate(
    @Param('call') call: string,
    @Headers('x-goog-api-key') key: string | undefined,
    @Body() body: GenerateContent,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object | string> {
    const [model = '', method] = call.split(':');
    demandKey(key);
    if (method !== 'generateContent' && method !== 'streamGenerateContent')
      throw geminiError(404, 'NOT_FOUND', `Method ${method ?? ''} not found.`);
    if (RETIRED.includes(model) || !model.startsWith('gemini-')) throw gone(model);
    const parts = (body.contents ?? []).flatMap((content) => content.parts ?? []);
    const prompt = parts.map(({ text }) => text ?? '').join('\n');
    if (!prompt.trim()) throw geminiError(400, 'INVALID_ARGUMENT', 'contents is not specified');
    const draws = /image|nano-banana/.test(model);
    const ordered = this.scenarios.take(draws ? 'image' : 'storyboard', prompt);
    if (ordered && Object.hasOwn(GEMINI_ERRORS, ordered)) throw GEMINI_ERRORS[ordered as keyof typeof GEMINI_ERRORS]();
    const answered =
      blocked(ordered, model, prompt) ??
      (draws ? await this.image(model, prompt, parts, body, ordered) : this.json(model, prompt, body, ordered));
    if (ordered === 'lost') response.socket?.destroy();
    if (method === 'generateContent') return answered;
    response.type('text/event-stream');
    return `data: ${JSON.stringify(answered)}\r\n\r\n`;
  }

  private async image(
    model: string,
    prompt: string,
    given: Part[],
    { generationConfig }: GenerateContent,
    ordered: string | null,
  ): Promise<object> {
    const { aspectRatio = '16:9', imageSize = '1K' } = generationConfig?.imageConfig ?? {};
    if (!ASPECT_RATIOS.includes(aspectRatio)) throw geminiError(400, 'INVALID_ARGUMENT', `Invalid aspect ratio: ${aspectRatio}`);
    if (!isImageSize(imageSize)) throw geminiError(400, 'INVALID_ARGUMENT', `Invalid image size: ${imageSize}`);
    if (generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema)
      throw geminiError(400, 'INVALID_ARGUMENT', `Structured output is not enabled for models/${model}`);
    const references = await referencesIn(given);
    const usd = PRICES.image[imageSize];
    const words = { text: 'Here is the plan for your picture: a wide view, soft light.' };
    if (ordered === 'no_image' || ordered === 'only_words') {
      this.ledger.record({ provider: 'gemini', operation: 'image', usd, detail: { model } });
      return ordered === 'only_words' ? answer(model, [words], prompt, 40) : stopped(model, 'NO_IMAGE', prompt);
    }
    const picture = await paint(prompt, aspectRatio, imageSize, references);
    const { name } = await this.files.save('image.png', picture);
    this.ledger.record({
      provider: 'gemini',
      operation: 'image',
      usd,
      detail: { model, references: references.length },
      file: `/files/${name}`,
    });
    const shown =
      ordered === 'jpeg'
        ? { mimeType: 'image/jpeg', data: (await sharp(picture).jpeg().toBuffer()).toString('base64') }
        : { mimeType: 'image/png', data: picture.toString('base64') };
    // Drafts come first, as the real model does it: one among the thoughts, sometimes one in the open.
    const parts = [
      { text: 'Drafting the picture.', thought: true },
      { inlineData: await draft(aspectRatio), thought: true },
      ...(ordered === 'two_images' ? [{ inlineData: await draft(aspectRatio) }] : []),
      { inlineData: shown, thoughtSignature: 'c2lnbmVk' },
    ];
    return answer(model, parts, prompt, 1_120);
  }

  private json(model: string, prompt: string, { generationConfig }: GenerateContent, ordered: string | null): object {
    if (generationConfig?.responseMimeType !== 'application/json')
      throw geminiError(400, 'INVALID_ARGUMENT', 'The simulator writes JSON only: set responseMimeType');
    if (generationConfig.responseJsonSchema && generationConfig.responseSchema)
      throw geminiError(400, 'INVALID_ARGUMENT', 'Only one of responseSchema and responseJsonSchema may be set');
    const whole = JSON.stringify(tell(prompt));
    const text = ordered === 'cut_short' ? whole.slice(0, whole.length / 2) : whole;
    const tokens = Math.ceil(text.length / 4);
    const usd = (Math.ceil(prompt.length / 4) * PRICES.input + tokens * PRICES.output) / 1_000_000;
    this.ledger.record({ provider: 'gemini', operation: 'storyboard', usd, detail: { model } });
    return answer(model, [{ text }], prompt, tokens, ordered === 'cut_short' ? 'MAX_TOKENS' : 'STOP');
  }
}

function isImageSize(size: string): size is keyof typeof PRICES.image {
  return IMAGE_SIZES.includes(size);
}

/** The pictures beside a prompt, each looked at: anything else is refused. */
async function referencesIn(parts: Part[]): Promise<Buffer[]> {
  const given = parts.flatMap(({ inlineData }) => (inlineData ? [inlineData] : []));
  if (given.length > MOST_REFERENCES)
    throw geminiError(400, 'INVALID_ARGUMENT', `At most ${MOST_REFERENCES} images are allowed, got ${given.length}`);
  return Promise.all(
    given.map(async ({ mimeType = '', data = '' }) => {
      const bytes = Buffer.from(data, 'base64');
      const format = await sharp(bytes)
        .metadata()
        .then(
          (picture) => picture.format,
          () => null,
        );
      if (!format || mimeType !== `image/${format}`) throw geminiError(400, 'INVALID_ARGUMENT', 'Unable to process input image.');
      return bytes;
    }),
  );
}

async function draft(aspectRatio: string): Promise<{ mimeType: string; data: string }> {
  const picture = await paint('a grey draft', aspectRatio, '1K', []);
  return { mimeType: 'image/jpeg', data: (await sharp(picture).resize(64).greyscale().jpeg().toBuffer()).toString('base64') };
}

/** What a blocked prompt, or a blocked answer, looks like; both come with HTTP 200. */
function blocked(ordered: string | null, model: string, prompt: string): object | null {
  const promptReason = BLOCKED_PROMPTS.find((reason) => blockedPrompt(reason) === ordered);
  if (promptReason) {
    const promptTokenCount = Math.ceil(prompt.length / 4);
    return {
      promptFeedback: { blockReason: promptReason },
      usageMetadata: { promptTokenCount, totalTokenCount: promptTokenCount },
      modelVersion: model,
    };
  }
  const outputReason = BLOCKED_OUTPUTS.find((reason) => blockedOutput(reason) === ordered);
  return outputReason ? stopped(model, outputReason, prompt) : null;
}

function stopped(model: string, finishReason: string, prompt: string): object {
  const promptTokenCount = Math.ceil(prompt.length / 4);
  return {
    candidates: [{ finishReason, finishMessage: 'Unable to show the generated content.', index: 0 }],
    usageMetadata: { promptTokenCount, totalTokenCount: promptTokenCount },
    modelVersion: model,
    responseId: randomUUID(),
  };
}

function demandKey(key: string | undefined): void {
  if (key === SIMULATED_KEY) return;
  throw geminiError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
  ]);
}

function gone(model: string): WireError {
  return geminiError(404, 'NOT_FOUND', `models/${model} is no longer available to new users.`);
}

function described(model: string): object {
  return { name: `models/${model}`, displayName: model, supportedGenerationMethods: ['generateContent', 'countTokens'] };
}

function answer(model: string, parts: object[], prompt: string, candidatesTokenCount: number, finishReason = 'STOP'): object {
  const promptTokenCount = Math.ceil(prompt.length / 4);
  return {
    candidates: [{ content: { role: 'model', parts }, finishReason, index: 0 }],
    usageMetadata: { promptTokenCount, candidatesTokenCount, totalTokenCount: promptTokenCount + candidatesTokenCount },
    modelVersion: model,
    responseId: randomUUID(),
  };
}

@Module({ controllers: [GeminiController] })
export class GeminiModule {}
