import type { Problem } from '#pipeline';
import { HttpException } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** An error with a code of ours; `details` name the fields that are wrong. */
export class ApiError extends HttpException {
  constructor(
    status: number,
    readonly code: string,
    message: string,
    readonly details: readonly Problem[] = [],
  ) {
    super(message, status);
  }
}

/** More of them help nobody, and a small request could have a very large answer. */
const MOST_PROBLEMS = 100;

/** @param problems the fields that are wrong */
export function invalidInput(problems: readonly Problem[]): ApiError {
  return new ApiError(422, 'INVALID_INPUT', 'Some fields are wrong; details name them.', problems.slice(0, MOST_PROBLEMS));
}

export class FieldProblem implements Problem {
  @ApiProperty({ example: 'title' })
  field: string;

  @ApiProperty({ example: 'title should not be empty' })
  message: string;
}

class ErrorDetails {
  @ApiProperty({ example: 'TASK_NOT_FOUND' })
  code: string;

  @ApiProperty({ example: 'There is no task with this id.' })
  message: string;

  @ApiPropertyOptional({ type: [FieldProblem] })
  details?: FieldProblem[];

  @ApiProperty({ format: 'date-time' })
  timestamp: string;

  @ApiProperty({ format: 'uuid' })
  request_id: string;
}

/** The body of every answer that is no success. */
export class ErrorBody {
  @ApiProperty({ example: false })
  success: false;

  @ApiProperty()
  error: ErrorDetails;
}
