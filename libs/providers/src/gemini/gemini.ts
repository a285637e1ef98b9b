import { type Failure, permanent, transient, wasNeverSent } from '#pipeline';
import { ApiError, GoogleGenAI, type GenerateContentParameters, type GenerateContentResponse } from '@google/genai';
import type { AspectRatio, ImageModel, Reference, TextModel } from '../provider.js';
import { jsonAnswer } from '../json-answer.js';
import { geminiFailure } from './failure.js';
import { referencesOf } from './models.js';

/** An image may take a minute and more under load. Less than an item may take: a call that is ended from outside is billed, and its answer lost (ms). */
const TIMEOUT_MS = 110_000;

/** Structured output and image options are documented for this version; the SDK's own default has changed before. */
const API_VERSION = 'v1beta';

/** The SDK would lift fetch's own limit of 300 s through internals of Node; ours is tighter, so plain fetch will do. */
const plainFetch: typeof fetch = (input, init) => fetch(input, init);

/**
 * Google's models: text that is a JSON document, and pictures. Nothing is tried twice here: the queue owns retrying. Nor is a request ever aborted: it
 * would be billed all the same.
 */
export class Gemini implements TextModel, ImageModel {
  private readonly client: GoogleGenAI;

  constructor({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }) {
    this.client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl, apiVersion: API_VERSION, timeout: TIMEOUT_MS, fetch: plainFetch } });
  }

  /**
   * @throws Failure as `geminiFailure` says, or GEMINI_BLOCKED / GEMINI_NO_TEXT when there is no usable answer
   */
  async writeJson(request: {
    model: string;
    instructions: string;
    prompt: string;
    schema: object;
  }): Promise<{ data: unknown; model: string; inputTokens: number; outputTokens: number }> {
    const { model, instructions, prompt, schema } = request;
    const response = await this.generate(model, {
      model,
      contents: prompt,
      config: { systemInstruction: instructions, responseMimeType: 'application/json', responseJsonSchema: schema },
    });
    const text = parts(response)
      .filter(({ thought, text: said }) => !thought && said)
      .map(({ text: said }) => said)
      .join('');
    return {
      data: jsonAnswer(text, { code: 'GEMINI_NO_TEXT', who: `Gemini ${model}` }),
      model: response.modelVersion ?? model,
      inputTokens: response.usageMetadata?.promptTokenCount ?? 0,
      outputTokens: (response.usageMetadata?.candidatesTokenCount ?? 0) + (response.usageMetadata?.thoughtsTokenCount ?? 0),
    };
  }

  /** @throws Failure as `geminiFailure` says, or GEMINI_BLOCKED / GEMINI_NO_IMAGE when the answer holds no picture */
  async drawImage(request: {
    model: string;
    prompt: string;
    aspectRatio: AspectRatio;
    references: readonly Reference[];
  }): Promise<{ bytes: Buffer; model: string }> {
    const { model, prompt, aspectRatio, references } = request;
    const shown = references.slice(0, referencesOf(model));
    const response = await this.generate(model, {
      model,
      contents: [
        ...shown.map(({ bytes, mimeType }) => ({ inlineData: { mimeType, data: bytes.toString('base64') } })),
        { text: shown.length > 0 ? `Keep whoever is in the pictures above exactly as they look there.\n${prompt}` : prompt },
      ],
      config: { responseModalities: ['IMAGE'], imageConfig: { aspectRatio } },
    });
    // Thoughts may hold drafts; of several pictures the last is the finished one.
    const data = parts(response)
      .filter(({ thought }) => !thought)
      .map(({ inlineData }) => inlineData?.data)
      .findLast(Boolean);
    if (!data) {
      throw permanent({
        code: 'GEMINI_NO_IMAGE',
        message: `Gemini ${model} answered without a picture (${response.candidates?.[0]?.finishReason ?? 'no reason'})${saidInstead(response)}`,
        userMessage: `Gemini answered without a picture${saidInstead(response)}. Describe the image more plainly and ask for it again.`,
        billed: 'yes',
      });
    }
    return { bytes: Buffer.from(data, 'base64'), model: response.modelVersion ?? model };
  }

  /**
   * Asks whether the key may use a model; costs nothing.
   * @throws Failure as `geminiFailure` says
   */
  async checkModel(model: string): Promise<void> {
    await this.client.models.get({ model }).catch((error: unknown) => {
      throw asFailure(error, model);
    });
  }

  private async generate(model: string, request: GenerateContentParameters): Promise<GenerateContentResponse> {
    const response = await this.client.models.generateContent(request).catch((error: unknown) => {
      throw asFailure(error, model);
    });
    const reason = response.promptFeedback?.blockReason ?? blocked(response.candidates?.[0]?.finishReason);
    if (!reason) return response;
    throw permanent({
      code: 'GEMINI_BLOCKED',
      message: `Gemini ${model} refused: ${reason}`,
      userMessage: `Gemini refused to make this (${reason}). Change the topic or the prompt so that nothing in it can be taken for unsafe or copied.`,
      // A refusal is answered with the tokens that it took.
      billed: 'yes',
    });
  }
}

/** Reasons to stop that are no refusal. */
const FINISHED = ['STOP', 'MAX_TOKENS', 'FINISH_REASON_UNSPECIFIED', 'NO_IMAGE'];

function blocked(finishReason: string | undefined): string | undefined {
  return finishReason && !FINISHED.includes(finishReason) ? finishReason : undefined;
}

function parts(response: GenerateContentResponse) {
  return response.candidates?.[0]?.content?.parts ?? [];
}

/** What a model says that draws nothing is the only reason that it gives. */
function saidInstead(response: GenerateContentResponse): string {
  const said = parts(response)
    .filter(({ thought }) => !thought)
    .map(({ text }) => text ?? '')
    .join(' ')
    .trim();
  return said ? `: "${said.slice(0, 200)}"` : '';
}

function asFailure(error: unknown, model: string): Failure {
  if (error instanceof ApiError) return geminiFailure(error.status, error.message, model);
  return transient({
    code: 'GEMINI_UNREACHABLE',
    message: `Gemini ${model}: ${error instanceof Error ? error.message : String(error)}`,
    userMessage: 'Gemini did not answer. It is tried again by itself.',
    billed: wasNeverSent(error) ? 'no' : 'unknown',
    cause: error,
  });
}
