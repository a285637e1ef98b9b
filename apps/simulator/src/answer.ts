import { HttpException } from '@nestjs/common';

/** An answer other than success, with exactly this body: each provider has an error shape of its own. */
export class WireError extends HttpException {
  constructor(status: number, body: object | string) {
    super(body, status);
  }
}

/** A field of an untrusted body as text; empty when it is missing or something else. */
export function text(body: unknown, field: string): string {
  const value = (body as Record<string, unknown> | null | undefined)?.[field];
  return typeof value === 'string' ? value : '';
}
