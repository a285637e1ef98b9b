import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { REQUEST_ID } from '../errors.js';

/** What stands before Notion's API. */
@Injectable()
export class Edge {
  readonly middleware = (_request: Request, response: Response, next: NextFunction): void => {
    response.setHeader(REQUEST_ID, randomUUID());
    next();
  };
}
