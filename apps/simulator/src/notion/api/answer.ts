import {
  Injectable,
  UseGuards,
  UseInterceptors,
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { requestIdOf } from '../errors.js';
import { NotionGuard } from './guard.js';

/** Says in every answer how Notion calls the request. */
@Injectable()
class RequestIds implements NestInterceptor<object, object> {
  intercept(context: ExecutionContext, next: CallHandler<object>): Observable<object> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(map((body) => ({ ...body, request_id: requestIdOf(response) })));
  }
}

/** A controller of the API. */
export function NotionApi(): ClassDecorator {
  return applyDecorators(UseGuards(NotionGuard), UseInterceptors(RequestIds));
}
