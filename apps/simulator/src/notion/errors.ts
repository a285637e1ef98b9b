import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';

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
