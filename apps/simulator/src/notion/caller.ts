import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { urlOf } from '../files.js';
import type { Author } from './content/users.js';

export const VERSIONS = ['2025-09-03', '2026-03-11'] as const;
export type Version = (typeof VERSIONS)[number];

/** For whom something is done, and how it is shown to them. */
export interface Caller {
  author: Author;
  version: Version;
  /** The simulator's address as the caller knows it. */
  origin: string;
}

/** What the guard found out about a request. */
export interface Recognised {
  author: Author;
  version: Version;
}
const recognised = new WeakMap<Request, Recognised>();

export function recognise(request: Request, who: Recognised): void {
  recognised.set(request, who);
}

/** The connection that a request to the API comes from. */
export const FromConnection = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<Request>();
  const who = recognised.get(request);
  if (!who) throw new Error('The route is not behind the guard');
  return { ...who, origin: originOf(request) };
});

export function originOf(request: Request): string {
  return urlOf(request, '');
}

/** Version 2026-03-11 knows `in_trash` only; before it, the same was called `archived`, too. */
export function trashed(inTrash: boolean, version: Version): { in_trash: boolean; archived?: boolean } {
  return { in_trash: inTrash, ...(version === '2025-09-03' && { archived: inTrash }) };
}
