import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { NotionError } from '../errors.js';
import type { Answer } from '../settings.js';
import { BLOCKED, USUAL_WAIT_SECONDS, tooMany } from './rate-limit.js';

/** Answers that are given instead of serving the request, and what they are. */
const REFUSALS: Partial<Record<Answer, () => NotionError>> = {
  rate_limited: () => tooMany('public_api_request_rate_limit', 0),
  request_blocked: () => tooMany(BLOCKED, 0),
  service_overload: () =>
    new NotionError(529, 'service_overload', 'Notion is temporarily overloaded. Please try again in a few minutes.', {
      headers: { 'retry-after': String(USUAL_WAIT_SECONDS) },
    }),
  conflict_error: () => new NotionError(409, 'conflict_error', 'Conflict occurred while saving. Please try again.'),
  internal_server_error: () => new NotionError(500, 'internal_server_error', 'Unexpected error occurred.'),
  bad_gateway: () => new NotionError(502, 'bad_gateway', 'Bad gateway. Please try again later.'),
  service_unavailable: () => new NotionError(503, 'service_unavailable', 'Notion is currently unavailable. Please try again later.'),
  gateway_timeout: () => new NotionError(504, 'gateway_timeout', 'Request timed out.'),
};

/** Answers a request without serving it, if that is what is wanted. */
export function refuse(answer: Answer | null, response: Response): boolean {
  if (answer === 'blocked_at_the_edge') {
    response.removeHeader('x-notion-request-id');
    response.status(403).set({ server: 'cloudflare', 'cf-ray': `${randomBytes(8).toString('hex')}-FRA` });
    response
      .type('html')
      .send(
        '<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>Sorry, you have been blocked</body></html>',
      );
    return true;
  }
  const refusal = answer && REFUSALS[answer];
  refusal?.().send(response);
  return Boolean(refusal);
}

const WRITES = /^(POST|PATCH|DELETE) (?!.*\/(query|search)$)/;

/**
 * A 503 for a request that was served: it says that what it wrote is there, and under which id when that is new.
 * @param body what it would have been answered; null: the request writes nothing
 */
export function savedButUnavailable({ method, path }: Request, body: unknown): NotionError | null {
  if (!WRITES.test(`${method} ${path}`)) return null;
  const { id, results } = body as { id?: string; results?: { id: string }[] };
  const isAppended = path.endsWith('/children');
  return new NotionError(503, 'service_unavailable', 'Notion is currently unavailable, but the request was saved.', {
    additionalData: {
      retry_guidance: 'The request was saved. Read what it wrote instead of sending it again.',
      ...(method === 'POST' && id !== undefined && { committed_resource_id: id }),
      ...(isAppended && {
        committed_resource_id: path.split('/').at(-2),
        committed_child_ids: results?.map((block) => block.id),
      }),
    },
  });
}

/** An answer whose pages say no more than their ids. */
export function partial(body: object): object {
  if ('results' in body && Array.isArray(body.results)) return { ...body, results: body.results.map((item: object) => halved(item)) };
  return halved(body);
}

function halved(item: object): object {
  const { object, id } = item as { object?: string; id?: string };
  return object === 'page' ? { object, id } : item;
}
