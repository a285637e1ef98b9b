import { type CallHandler, type ExecutionContext, type NestInterceptor, StreamableFile } from '@nestjs/common';
import { map, type Observable } from 'rxjs';

/** A page of a collection. */
export class Page<T> {
  constructor(
    readonly items: readonly T[],
    readonly total: number,
    readonly limit: number,
    readonly offset: number,
  ) {}
}

/** Wraps what routes return: `{"success":true,"data":...}`, for collections with their pagination. Nulls are left out. */
export class EnvelopeInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((data: unknown) => {
        if (data === undefined || data instanceof StreamableFile) return data;
        if (!(data instanceof Page)) return { success: true, data: withoutNulls(data) };
        const { items, total, limit, offset } = data as Page<unknown>;
        const pagination = { total, limit, offset, has_more: offset + items.length < total };
        return { success: true, data: items.map(withoutNulls), pagination };
      }),
    );
  }
}

/** What goes over the wire leaves nulls out. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, content]) => content !== null && content !== undefined)
      .map(([key, content]) => [key, withoutNulls(content)]),
  );
}
