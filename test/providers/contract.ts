import type { Billed, FailureKind } from '#pipeline';

/** What a provider answers, and what that means: a row of the failure table. */
export interface Row {
  /** What is asked for; see `ASK` in the test. */
  readonly ask:
    | 'storyboard'
    | 'image'
    | 'clip'
    | 'record'
    | 'narration'
    | 'sound_effect'
    | 'completion'
    | 'upload'
    | 'litterbox_upload'
    | 'catbox_upload';
  /** The simulator's name for the answer. */
  readonly answer: string;
  readonly kind: FailureKind;
  readonly code: string;
  /** Left out: no. */
  readonly billed?: Billed;
  /** Least wait before another try (ms). */
  readonly retryAfterMs?: number;
}

const gemini = (ask: 'storyboard' | 'image'): Row[] => [
  { ask, answer: 'invalid_argument', kind: 'permanent', code: 'GEMINI_INVALID_ARGUMENT' },
  { ask, answer: 'failed_precondition', kind: 'permanent', code: 'GEMINI_FAILED_PRECONDITION' },
  { ask, answer: 'permission_denied', kind: 'permanent', code: 'GEMINI_KEY_REFUSED' },
  { ask, answer: 'minute_exhausted', kind: 'transient', code: 'GEMINI_RESOURCE_EXHAUSTED', retryAfterMs: 26_000 },
  { ask, answer: 'day_exhausted', kind: 'quota', code: 'GEMINI_DAY_EXHAUSTED' },
  { ask, answer: 'day_and_minute_exhausted', kind: 'quota', code: 'GEMINI_DAY_EXHAUSTED' },
  { ask, answer: 'not_in_plan', kind: 'permanent', code: 'GEMINI_NOT_IN_PLAN' },
  { ask, answer: 'spend_exhausted', kind: 'transient', code: 'GEMINI_RESOURCE_EXHAUSTED', retryAfterMs: 120_000 },
  { ask, answer: 'exhausted_without_details', kind: 'transient', code: 'GEMINI_RESOURCE_EXHAUSTED' },
  { ask, answer: 'cancelled', kind: 'transient', code: 'GEMINI_CANCELLED', billed: 'unknown' },
  { ask, answer: 'internal', kind: 'transient', code: 'GEMINI_INTERNAL' },
  { ask, answer: 'bad_gateway', kind: 'transient', code: 'GEMINI_ERROR', billed: 'unknown' },
  { ask, answer: 'unavailable', kind: 'transient', code: 'GEMINI_UNAVAILABLE' },
  { ask, answer: 'deadline_exceeded', kind: 'transient', code: 'GEMINI_DEADLINE_EXCEEDED', billed: 'unknown' },
  { ask, answer: 'lost', kind: 'transient', code: 'GEMINI_UNREACHABLE', billed: 'unknown' },
  ...['prompt_safety', 'prompt_other', 'prompt_blocklist', 'prompt_prohibited_content', 'prompt_image_safety'].map(blocked(ask)),
  ...['output_safety', 'output_recitation', 'output_prohibited_content', 'output_blocklist', 'output_spii', 'output_language'].map(
    blocked(ask),
  ),
  ...['output_other', 'output_image_safety', 'output_image_prohibited_content', 'output_image_recitation'].map(blocked(ask)),
  ...['output_image_other', 'output_malformed_response', 'output_continuation'].map(blocked(ask)),
];

function blocked(ask: 'storyboard' | 'image') {
  return (what: string): Row => ({ ask, answer: `blocked_${what}`, kind: 'permanent', code: 'GEMINI_BLOCKED', billed: 'yes' });
}

