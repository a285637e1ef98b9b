import { WireError } from '../answer.js';

const quota = (...violations: object[]) => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations });
const retry = (retryDelay: string) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
const HELP = {
  '@type': 'type.googleapis.com/google.rpc.Help',
  links: [{ description: 'Learn more', url: 'https://ai.google.dev/gemini-api/docs/rate-limits' }],
};
const METRIC = 'generativelanguage.googleapis.com/generate_requests';
const MINUTE = {
  quotaMetric: METRIC,
  quotaId: 'GenerateRequestsPerMinutePerProjectPerModel',
  quotaDimensions: { location: 'global' },
  quotaValue: '10',
};
const DAY = {
  quotaMetric: METRIC,
  quotaId: 'GenerateRequestsPerDayPerProjectPerModel',
  quotaDimensions: { location: 'global' },
  quotaValue: '250',
};
const EXHAUSTED = 'You exceeded your current quota, please check your plan and billing details.';

/** An error as Gemini words it. */
export function geminiError(code: number, status: string, message: string, details: object[] = []): WireError {
  return new WireError(code, { error: { code, message, status, details } });
}

const exhausted = (message: string, ...details: object[]) => geminiError(429, 'RESOURCE_EXHAUSTED', message, details);

/** Errors that Gemini can be made to answer with, by the name of their scenario. */
export const GEMINI_ERRORS = {
  invalid_argument: () => geminiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.'),
  failed_precondition: () => geminiError(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
  permission_denied: () => geminiError(403, 'PERMISSION_DENIED', 'The caller does not have permission'),
  minute_exhausted: () => exhausted(EXHAUSTED, HELP, quota(MINUTE), retry('26s')),
  day_exhausted: () => exhausted(EXHAUSTED, retry('26s'), quota(DAY), HELP),
  day_and_minute_exhausted: () => exhausted(EXHAUSTED, quota(MINUTE, DAY), retry('47.3s')),
  not_in_plan: () => exhausted(`${EXHAUSTED} * Quota exceeded for metric: ${METRIC}, limit: 0`, quota({ ...DAY, quotaValue: '0' })),
  spend_exhausted: () => exhausted('Your project has exceeded its spend limit for the last 10 minutes.', retry('120s')),
  exhausted_without_details: () => exhausted('Resource has been exhausted (e.g. check quota).'),
  cancelled: () => geminiError(499, 'CANCELLED', 'The operation was cancelled.'),
  internal: () => geminiError(500, 'INTERNAL', 'An internal error has occurred.'),
  bad_gateway: () => new WireError(502, '<html><title>502 Bad Gateway</title></html>'),
  unavailable: () => geminiError(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
  deadline_exceeded: () => geminiError(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'),
} as const satisfies Record<string, () => WireError>;

/** Reasons for which Gemini blocks a prompt: there are no candidates then. */
export const BLOCKED_PROMPTS = ['SAFETY', 'OTHER', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'IMAGE_SAFETY'] as const;
/** Reasons for which it stops without content. */
export const BLOCKED_OUTPUTS = [
  'SAFETY',
  'RECITATION',
  'PROHIBITED_CONTENT',
  'BLOCKLIST',
  'SPII',
  'LANGUAGE',
  'OTHER',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
  'IMAGE_OTHER',
  'MALFORMED_RESPONSE',
  'CONTINUATION',
] as const;
