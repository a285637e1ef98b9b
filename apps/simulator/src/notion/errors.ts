import { randomUUID } from 'node:crypto';
import { BadRequestException, Catch, HttpException, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';

/** A refusal as Notion words it. */
export class NotionError extends HttpException {
  /**
   * @param code one of Notion's error codes
   * @param more what Notion adds for some of them
   */
  constructor(
    status: number,
    readonly code: string,
    message: string,
    readonly more: { additionalData?: Readonly<Record<string, unknown>>; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, status);
  }

  send(response: Response): void {
    if (!requestIdOf(response)) response.setHeader(REQUEST_ID, randomUUID());
    const { additionalData, headers = {} } = this.more;
    response
      .status(this.getStatus())
      .set(headers)
      .json({
        object: 'error',
        status: this.getStatus(),
        code: this.code,
        message: this.message,
        ...(additionalData && { additional_data: additionalData }),
        request_id: requestIdOf(response),
      });
  }
}

/** Under which header, and in which field of an answer, Notion says how it calls the request. */
export const REQUEST_ID = 'x-notion-request-id';

export function requestIdOf(response: Response): string {
  return String(response.getHeader(REQUEST_ID) ?? '');
}

export function invalid(message: string): NotionError {
  return new NotionError(400, 'validation_error', message);
}

/** Also the answer for what there is, but is not shared with the connection. */
export function notFound(what: string, id: string): NotionError {
  return new NotionError(
    404,
    'object_not_found',
    `Could not find ${what} with ID: ${id}. Make sure the relevant pages and databases are shared with your integration.`,
  );
}

@Catch(NotionError)
export class NotionErrorFilter implements ExceptionFilter<NotionError> {
  catch(error: NotionError, host: ArgumentsHost): void {
    error.send(host.switchToHttp().getResponse<Response>());
  }
}

/** What never comes as far as a route of the API, in Notion's words: a body that cannot be read, an address that leads nowhere. */
@Catch(BadRequestException, NotFoundException)
export class NoRouteFilter extends BaseExceptionFilter {
  override catch(error: HttpException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    if (!http.getRequest<Request>().originalUrl.startsWith('/notion/v1')) super.catch(error, host);
    else if (error instanceof NotFoundException)
      new NotionError(400, 'invalid_request_url', 'Invalid request URL.').send(http.getResponse());
    else new NotionError(400, 'invalid_json', 'Error parsing JSON body.').send(http.getResponse());
  }
}
