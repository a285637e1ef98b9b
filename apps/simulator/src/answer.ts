import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';

/** An answer other than success, with exactly this body: each provider has an error shape of its own. */
export class WireError extends HttpException {
  constructor(
    status: number,
    body: object | string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(body, status);
  }
}

/** Sends a `WireError` as it is: Nest would wrap a text into an object of its own. */
@Catch(WireError)
export class WireErrorFilter implements ExceptionFilter<WireError> {
  catch(error: WireError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(error.getStatus()).set(error.headers).send(error.getResponse());
  }
}

/** A field of an untrusted body as text; empty when it is missing or something else. */
export function text(body: unknown, field: string): string {
  const value = (body as Record<string, unknown> | null | undefined)?.[field];
  return typeof value === 'string' ? value : '';
}
