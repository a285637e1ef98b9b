import { Failure, permanent, transient, wasNeverSent, type WordTiming } from '#pipeline';
import { ElevenLabsClient, ElevenLabsError } from '@elevenlabs/elevenlabs-js';
import type { EffectModel, SpeechModel } from '../provider.js';
import { elevenLabsFailure } from './failure.js';
import { traitsOf } from './models.js';

const TIMEOUT_SECONDS = 120;

/**
 * ElevenLabs: narration and sound effects. The SDK would repeat paid requests by itself, so its retries are off; nor is a request ever aborted, as it would
 * be billed all the same.
 */
export class ElevenLabs implements SpeechModel, EffectModel {
  private readonly client: ElevenLabsClient;

  constructor({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }) {
    this.client = new ElevenLabsClient({ baseUrl, apiKey, maxRetries: 0, timeoutInSeconds: TIMEOUT_SECONDS });
  }

  /** @throws Failure as `elevenLabsFailure` says, or ELEVENLABS_TEXT_TOO_LONG before anything is asked */
  async speak(request: {
    model: string;
    voice: string;
    text: string;
    language: string;
    before?: string;
    after?: string;
  }): Promise<{ audio: Buffer; characters: number; words: WordTiming[]; atOnce?: number }> {
    const { model, voice, text, language, before, after } = request;
    const { longest, context, languageCode } = traitsOf(model);
    if (text.length > longest) throw tooLong(text.length, longest, model);
    try {
      const { data, rawResponse } = await this.client.textToSpeech
        .convertWithTimestamps(voice, {
          text,
          modelId: model,
          outputFormat: 'mp3_44100_128',
          ...(languageCode && { languageCode: language }),
          ...(context && before && { previousText: before }),
          ...(context && after && { nextText: after }),
        })
        .withRawResponse();
      const { audioBase64, alignment, normalizedAlignment } = data;
      // Either may be missing; the spoken text's times are as good where they are all there is.
      const timed = alignment ?? normalizedAlignment;
      const words = timed ? wordTimings(timed.characters, timed.characterStartTimesSeconds, timed.characterEndTimesSeconds) : [];
      return { audio: Buffer.from(audioBase64, 'base64'), characters: text.length, words, ...load(rawResponse.headers) };
    } catch (error) {
      throw asFailure(error);
    }
  }

  /**
   * The credits of the account's period, used and in all; costs nothing.
   * @throws Failure as `elevenLabsFailure` says
   */
  async credits(): Promise<{ used: number; limit: number }> {
    const { characterCount, characterLimit } = await this.client.user.subscription.get().catch((error: unknown) => {
      throw asFailure(error);
    });
    return { used: characterCount, limit: characterLimit };
  }

  /** @throws Failure as `elevenLabsFailure` says */
  async soundEffect(request: { model: string; prompt: string; seconds: number }): Promise<{ audio: Buffer; atOnce?: number }> {
    const { model, prompt, seconds } = request;
    try {
      const { data, rawResponse } = await this.client.textToSoundEffects
        .convert(
          // The SDK's types know only the model of its own day; ours is configuration.
          { text: prompt, durationSeconds: seconds, modelId: model as 'eleven_text_to_sound_v2', outputFormat: 'mp3_44100_128' },
        )
        .withRawResponse();
      return { audio: Buffer.from(await new Response(data).arrayBuffer()), ...load(rawResponse.headers) };
    } catch (error) {
      throw asFailure(error);
    }
  }
}

/** What the account's plan allows, as every answer says. */
function load(headers: { get(name: string): string | null }): { atOnce?: number } {
  const atOnce = Number(headers.get('maximum-concurrent-requests') ?? Number.NaN);
  return Number.isInteger(atOnce) && atOnce > 0 ? { atOnce } : {};
}

function tooLong(characters: number, longest: number, model: string): Failure {
  return permanent({
    code: 'ELEVENLABS_TEXT_TOO_LONG',
    message: `A text of ${characters} characters, but ${model} takes ${longest}`,
    userMessage: `This narration has ${characters} characters, ${model} speaks at most ${longest}. Shorten it.`,
  });
}

/** Characters' times as words' times (ms). */
function wordTimings(characters: string[], starts: number[], ends: number[]): WordTiming[] {
  const words: WordTiming[] = [];
  let open: WordTiming | null = null;
  characters.forEach((character, index) => {
    if (/\s/.test(character)) {
      open = null;
      return;
    }
    const [start_ms, end_ms] = [starts[index], ends[index]].map((seconds) => Math.round((seconds ?? 0) * 1_000)) as [number, number];
    if (!open) words.push((open = { word: '', start_ms, end_ms }));
    open.word += character;
    open.end_ms = end_ms;
  });
  return words;
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof ElevenLabsError && error.statusCode !== undefined) {
    return elevenLabsFailure(error.statusCode, error.body, error.rawResponse?.headers.get('retry-after'));
  }
  return transient({
    code: 'ELEVENLABS_UNREACHABLE',
    message: `ElevenLabs: ${error instanceof Error ? error.message : String(error)}`,
    userMessage: 'ElevenLabs did not answer. It is tried again by itself.',
    billed: wasNeverSent(error) ? 'no' : 'unknown',
    cause: error,
  });
}
