import { randomUUID } from 'node:crypto';
import type { Request } from 'express';

/** A refusal as a provider words it: too many requests at a time, or a fault of its own. */
interface Refusal {
  status: number;
  body: object | string;
  headers?: Readonly<Record<string, string>>;
}

export interface Operation {
  provider: string;
  operation: string;
  refuse(why: 'rate_limited' | 'server_error' | 'refused'): Refusal;
}

type Refuse = Operation['refuse'];

const google =
  (limited: object, limitedStatus: number): Refuse =>
  (why) => {
    if (why === 'rate_limited') return { status: limitedStatus, body: limited };
    if (why === 'refused')
      return {
        status: 400,
        body: {
          error: { code: 400, message: 'The request was refused.', status: 'INVALID_ARGUMENT', errors: [{ reason: 'invalidRequest' }] },
        },
      };
    return {
      status: 500,
      body: { error: { code: 500, message: 'An internal error has occurred.', status: 'INTERNAL', errors: [{ reason: 'backendError' }] } },
    };
  };
const gemini = google(
  {
    error: {
      code: 429,
      status: 'RESOURCE_EXHAUSTED',
      message: 'Resource has been exhausted (e.g. check quota).',
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' }],
    },
  },
  429,
);
const youtube = google(
  { error: { code: 403, message: 'The request rate is too high.', errors: [{ domain: 'youtube.quota', reason: 'rateLimitExceeded' }] } },
  403,
);
// KIE's own errors come with HTTP 200.
const KIE_CODES = { rate_limited: 429, server_error: 500, refused: 422 };
const kie: Refuse = (why) => ({ status: 200, body: { code: KIE_CODES[why], msg: 'The request was not served', data: null } });
const ELEVENLABS_CODES = {
  rate_limited: [429, 'concurrent_limit_exceeded'],
  server_error: [500, 'internal_error'],
  refused: [400, 'invalid_parameters'],
} as const;
const elevenLabs: Refuse = (why) => {
  const [status, code] = ELEVENLABS_CODES[why];
  return { status, body: { detail: { type: 'error', code, status: code, message: 'The request was not served' } } };
};
const OPENAI_CODES = {
  rate_limited: [429, 'rate_limit_exceeded'],
  server_error: [500, 'server_error'],
  refused: [400, 'invalid_request_error'],
} as const;
const openAi: Refuse = (why) => {
  const [status, code] = OPENAI_CODES[why];
  return { status, body: { error: { message: 'The request was not served', type: code, param: null, code } } };
};
const catbox: Refuse = (why) => ({ status: why === 'server_error' ? 500 : 412, body: 'The request was not served' });
const NOTION_CODES = {
  rate_limited: [429, 'rate_limited'],
  server_error: [500, 'internal_server_error'],
  refused: [400, 'validation_error'],
} as const;
const notion: Refuse = (why) => {
  const [status, code] = NOTION_CODES[why];
  const body = { object: 'error', status, code, message: 'The request was not served', request_id: randomUUID() };
  return { status, body, ...(why === 'rate_limited' && { headers: { 'retry-after': '1' } }) };
};
const chat: Refuse = (why) =>
  why === 'rate_limited'
    ? { status: 429, body: { message: 'You are being rate limited.', retry_after: 1, global: false }, headers: { 'retry-after': '1' } }
    : { status: why === 'refused' ? 400 : 500, body: why === 'refused' ? 'invalid_payload' : 'rollup_error' };

/** Every request of a product to a provider that can fail; what people and tests ask of the simulator cannot. */
const OPERATIONS: readonly [provider: string, operation: string, route: RegExp, refuse: Refuse][] = [
  ['gemini', 'image', /^POST \/gemini\/.*(image|nano-banana).*:(g|streamG)enerateContent$/, gemini],
  ['gemini', 'storyboard', /^POST \/gemini\/.*:(g|streamG)enerateContent$/, gemini],
  ['openai', 'storyboard', /^POST \/openai\/.*completions$/, openAi],
  ['kie', 'clip', /^POST \/kie\/.*\/createTask$/, kie],
  ['kie', 'record', /^GET \/kie\/.*\/recordInfo$/, kie],
  ['kie', 'upload', /^POST \/kie-host\//, kie],
  ['catbox', 'upload', /^POST \/catbox\//, catbox],
  ['litterbox', 'upload', /^POST \/litterbox\//, catbox],
  ['kie', 'download', /^GET \/files\/.*clip\.mp4$/, () => ({ status: 503, body: 'unavailable' })],
  ['elevenlabs', 'narration', /^POST \/elevenlabs\/.*text-to-speech/, elevenLabs],
  ['elevenlabs', 'sound_effect', /^POST \/elevenlabs\/.*sound-generation$/, elevenLabs],
  ['elevenlabs', 'music', /^POST \/elevenlabs\/.*music$/, elevenLabs],
  ['google', 'token', /^POST \/google\/token$/, youtube],
  ['youtube', 'channels', /^GET \/youtube\/.*\/channels$/, youtube],
  ['youtube', 'videos_list', /^GET \/youtube\/.*\/videos$/, youtube],
  ['youtube', 'videos_update', /^PUT \/youtube\/youtube\/.*\/videos$/, youtube],
  ['youtube', 'videos_delete', /^DELETE \/youtube\/.*\/videos$/, youtube],
  ['youtube', 'upload_open', /^POST \/youtube\/upload\/.*\/videos$/, youtube],
  ['youtube', 'upload_send', /^PUT \/youtube\/upload\//, youtube],
  ['youtube', 'thumbnails_set', /^POST \/youtube\/.*\/thumbnails\/set$/, youtube],
  ['youtube', 'captions_insert', /^POST \/youtube\/.*\/captions$/, youtube],
  ['youtube', 'captions_list', /^GET \/youtube\/.*\/captions$/, youtube],
  ['youtube', 'playlists', /^(GET|POST) \/youtube\/.*\/playlists$/, youtube],
  ['youtube', 'playlist_items_list', /^GET \/youtube\/.*\/playlistItems$/, youtube],
  ['youtube', 'playlist_items_insert', /^POST \/youtube\/.*\/playlistItems$/, youtube],
  ['notion', 'users_me', /^GET \/notion\/.*\/users\/me$/, notion],
  ['notion', 'pages_read', /^GET \/notion\/.*\/pages\//, notion],
  ['notion', 'rows_query', /^POST \/notion\/.*\/query$/, notion],
  ['notion', 'blocks_read', /^GET \/notion\/.*\/blocks\//, notion],
  ['notion', 'blocks_write', /^(PATCH|DELETE) \/notion\/.*\/blocks\//, notion],
  ['notion', 'pages_write', /^PATCH \/notion\/.*\/pages\//, notion],
  ['notion', 'pages_create', /^POST \/notion\/.*\/pages$/, notion],
  ['notion', 'files_upload', /^(GET|POST) \/notion\/.*\/file_uploads/, notion],
  ['notion', 'databases', /^(GET|POST|PATCH) \/notion\/.*\/(databases|data_sources)/, notion],
  ['notion', 'views', /^(GET|POST|PATCH|DELETE) \/notion\/.*\/views/, notion],
  ['slack', 'message', /^POST \/slack\//, chat],
  ['discord', 'message', /^POST \/discord\//, chat],
];

/** Which operation a request is; null when it is none that can fail. */
export function operationOf({ method, path }: Request): Operation | null {
  const found = OPERATIONS.find(([, , route]) => route.test(`${method} ${path}`));
  if (!found) return null;
  const [provider, operation, , refuse] = found;
  return { provider, operation, refuse };
}
