import { randomUUID } from 'node:crypto';
import { SIMULATED_KEY } from '#config';
import { Body, Controller, Get, Headers, HttpCode, Module, Param, Post, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { WireError, text } from '../answer.js';
import { Ledger } from '../ledger.js';
import { effect, mp3Options, speak } from './voice.js';

/** What ElevenLabs bills (USD): a thousand characters, a sound effect. */
const PRICES = { speech: 0.1, effect: 0.12 };
const MAXIMUM_CONCURRENT = 10;
/** Models that refuse to be told what came before and comes after. */
const WITHOUT_CONTEXT = ['eleven_v3'];
const CONTEXT_FIELDS = ['previous_text', 'next_text', 'previous_request_ids', 'next_request_ids'];
/** Longest text of a request. */
const LONGEST = 5_000;

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

@Controller('elevenlabs/v1')
class ElevenLabsController {
  private inFlight = 0;

  constructor(private readonly ledger: Ledger) {}

  @Get('user/subscription')
  subscription(@Headers('xi-api-key') key: string | undefined): object {
    demandKey(key);
    const used = this.ledger.list('elevenlabs', 'narration').reduce((sum, { detail }) => sum + Number(detail?.characters ?? 0), 0);
    return { ...SUBSCRIPTION, character_count: used };
  }

  @Post('text-to-speech/:voice/with-timestamps')
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
    if (!words.trim())
      throw new WireError(422, { detail: [{ loc: ['body', 'text'], msg: 'field required', type: 'value_error.missing' }] });
    if (words.length > LONGEST)
      throw refuse(400, 'text_too_long', `The text has ${words.length} characters, at most ${LONGEST} are allowed`, 'text');
    if (!/^[A-Za-z0-9]{20}$/.test(voice)) throw refuse(404, 'voice_not_found', `A voice with id ${voice} was not found`, 'voice_id');
    const context = CONTEXT_FIELDS.find((field) => body[field] !== undefined);
    if (context && WITHOUT_CONTEXT.includes(model))
      throw refuse(400, 'unsupported_model', `${context} is not supported by ${model}`, context);
    const mp3 = demandMp3(format);
    return this.counted(response, words.length, async () => {
      const { audio, seconds } = await speak(words, mp3);
      this.ledger.record({
        provider: 'elevenlabs',
        operation: 'narration',
        usd: (words.length / 1_000) * PRICES.speech,
        detail: { characters: words.length },
      });
      const alignment = spread(words, seconds);
      return { audio_base64: audio.toString('base64'), alignment, normalized_alignment: alignment };
    });
  }

  @Post('sound-generation')
  @HttpCode(200)
  async soundEffect(
    @Query('output_format') format = 'mp3_44100_128',
    @Headers('xi-api-key') key: string | undefined,
    @Body() body: Record<string, unknown>,
    @Res() response: Response,
  ): Promise<void> {
    demandKey(key);
    const description = text(body, 'text');
    const seconds = body.duration_seconds ?? 3;
    if (!description.trim())
      throw new WireError(422, { detail: [{ loc: ['body', 'text'], msg: 'field required', type: 'value_error.missing' }] });
    if (typeof seconds !== 'number' || seconds < 0.5 || seconds > 30)
      throw refuse(400, 'invalid_parameters', 'duration_seconds must be between 0.5 and 30', 'duration_seconds');
    const mp3 = demandMp3(format);
    const audio = await this.counted(response, 0, () => effect(description, seconds, mp3));
    this.ledger.record({ provider: 'elevenlabs', operation: 'sound_effect', usd: PRICES.effect });
    response.type('audio/mpeg').send(audio);
  }

  private async counted<T>(response: Response, characters: number, work: () => Promise<T>): Promise<T> {
    if (this.inFlight >= MAXIMUM_CONCURRENT) throw refuse(429, 'concurrent_limit_exceeded', 'Too many concurrent requests');
    this.inFlight += 1;
    try {
      response.set({
        'request-id': randomUUID(),
        'character-cost': String(characters),
        'current-concurrent-requests': String(this.inFlight),
        'maximum-concurrent-requests': String(MAXIMUM_CONCURRENT),
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

function demandMp3(format: string): string[] {
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
