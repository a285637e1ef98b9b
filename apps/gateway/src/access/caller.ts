import { includesRole, type Role } from '#pipeline';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { ApiError } from '../http/api-error.js';

/** Who sends a request, as far as it is known. */
export class Caller {
  constructor(
    readonly role: Role,
    /** Whose token it is; null when the installation asks for none. */
    private readonly name: string | null,
  ) {}

  /** The name under which a decision of this caller is recorded, given the one that the request states. */
  signs(stated?: string): string {
    if (!this.name) return stated ?? 'api';
    return stated ? `${stated} (${this.name})` : this.name;
  }

  /** @throws ApiError FORBIDDEN naming the role that is needed */
  mustBe(needed: Role): void {
    if (includesRole(this.role, needed)) return;
    throw new ApiError(403, 'FORBIDDEN', `This needs the role ${needed}; your token has the role ${this.role}.`);
  }
}

export type CallersRequest = Request & { caller?: Caller };

/** @throws ApiError UNAUTHORIZED when nobody has found out who it is */
export function callerOf({ caller }: CallersRequest): Caller {
  if (!caller) throw unauthorized();
  return caller;
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'UNAUTHORIZED', 'Send an API token: "Authorization: Bearer <token>", or as password in a browser.');
}

/** Gives a route its caller: `@By() caller: Caller`. */
export const By = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<CallersRequest>()),
);
