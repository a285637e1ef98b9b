import { problemsOf } from '#pipeline';
import { ValidationPipe } from '@nestjs/common';
import { ApiError } from './api-error.js';

/** Checks bodies and queries against their classes; every wrong or unknown field is named. */
export const validation = new ValidationPipe({
  whitelist: true,
  forbidNonWhitelisted: true,
  transform: true,
  exceptionFactory: (errors) => new ApiError(422, 'INVALID_INPUT', 'Some fields are wrong; details name them.', problemsOf(errors)),
});
