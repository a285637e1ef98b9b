import type { Role } from '#pipeline';
import { Injectable, SetMetadata, applyDecorators, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension, type OpenAPIObject } from '@nestjs/swagger';
import type { NextFunction, Response } from 'express';
import { isOpen } from '../http/open-routes.js';
import { callerOf, type CallersRequest } from './caller.js';

const NEEDED = 'needed-role';
const IN_OPENAPI = 'x-role';

/** The role that a route needs; left out, a viewer may read and only an admin may do anything else, so that a forgotten one is closed. */
export const Needs = (role: Role) => applyDecorators(SetMetadata(NEEDED, role), ApiExtension(IN_OPENAPI, role));

function unlessStated(method: string): Role {
  return ['GET', 'HEAD'].includes(method.toUpperCase()) ? 'viewer' : 'admin';
}

/** Lets only those to a route of the API who have the role that it needs. */
@Injectable()
export class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<CallersRequest>();
    if (isOpen(request.path)) return true;
    const stated = this.reflector.getAllAndOverride<Role | undefined>(NEEDED, [context.getHandler(), context.getClass()]);
    callerOf(request).mustBe(stated ?? unlessStated(request.method));
    return true;
  }
}

/** The same for a page that is mounted beside the API's routes. */
export function needs(role: Role) {
  return (request: CallersRequest, _response: Response, next: NextFunction): void => {
    callerOf(request).mustBe(role);
    next();
  };
}

/** Writes into an OpenAPI document which role each route needs. */
export function describeRoles(document: OpenAPIObject): OpenAPIObject {
  for (const [path, routes] of Object.entries(document.paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      const operation = routes[method] as (typeof routes)['get'] & { [IN_OPENAPI]?: Role };
      if (!operation || isOpen(path)) continue;
      const role = (operation[IN_OPENAPI] ??= unlessStated(method));
      operation.description = [operation.description, `Needs the role **${role}**.`].filter(Boolean).join('\n\n');
    }
  }
  return document;
}
