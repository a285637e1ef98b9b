import { Injectable, createParamDecorator, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { WireError } from '../../../answer.js';
import { Edge, type Planned } from '../../edge/edge.js';
import { GLOBAL, forbidden, invalidCredentials, refused } from '../../errors.js';
import { Grants } from '../../oauth/grants.js';
import { oneOf } from '../parameters.js';
import { contentRangeOf, type ContentRange } from './content-range.js';
import { Sessions, type UploadSession } from './sessions.js';

/** A request to an upload session, as far as it is known before its bytes are read. */
export interface SessionRequest {
  session: UploadSession;
  range: ContentRange;
  planned: Planned | null;
}
const entered = new WeakMap<Request, SessionRequest>();

/** Finds the session that a request goes to. The address is enough to be let in, but a token that comes with it must be alive. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly sessions: Sessions,
    private readonly edge: Edge,
    private readonly grants: Grants,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    const range = contentRangeOf(request);
    const session = this.sessions.find(oneOf(request.query as Record<string, string>, 'upload_id'));
    const asked = {
      call: range.asks ? 'ask' : 'chunk',
      channelId: session?.channelId ?? null,
      ...(!range.asks && { bytes: range }),
    } as const;
    const planned = this.edge.enter(asked, request, response);
    const { authorization } = request.headers;
    const holder = authorization === undefined ? null : this.grants.holderOf(authorization);
    if (authorization !== undefined && !holder) throw invalidCredentials();
    if (!session) throw unknownSession(404);
    if (holder && holder.channelId !== session.channelId) throw forbidden('The upload session is of another channel.');
    if (planned?.answer === 'gone' || planned?.answer === 'gone_410') {
      session.until = 0;
      throw unknownSession(planned.answer === 'gone' ? 404 : 410);
    }
    session.interrupt();
    entered.set(request, { session, range, planned });
    return true;
  }
}

export const OfSession = createParamDecorator((_: unknown, context: ExecutionContext): SessionRequest => {
  const found = entered.get(context.switchToHttp().getRequest<Request>());
  if (!found) throw new Error('The route is not behind the guard');
  return found;
});

function unknownSession(status: number): WireError {
  return refused(status, 'notFound', 'The upload session is not known.', { domain: GLOBAL });
}
