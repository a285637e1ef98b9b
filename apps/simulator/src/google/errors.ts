import { WireError } from '../answer.js';

/** The domain of errors that all of Google's APIs have in common. */
export const GLOBAL = 'global';

interface More {
  /** Left out: `youtube`. */
  domain?: string;
  /** The field, header or parameter that is wrong, and what it is. */
  location?: string;
  locationType?: 'parameter' | 'header' | 'other';
  /** What the list of errors says, where that differs from the message. */
  itemMessage?: string;
  /** Google's canonical code, which newer services add. */
  status?: string;
  details?: object[];
  headers?: Readonly<Record<string, string>>;
}

/** A refusal as YouTube words it. */
export function refused(code: number, reason: string, message: string, more: More = {}): WireError {
  const { domain = 'youtube', location, locationType, itemMessage = message, status, details, headers } = more;
  const item = { message: itemMessage, domain, reason, ...(location && { location, locationType: locationType ?? 'other' }) };
  return new WireError(code, { error: { code, message, errors: [item], ...(status && { status }), ...(details && { details }) } }, headers);
}

/** A value that cannot be read as what it should be. @param where the field, from the body's root: `snippet.title` */
export function unreadable(where: string, should: string, value: unknown): WireError {
  return refused(400, 'invalid', `Invalid value at 'resource.${where}' (${should}), ${JSON.stringify(value)}`, {
    domain: GLOBAL,
    status: 'INVALID_ARGUMENT',
  });
}

export function invalidParameter(name: string, message: string, reason = 'invalidParameter'): WireError {
  return refused(400, reason, message, { domain: 'youtube.parameter', location: name, locationType: 'parameter' });
}

export function missingParameter(name: string): WireError {
  return invalidParameter(name, `Missing required parameter: ${name}`, 'missingRequiredParameter');
}

/** Nothing that could be looked for was named. */
export function noFilter(known: readonly string[]): WireError {
  return invalidParameter('parameters.', `No filter selected. Expected one of: ${known.join(', ')}`, 'missingRequiredParameter');
}

/** The access token is unknown, has ended, or is of a grant that is dead. */
export function invalidCredentials(): WireError {
  return refused(
    401,
    'authError',
    'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    {
      domain: GLOBAL,
      itemMessage: 'Invalid Credentials',
      location: 'Authorization',
      locationType: 'header',
      status: 'UNAUTHENTICATED',
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    },
  );
}

export function noCredentials(): WireError {
  return refused(401, 'authorizationRequired', 'The request is missing a valid API key or access token.', {
    domain: GLOBAL,
    location: 'Authorization',
    locationType: 'header',
    status: 'UNAUTHENTICATED',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** @param wanted scopes of which one would do */
export function insufficientScope(wanted: readonly string[]): WireError {
  return refused(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.', {
    domain: GLOBAL,
    itemMessage: 'Insufficient Permission',
    status: 'PERMISSION_DENIED',
    details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT', domain: 'googleapis.com' }],
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${wanted.join(' ')}"` },
  });
}

export function quotaExceeded(): WireError {
  return refused(
    403,
    'quotaExceeded',
    'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.',
    { domain: 'youtube.quota' },
  );
}

/** Only its text tells it from being too fast. */
export function uploadsExhausted(): WireError {
  return refused(
    429,
    'rateLimitExceeded',
    "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service 'youtube.googleapis.com' for consumer 'project_number:1'.",
    {
      domain: GLOBAL,
      status: 'RESOURCE_EXHAUSTED',
      details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'RATE_LIMIT_EXCEEDED', domain: 'googleapis.com' }],
    },
  );
}

export function backendError(code: number): WireError {
  return refused(code, 'backendError', 'Backend Error', { domain: GLOBAL });
}

export function videoNotFound(): WireError {
  return refused(404, 'videoNotFound', 'The video identified by the videoId parameter could not be found.', { domain: 'youtube.video' });
}

export function forbidden(message: string, domain = GLOBAL): WireError {
  return refused(403, 'forbidden', message, { domain });
}

/** The media of a request that has none. */
export function mediaBodyRequired(): WireError {
  return refused(400, 'mediaBodyRequired', 'The request does not include the image or video content.', { domain: GLOBAL });
}
