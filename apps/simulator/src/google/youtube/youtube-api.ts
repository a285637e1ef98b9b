import {
  Injectable,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  applyDecorators,
  createParamDecorator,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { map, type Observable } from 'rxjs';
import { Ledger } from '../../ledger.js';
import type { ApiCall } from '../edge/calls.js';
import { Edge, type Planned } from '../edge/edge.js';
import { backendError, insufficientScope, invalidCredentials, noCredentials } from '../errors.js';
import { Grants } from '../oauth/grants.js';
import { METHODS } from './methods.js';
import { Quota } from './quota.js';

/** Which call a route serves, when one serves several. */
type CallOf = (request: Request) => ApiCall;
const CALL = 'youtube:call';

interface Entered {
  call: ApiCall;
  channelId: string;
  planned: Planned | null;
}
const entered = new WeakMap<Request, Entered>();

/** Lets in whoever has a token of the right scope, as long as the project's quota lasts. */
@Injectable()
class ApiGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly edge: Edge,
    private readonly grants: Grants,
    private readonly quota: Quota,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    const call = this.reflector.get<CallOf>(CALL, context.getHandler())(request);
    const { authorization = '' } = request.headers;
    const holder = this.grants.holderOf(authorization);
    const planned = this.edge.enter({ call, channelId: holder?.channelId ?? null }, request, response);
    if (!authorization) throw noCredentials();
    if (!holder) throw invalidCredentials();
    const method = METHODS[call];
    if (!method.scopes.some((scope) => holder.scopes.includes(scope))) throw insufficientScope(method.scopes);
    this.quota.charge(method);
    entered.set(request, { call, channelId: holder.channelId, planned });
    return true;
  }
}

/** Enters what was done into the ledger, and loses the right answer where that is wanted. */
@Injectable()
class ApiAnswers implements NestInterceptor<unknown, unknown> {
  constructor(private readonly ledger: Ledger) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const { call, planned } = enteredOf(context);
    return next.handle().pipe(
      map((served) => {
        const { operation } = METHODS[call];
        if (operation) this.ledger.record({ provider: 'youtube', operation, usd: 0 });
        if (planned?.answer === 'saved_but_unavailable') throw backendError(503);
        return served;
      }),
    );
  }
}

/** A route of the API. */
export function Serves(call: ApiCall | CallOf): MethodDecorator {
  const callOf: CallOf = typeof call === 'function' ? call : () => call;
  return applyDecorators(SetMetadata(CALL, callOf), UseGuards(ApiGuard), UseInterceptors(ApiAnswers));
}

/** The channel that a request is made for. */
export const OfChannel = createParamDecorator((_: unknown, context: ExecutionContext): string => enteredOf(context).channelId);

function enteredOf(context: ExecutionContext): Entered {
  const found = entered.get(context.switchToHttp().getRequest<Request>());
  if (!found) throw new Error('The route is not behind the guard');
  return found;
}
