import {
  Injectable,
  UseGuards,
  UseInterceptors,
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { concatMap, delay, of, type Observable } from 'rxjs';
import { partial, savedButUnavailable } from '../edge/answers.js';
import { Edge } from '../edge/edge.js';
import { requestIdOf } from '../errors.js';
import { Settings } from '../settings.js';
import { NotionGuard } from './guard.js';

/** Says in every answer how Notion calls the request, and gives the right answer in the wrong way where that is wanted. */
@Injectable()
class Answers implements NestInterceptor<object, object> {
  constructor(
    private readonly edge: Edge,
    private readonly settings: Settings,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler<object>): Observable<object> {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    const answer = this.edge.answerTo(request);
    return next.handle().pipe(
      concatMap((served) => {
        const error = answer === 'saved_but_unavailable' ? savedButUnavailable(request, served) : null;
        if (error) throw error;
        const body = { ...(answer === 'partial' ? partial(served) : served), request_id: requestIdOf(response) };
        return answer === 'slow' ? of(body).pipe(delay(this.settings.current.slow_ms)) : of(body);
      }),
    );
  }
}

/** A controller of the API. */
export function NotionApi(): ClassDecorator {
  return applyDecorators(UseGuards(NotionGuard), UseInterceptors(Answers));
}
