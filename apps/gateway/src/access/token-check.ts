import type { NextFunction, Response } from 'express';
import { isOpen } from '../http/open-routes.js';
import type { ApiTokens } from './api-tokens.js';
import { unauthorized, type CallersRequest } from './caller.js';

/** Finds out who sends a request, by its token: as bearer, or as a browser's password, so that the queue page can be opened. Turns away whoever needs one and has none. */
export function tokenCheck(tokens: ApiTokens) {
  return async (request: CallersRequest, response: Response, next: NextFunction): Promise<void> => {
    if (isOpen(request.path)) {
      next();
      return;
    }
    const caller = await tokens.callerWith(given(request));
    if (caller) {
      request.caller = caller;
      next();
      return;
    }
    response.set('WWW-Authenticate', 'Basic realm="ai-video-generator", charset="UTF-8"');
    next(unauthorized());
  };
}

function given(request: CallersRequest): string {
  const [, scheme = '', value = ''] = /^(\w+) (.*)$/.exec(request.get('authorization') ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  return Buffer.from(value, 'base64').toString('utf8').split(':').slice(1).join(':');
}
