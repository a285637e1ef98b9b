import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { ApiError } from './api-error.js';

/**
 * Turns away a body that is not JSON. The parser leaves such a body unread, and a route would act as if none had been sent: a rejection of one
 * clip would become one of all clips, each paid for again.
 */
@Injectable()
export class JsonOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    // null: there is no body; false: there is one of another type, if only of no length, as `fetch` says of a request without a body.
    if (request.is('application/json') !== false || request.get('content-length') === '0') return true;
    throw new ApiError(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, with the header "Content-Type: application/json".');
  }
}
