import { DecisionRefused } from '#stage';
import { SettingsError } from '#config';
import { Failure } from '#pipeline';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { QueryFailedError } from 'typeorm';
import { ApiError, type ErrorBody } from './api-error.js';
import { requestIdOf, type IdentifiedRequest } from './request-id.js';

const REFUSALS: Record<DecisionRefused['code'], number> = {
  TASK_NOT_FOUND: 404,
  TASK_NOT_AT_GATE: 409,
  TASK_NOT_IN_ERROR: 409,
  TASK_NOT_CANCELLABLE: 409,
  TASK_NOT_DRAFT: 409,
  TASK_NOT_AT_REST: 409,
  TASK_NOT_EDITABLE: 409,
  ITEM_NOT_FOUND: 422,
  CHANNEL_NOT_FOUND: 404,
  CHANNEL_REMOVED: 409,
  VIDEO_UPLOADED: 409,
};

/** What the API calls the properties of a task. */
const TASK_FIELDS: Record<DecisionRefused['refused'][number], string> = {
  channelId: 'channel',
  title: 'title',
  topic: 'topic',
  storyDirection: 'story_direction',
  ownScript: 'own_script',
  priority: 'priority',
  publishAt: 'publish_at',
  thumbnail: 'thumbnail',
};

/** Codes of the errors that the HTTP layer itself raises. */
const HTTP_CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** Postgres' codes for a text with a NUL character, which it cannot store, in a column and in JSON. */
const UNSTORABLE = ['22021', '22P05'];
/** What it says of JSON with half of a surrogate pair. */
const ILL_FORMED = 'invalid input syntax for type json';

/** Connection errors of Postgres and Redis, by Node's and the drivers' codes. */
const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|Connection terminated|Connection is closed|timeout exceeded when trying to connect/;

/** Turns whatever a route throws into the one error format. Nothing of an unexpected error but its request id leaves the house. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const request = host.switchToHttp().getRequest<IdentifiedRequest>();
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const error = asApiError(thrown);
    if (error.getStatus() >= 500) {
      this.logger.error({
        event: 'http_request_failed',
        request_id: requestIdOf(request),
        path: request.path,
        error: thrown instanceof Error ? thrown.stack : String(thrown),
      });
    }
    const body: ErrorBody = {
      success: false,
      error: {
        code: error.code,
        message: error.message,
        ...(error.details.length > 0 && { details: [...error.details] }),
        timestamp: new Date().toISOString(),
        request_id: requestIdOf(request),
      },
    };
    response.status(error.getStatus()).json(body);
  }
}

function refusal({ code, message, refused }: DecisionRefused): ApiError {
  const details = refused.map((property) => ({ field: TASK_FIELDS[property], message: `${TASK_FIELDS[property]} cannot be changed now` }));
  return new ApiError(REFUSALS[code], code, message, details);
}

/** Whatever was thrown, as the API says it. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof DecisionRefused) return refusal(thrown);
  if (thrown instanceof Failure) return new ApiError(thrown.kind === 'permanent' ? 422 : 503, thrown.code, thrown.userMessage);
  if (thrown instanceof SettingsError) return new ApiError(503, 'NOT_CONFIGURED', thrown.message);
  if (thrown instanceof HttpException) {
    const status = thrown.getStatus();
    return new ApiError(status, HTTP_CODES[status] ?? 'ERROR', thrown.message);
  }
  // The body parser's errors: malformed JSON, a body over the limit.
  const { status, message } = thrown as { status?: unknown; message?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ApiError(status, HTTP_CODES[status] ?? 'BAD_REQUEST', String(message));
  const text = thrown instanceof QueryFailedError ? String(thrown.driverError) : String(thrown);
  const code = String((thrown as { code?: unknown } | null)?.code);
  if (UNSTORABLE.includes(code)) return new ApiError(422, 'INVALID_INPUT', 'A text holds a NUL character, which cannot be stored.');
  if (text.includes(ILL_FORMED))
    return new ApiError(422, 'INVALID_INPUT', 'A text holds half of a character (a lone surrogate), which cannot be stored.');
  if (UNREACHABLE.test(text) || UNREACHABLE.test(code))
    return new ApiError(503, 'SERVICE_UNAVAILABLE', 'The database does not answer. Try again in a moment.');
  return new ApiError(500, 'INTERNAL', 'Something unexpected went wrong. The log has the details under the request id.');
}
