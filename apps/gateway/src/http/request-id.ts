import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

export type IdentifiedRequest = Request & { requestId?: string };

/** Gives every request an id: the caller's, if it is a sane one, else a new one. It goes back in `X-Request-ID`. */
export function identify(request: IdentifiedRequest, response: Response, next: NextFunction): void {
  const given = request.get('x-request-id');
  request.requestId = given && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
  response.set('X-Request-ID', request.requestId);
  next();
}

export function requestIdOf(request: IdentifiedRequest): string {
  return request.requestId ?? '';
}
