import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { ApiError } from './api-error.js';
import { isOpen, isProbe } from './open-routes.js';

/** Over which all limits count (ms). Each process counts for itself: none of them is meant to be exact. */
const WINDOW_MS = 60_000;
/** Far more than a cluster's probes and load balancers ask. */
const PROBES_PER_MINUTE = 1_200;

const addressOf = (request: Request) => ipKeyGenerator(request.ip ?? '');
/** Its headers would tell an attacker how far he may go, its checks write to the console. */
const QUIET = { windowMs: WINDOW_MS, keyGenerator: addressOf, standardHeaders: false, legacyHeaders: false, validate: false } as const;

/**
 * Bounds what one address can have refused on the open routes, or taken without proving who it is, and how many tokens it can try on the others; anything
 * else that succeeds is never counted.
 */
export function failureLimits(perMinute: number): RequestHandler[] {
  if (perMinute === 0) return [];
  return [
    failureLimit(perMinute, {
      concerns: ({ path }) => isOpen(path) && !isProbe(path),
      isFailure: (status, request) => (status >= 400 && status < 500) || isHandshake(request),
    }),
    failureLimit(perMinute, {
      concerns: (request) => !isOpen(request.path) && request.get('authorization') !== undefined,
      isFailure: (status) => status === 401,
    }),
  ];
}

/** Bounds how often one address can ask whether the gateway is well. */
export const probeLimit: RequestHandler = rateLimit({
  ...QUIET,
  limit: PROBES_PER_MINUTE,
  skip: ({ path }) => !isProbe(path),
  handler: (_request, response, next) => {
    next(tooMany(response, undefined));
  },
});

interface FailureRule {
  concerns: (request: Request) => boolean;
  isFailure: (status: number, request: Request) => boolean;
}

/** Notion's webhook takes a handshake from anybody, and keeps it for an operator to look at. */
function isHandshake(request: Request): boolean {
  return request.path === '/webhook/notion' && !request.get('x-notion-signature') && !request.get('x-webhook-secret');
}

/**
 * The package's own way to leave out what succeeds counts it until it is answered, and so refuses a burst of good requests. Here the count is only looked
 * at on arrival, and raised by an answer that is a failure.
 */
function failureLimit(limit: number, { concerns, isFailure }: FailureRule): RequestHandler {
  const count = rateLimit({ ...QUIET, limit, handler: () => undefined });
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (!concerns(request)) {
      next();
      return;
    }
    const failures = await count.getKey(addressOf(request));
    if (failures && failures.totalHits >= limit) {
      next(tooMany(response, failures.resetTime));
      return;
    }
    response.once('finish', () => {
      if (isFailure(response.statusCode, request)) void count(request, response, () => undefined);
    });
    next();
  };
}

function tooMany(response: Response, until: Date | undefined): ApiError {
  const seconds = Math.max(1, Math.ceil(((until?.getTime() ?? Date.now() + WINDOW_MS) - Date.now()) / 1_000));
  response.set('Retry-After', String(seconds));
  return new ApiError(429, 'RATE_LIMITED', `Too many requests from this address. Try again in ${seconds} s.`);
}