/** KIE's codes, each as HTTP 200 with the code in the body and as the HTTP status itself. */
const KIE_CODES: readonly [code: number, kind: FailureKind, retryAfterMs?: number][] = [
  [400, 'permanent'],
  [401, 'permanent'],
  [402, 'permanent'],
  [404, 'permanent'],
  [422, 'permanent'],
  [429, 'transient', 10_000],
  [433, 'permanent'],
  [455, 'transient'],
  [500, 'transient'],
  [501, 'permanent'],
  [505, 'permanent'],
];
const kie = (ask: 'clip' | 'upload'): Row[] =>
  KIE_CODES.flatMap(([code, kind, retryAfterMs]) =>
    ['code', 'http'].map((form): Row => ({
      ask,
      answer: `${form}_${code}`,
      kind,
      code: `KIE_${code}`,
      ...(retryAfterMs && { retryAfterMs }),
    })),
  );
/** With these nobody knows whether the job runs. */
const LOST_SUBMISSIONS = ['bad_gateway', 'gateway_timeout', 'no_data', 'nonsense', 'no_task_id', 'lost'];

/** Every answer other than the usual one, and what our clients make of it. */
export const CONTRACT: readonly Row[] = [
  ...gemini('storyboard'),
  { ask: 'storyboard', answer: 'cut_short', kind: 'transient', code: 'GEMINI_NO_TEXT', billed: 'yes' },
  ...gemini('image'),
  { ask: 'image', answer: 'no_image', kind: 'permanent', code: 'GEMINI_NO_IMAGE', billed: 'yes' },
  { ask: 'image', answer: 'only_words', kind: 'permanent', code: 'GEMINI_NO_IMAGE', billed: 'yes' },

  { ask: 'completion', answer: 'bad_request', kind: 'permanent', code: 'OPENAI_400' },
  { ask: 'completion', answer: 'invalid_api_key', kind: 'permanent', code: 'OPENAI_INVALID_API_KEY' },
  { ask: 'completion', answer: 'forbidden', kind: 'permanent', code: 'OPENAI_UNSUPPORTED_COUNTRY_REGION_TERRITORY' },
  { ask: 'completion', answer: 'model_not_found', kind: 'permanent', code: 'OPENAI_MODEL_NOT_FOUND' },
  { ask: 'completion', answer: 'rate_limit_exceeded', kind: 'transient', code: 'OPENAI_RATE_LIMIT_EXCEEDED', retryAfterMs: 7_000 },
  { ask: 'completion', answer: 'insufficient_quota', kind: 'quota', code: 'OPENAI_INSUFFICIENT_QUOTA' },
  { ask: 'completion', answer: 'server_error', kind: 'transient', code: 'OPENAI_500' },
  { ask: 'completion', answer: 'bad_gateway', kind: 'transient', code: 'OPENAI_502', billed: 'unknown' },
  { ask: 'completion', answer: 'overloaded', kind: 'transient', code: 'OPENAI_503' },
  { ask: 'completion', answer: 'refusal', kind: 'permanent', code: 'OPENAI_REFUSED', billed: 'yes' },
  { ask: 'completion', answer: 'content_filter', kind: 'permanent', code: 'OPENAI_REFUSED', billed: 'yes' },
  { ask: 'completion', answer: 'cut_short', kind: 'transient', code: 'OPENAI_NO_TEXT', billed: 'yes' },
  { ask: 'completion', answer: 'lost', kind: 'transient', code: 'OPENAI_UNREACHABLE', billed: 'unknown' },

  ...kie('clip'),
  { ask: 'clip', answer: 'browser_refused', kind: 'permanent', code: 'KIE_403' },
  ...LOST_SUBMISSIONS.map((answer): Row => ({ ask: 'clip', answer, kind: 'permanent', code: 'KIE_SUBMIT_UNKNOWN', billed: 'unknown' })),
  ...['job_refused', 'job_broken', 'job_failed'].map((answer): Row => ({
    ask: 'record',
    answer,
    kind: 'permanent',
    code: 'KIE_JOB_FAILED',
  })),
  ...kie('upload').filter(({ kind }) => kind === 'permanent'),
  { ask: 'upload', answer: 'browser_refused', kind: 'permanent', code: 'KIE_403' },

  { ask: 'narration', answer: 'invalid_parameters', kind: 'permanent', code: 'ELEVENLABS_INVALID_PARAMETERS' },
  { ask: 'narration', answer: 'unsupported_model', kind: 'permanent', code: 'ELEVENLABS_UNSUPPORTED_MODEL' },
  { ask: 'narration', answer: 'max_character_limit_exceeded', kind: 'permanent', code: 'ELEVENLABS_MAX_CHARACTER_LIMIT_EXCEEDED' },
  { ask: 'narration', answer: 'voice_not_found_400', kind: 'permanent', code: 'ELEVENLABS_VOICE_NOT_FOUND' },
  ...(['narration', 'sound_effect'] as const).flatMap((ask): Row[] => [
    { ask, answer: 'invalid_api_key', kind: 'permanent', code: 'ELEVENLABS_INVALID_API_KEY' },
    { ask, answer: 'quota_exceeded', kind: 'quota', code: 'ELEVENLABS_QUOTA_EXCEEDED' },
    { ask, answer: 'quota_exceeded_old', kind: 'quota', code: 'ELEVENLABS_QUOTA_EXCEEDED' },
    { ask, answer: 'payment_required', kind: 'quota', code: 'ELEVENLABS_PAYMENT_REQUIRED' },
    { ask, answer: 'forbidden', kind: 'permanent', code: 'ELEVENLABS_MISSING_PERMISSIONS' },
    { ask, answer: 'not_found', kind: 'permanent', code: 'ELEVENLABS_404' },
    { ask, answer: 'validation_error', kind: 'permanent', code: 'ELEVENLABS_VALIDATION_ERROR' },
    { ask, answer: 'rate_limit_exceeded', kind: 'transient', code: 'ELEVENLABS_RATE_LIMIT_EXCEEDED' },
    { ask, answer: 'concurrent_limit_exceeded', kind: 'transient', code: 'ELEVENLABS_CONCURRENT_LIMIT_EXCEEDED' },
    { ask, answer: 'too_many_concurrent_requests', kind: 'transient', code: 'ELEVENLABS_TOO_MANY_CONCURRENT_REQUESTS' },
    { ask, answer: 'system_busy', kind: 'transient', code: 'ELEVENLABS_SYSTEM_BUSY' },
    { ask, answer: 'internal', kind: 'transient', code: 'ELEVENLABS_500' },
    { ask, answer: 'bad_gateway', kind: 'transient', code: 'ELEVENLABS_502', billed: 'unknown' },
    { ask, answer: 'unavailable', kind: 'transient', code: 'ELEVENLABS_UNAVAILABLE' },
    { ask, answer: 'lost', kind: 'transient', code: 'ELEVENLABS_UNREACHABLE', billed: 'unknown' },
  ]),
  { ask: 'sound_effect', answer: 'invalid_parameters', kind: 'permanent', code: 'ELEVENLABS_INVALID_PARAMETERS' },

  ...['empty_answer', 'uploader_refused', 'internal', 'dead_link'].map((answer): Row => ({
    ask: 'catbox_upload',
    answer,
    kind: 'transient',
    code: 'CATBOX_UPLOAD_FAILED',
  })),
  { ask: 'litterbox_upload', answer: 'dead_link', kind: 'transient', code: 'LITTERBOX_UPLOAD_FAILED' },
];

/** Answers that are no failure: our clients make do with them. The test of each says how. */
export const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  image: ['two_images', 'jpeg'],
  narration: ['no_alignment', 'only_normalized', 'silent'],
  sound_effect: ['silent'],
  completion: ['without_usage'],
  clip: ['expired_link', 'black', 'frozen'],
};

/** Answers that tell nothing new where another operation of the same provider gives them as well. */
export const SAME_AS_ELSEWHERE: Readonly<Record<string, RegExp>> = {
  sound_effect: /^(unsupported_model|max_character_limit_exceeded|voice_not_found_400)$/,
  upload: /^((code|http)_(429|455|500)|bad_gateway|gateway_timeout|no_data|nonsense)$/,
  litterbox_upload: /^(empty_answer|uploader_refused|internal)$/,
  record: /./,
};
