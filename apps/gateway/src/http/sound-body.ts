import type { NextFunction, Request, Response } from 'express';
import { ApiError } from './api-error.js';

/** Levels of lists and objects; nothing that is meant for us has ten. What goes through a value level by level would fail on thousands. */
const DEEPEST = 32;

/** Turns away a body that is nested so deeply that nobody can have meant it. */
export function soundBody(request: Request, _response: Response, next: NextFunction): void {
  next(isDeeper(request.body, DEEPEST) ? new ApiError(400, 'BAD_REQUEST', `The body is nested deeper than ${DEEPEST} levels.`) : undefined);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((content) => isDeeper(content, levels - 1));
}
