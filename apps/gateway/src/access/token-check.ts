import { createHash, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { ApiError } from './api-error.js';

/** What may be asked without a token: liveness, readiness, the webhook, which is signed, and KIE's callback, whose address is a secret. */
const OPEN = /^\/(health|ready|webhook\/notion|webhook\/kie\/[^/]+)$/;

/** Lets a request pass that bears the token: as bearer, or as a browser's password, so that the queue page can be opened. No token set: all pass. */
export function tokenCheck(token: string | undefined) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (!token || OPEN.test(request.path) || same(given(request), token)) {
      next();
      return;
    }
    response.set('WWW-Authenticate', 'Basic realm="ai-video-generator", charset="UTF-8"');
    next(new ApiError(401, 'UNAUTHORIZED', 'Send the API token: "Authorization: Bearer <API_TOKEN>", or as password in a browser.'));
  };
}

function given(request: Request): string {
  const [, scheme = '', value = ''] = /^(\w+) (.*)$/.exec(request.get('authorization') ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  return Buffer.from(value, 'base64').toString('utf8').split(':').slice(1).join(':');
}

/** Compares without telling by its time where two texts differ, or how long they are. */
function same(left: string, right: string): boolean {
  const [a, b] = [left, right].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
