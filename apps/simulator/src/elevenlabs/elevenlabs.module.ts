import { randomUUID } from 'node:crypto';
import { SIMULATED_KEY } from '#providers/registry';
import { Body, Controller, Get, Headers, HttpCode, Module, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { WireError, text } from '../answer.js';
import { Files } from '../files.js';
import { Ledger } from '../ledger.js';
import { Scenarios } from '../scenarios/scenarios.js';
import { effect, mp3Options, speak } from './voice.js';

/** What ElevenLabs bills (USD): a thousand characters, a sound effect, a minute of music. */
const PRICES = { speech: 0.1, effect: 0.12, musicMinute: 0.3 };
const MAXIMUM_CONCURRENT = 10;
/** Speech models with the longest text of a request (characters); those that refuse to be told what came before and comes after. */
const SPEECH_MODELS: Readonly<Record<string, number>> = {
  eleven_v3: 5_000,
  eleven_v4: 10_000,
  eleven_multilingual_v2: 10_000,
  eleven_flash_v2_5: 40_000,
};
const WITHOUT_CONTEXT = ['eleven_v3', 'eleven_v4'];
const CONTEXT_FIELDS = ['previous_text', 'next_text', 'previous_request_ids', 'next_request_ids'];
const EFFECT_MODELS = ['eleven_text_to_sound_v2'];
const MUSIC_MODELS = ['music_v1', 'music_v2', 'music_v2_5'];
/** Formats that the plan of the account has not bought. */
const NOT_IN_PLAN = /^(pcm_44100|pcm_48000|wav_)/;

/** An account of the plan "creator" at the beginning of its period; every field that the SDK demands. */
const SUBSCRIPTION = {
  tier: 'creator',
  character_limit: 100_000,
  max_character_limit_extension: null,
  max_credit_limit_extension: 'unlimited',
  can_extend_character_limit: false,
  allowed_to_extend_character_limit: false,
  voice_slots_used: 0,
  professional_voice_slots_used: 0,
  professional_voice_slots_used_in_workspace: 0,
  voice_limit: 30,
  voice_add_edit_counter: 0,
  professional_voice_limit: 1,
  can_extend_voice_limit: false,
  can_use_instant_voice_cloning: true,
  can_use_professional_voice_cloning: true,
  current_overage: { amount: '0', currency: 'usd' },
  status: 'active',
  has_open_invoices: false,
  open_invoices: [],
};

function refuse(status: number, code: string, message: string, param?: string): WireError {
  return new WireError(status, {
    detail: { type: 'error', code, status: code, message, request_id: randomUUID(), ...(param && { param }) },
  });
}

/** Errors that ElevenLabs can be made to answer with, by the name of their scenario. */
const ERRORS: Readonly<Record<string, () => WireError>> = {
  invalid_parameters: () => refuse(400, 'invalid_parameters', 'A parameter is invalid'),
  unsupported_model: () => refuse(400, 'unsupported_model', 'previous_text is not supported by this model', 'previous_text'),
  max_character_limit_exceeded: () => refuse(400, 'max_character_limit_exceeded', 'The text is too long', 'text'),
  voice_not_found_400: () => refuse(400, 'voice_not_found', 'A voice with this id was not found', 'voice_id'),
  invalid_api_key: () => refuse(401, 'invalid_api_key', 'Invalid API key'),
  quota_exceeded: () => refuse(401, 'quota_exceeded', 'You have 12 credits remaining, while 40 credits are required'),
  quota_exceeded_old: () => new WireError(401, { detail: { status: 'quota_exceeded', message: 'This request exceeds your quota' } }),
  payment_required: () => refuse(402, 'payment_required', 'Your last payment failed'),
  forbidden: () => refuse(403, 'missing_permissions', 'The API key is missing the permission text_to_speech'),
  not_found: () => new WireError(404, { detail: 'Not Found' }),
  validation_error: () => new WireError(422, { detail: [{ loc: ['body', 'text'], msg: 'field required', type: 'value_error.missing' }] }),
  rate_limit_exceeded: () => refuse(429, 'rate_limit_exceeded', 'Too many requests'),
  concurrent_limit_exceeded: () => refuse(429, 'concurrent_limit_exceeded', 'Too many concurrent requests'),
  too_many_concurrent_requests: () => refuse(429, 'too_many_concurrent_requests', 'Too many concurrent requests'),
  system_busy: () => refuse(429, 'system_busy', 'The system is experiencing heavy traffic'),
  internal: () => new WireError(500, 'Internal Server Error'),
  bad_gateway: () => new WireError(502, '<html>502 Bad Gateway</html>'),
  unavailable: () => new WireError(503, { detail: { status: 'unavailable', message: 'Service unavailable' } }),
};

@Controller()
class ElevenLabsController {
  private inFlight = 0;
  private mostAtOnce = MAXIMUM_CONCURRENT;

  constructor(
    private readonly ledger: Ledger,
    private readonly files: Files,
    private readonly scenarios: Scenarios,
  ) {
    scenarios.declare('narration', [...Object.keys(ERRORS), 'no_alignment', 'only_normalized', 'silent', 'lost']);
    scenarios.declare('sound_effect', [...Object.keys(ERRORS), 'silent', 'lost']);
  }

  /** What the account's plan allows: `{"at_once":2}`. */
  @Put('simulator/elevenlabs')
  change(@Body() { at_once: atOnce }: { at_once?: unknown }): object {
    if (typeof atOnce !== 'number' || atOnce < 1) throw new WireError(400, { message: 'at_once must be a number from 1' });
    this.mostAtOnce = atOnce;
    return { at_once: atOnce };
  }

  @Get('elevenlabs/v1/models')
  models(@Headers('xi-api-key') key: string | undefined): object[] {
    demandKey(key);
    return Object.entries(SPEECH_MODELS).map(([model_id, longest]) => ({
      model_id,
      name: model_id,
      can_do_text_to_speech: true,
      maximum_text_length_per_request: longest,
    }));
  }

  @Get('elevenlabs/v2/voices')
  voices(@Headers('xi-api-key') key: string | undefined): object {
    demandKey(key);
    return { voices: [{ voice_id: 'JBFqnCBsd6RMkjVDRZzb', name: 'George', category: 'premade' }], has_more: false, total_count: 1 };
  }

  @Get('elevenlabs/v1/user/subscription')
  subscription(@Headers('xi-api-key') key: string | undefined): object {
    demandKey(key);
    const used = this.ledger.list('elevenlabs', 'narration').reduce((sum, { detail }) => sum + Number(detail?.characters ?? 0), 0);
    return { ...SUBSCRIPTION, character_count: used };
  }

  @Post('elevenlabs/v1/text-to-speech/:voice/with-timestamps')
  @HttpCode(200)
  async speech(
    @Param('voice') voice: string,
    @Query('output_format') format = 'mp3_44100_128',
    @Headers('xi-api-key') key: string | undefined,
    @Body() body: Record<string, unknown>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    demandKey(key);
    const [words, model] = [text(body, 'text'), text(body, 'model_id')];
    const ordered = this.ordered('narration', words);
    if (!words.trim()) throw missingText();
    const longest = SPEECH_MODELS[model];
    if (!longest) throw refuse(400, 'model_not_found', `A model with id ${model} does not exist`, 'model_id');
    if (words.length > longest)
      throw refuse(400, 'text_too_long', `The text has ${words.length} characters, at most ${longest} are allowed`, 'text');
    if (!/^[A-Za-z0-9]{20}$/.test(voice)) throw refuse(404, 'voice_not_found', `A voice with id ${voice} was not found`, 'voice_id');
    const context = CONTEXT_FIELDS.find((field) => body[field] !== undefined);
    if (context && WITHOUT_CONTEXT.includes(model))
      throw refuse(400, 'unsupported_model', `${context} is not supported by ${model}`, context);
    const mp3 = demandMp3(format);
    return this.counted(response, words.length, async () => {
      const { audio, seconds } = await speak(words, mp3, ordered === 'silent');
      const { name } = await this.files.save('narration.mp3', audio);
      this.ledger.record({
        file: `/files/${name}`,
        provider: 'elevenlabs',
        operation: 'narration',
        usd: (words.length / 1_000) * PRICES.speech,
        detail: { characters: words.length },
      });
      if (ordered === 'lost') response.socket?.destroy();
      const times = ordered === 'no_alignment' ? null : spread(words, seconds);
      const alignment = ordered === 'only_normalized' ? null : times;
      return { audio_base64: audio.toString('base64'), alignment, normalized_alignment: times };
    });
  }

  @Post('elevenlabs/v1/sound-generation')
  @HttpCode(200)
  async soundEffect(
    @Query('output_format') format = 'mp3_44100_128',
    @Headers('xi-api-key') key: string | undefined,
    @Body() body: Record<string, unknown>,
    @Res() response: Response,
  ): Promise<void> {
    demandKey(key);
    const description = text(body, 'text');
    const ordered = this.ordered('sound_effect', description);
    const { duration_seconds: seconds = 3, prompt_influence: influence = 0.3, loop, model_id: model = EFFECT_MODELS[0] } = body;
    if (!description.trim()) throw missingText();
    if (!EFFECT_MODELS.includes(String(model)))
      throw refuse(400, 'model_not_found', `A model with id ${String(model)} does not exist`, 'model_id');
    if (typeof influence !== 'number' || influence < 0 || influence > 1 || (loop !== undefined && typeof loop !== 'boolean'))
      throw refuse(400, 'invalid_parameters', 'prompt_influence must be between 0 and 1, loop true or false', 'prompt_influence');
    if (typeof seconds !== 'number' || seconds < 0.5 || seconds > 30)
      throw refuse(400, 'invalid_parameters', 'duration_seconds must be between 0.5 and 30', 'duration_seconds');
    const mp3 = demandMp3(format);
    const audio = await this.counted(response, 0, () => effect(description, seconds, mp3, ordered === 'silent'));
    const { name } = await this.files.save('effect.mp3', audio);
    this.ledger.record({ provider: 'elevenlabs', operation: 'sound_effect', usd: PRICES.effect, file: `/files/${name}` });
    if (ordered === 'lost') response.socket?.destroy();
    response.type('audio/mpeg').send(audio);
  }

  /** Music of that length: exactly one of prompt and plan. */
  @Post('elevenlabs/v1/music')
  @HttpCode(200)
  async music(
    @Query('output_format') format = 'mp3_44100_128',
    @Headers('xi-api-key') key: string | undefined,
    @Body() body: Record<string, unknown>,
    @Res() response: Response,
  ): Promise<void> {
    demandKey(key);
    const { prompt, composition_plan: plan, music_length_ms: ms = 30_000, model_id: model = 'music_v2' } = body;
    if ((prompt === undefined) === (plan === undefined))
      throw refuse(400, 'invalid_parameters', 'Exactly one of prompt and composition_plan must be given', 'prompt');
    if (typeof ms !== 'number' || ms < 3_000 || ms > 600_000)
      throw refuse(400, 'invalid_parameters', 'music_length_ms must be between 3000 and 600000', 'music_length_ms');
    if (!MUSIC_MODELS.includes(String(model)))
      throw refuse(400, 'model_not_found', `A model with id ${String(model)} does not exist`, 'model_id');
    const mp3 = demandMp3(format === 'auto' ? 'mp3_48000_192' : format);
    const audio = await this.counted(response, 0, () => effect(`low hum ${text(body, 'prompt')}`, ms / 1_000, mp3));
    const { name } = await this.files.save('music.mp3', audio);
    this.ledger.record({ provider: 'elevenlabs', operation: 'music', usd: (ms / 60_000) * PRICES.musicMinute, file: `/files/${name}` });
    response.type('audio/mpeg').send(audio);
  }

  private ordered(operation: 'narration' | 'sound_effect', words: string): string | null {
    const ordered = this.scenarios.take(operation, words);
    if (ordered && ERRORS[ordered]) throw ERRORS[ordered]();
    return ordered;
  }

  private async counted<T>(response: Response, characters: number, work: () => Promise<T>): Promise<T> {
    if (this.inFlight >= this.mostAtOnce) throw refuse(429, 'concurrent_limit_exceeded', 'Too many concurrent requests');
    this.inFlight += 1;
    try {
      response.set({
        'request-id': randomUUID(),
        'character-cost': String(characters),
        'current-concurrent-requests': String(this.inFlight),
        'maximum-concurrent-requests': String(this.mostAtOnce),
      });
      return await work();
    } finally {
      this.inFlight -= 1;
    }
  }
}

function demandKey(key: string | undefined): void {
  if (key !== SIMULATED_KEY) throw refuse(401, 'invalid_api_key', 'Invalid API key');
}

function missingText(): WireError {
  return new WireError(422, { detail: [{ loc: ['body', 'text'], msg: 'field required', type: 'value_error.missing' }] });
}

function demandMp3(format: string): string[] {
  if (NOT_IN_PLAN.test(format)) throw refuse(403, 'subscription_required', `${format} is not in the plan of this account`, 'output_format');
  const options = mp3Options(format);
  if (!options) throw refuse(400, 'invalid_parameters', `output_format ${format} is not available`, 'output_format');
  return options;
}

/** Every character's time, spread evenly over the speech. */
function spread(words: string, seconds: number): object {
  const characters = Array.from(words);
  const at = (index: number) => Math.round((index / characters.length) * seconds * 1_000) / 1_000;
  return {
    characters,
    character_start_times_seconds: characters.map((_, index) => at(index)),
    character_end_times_seconds: characters.map((_, index) => at(index + 1)),
  };
}

@Module({ controllers: [ElevenLabsController] })
export class ElevenLabsModule {}
