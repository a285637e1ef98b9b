import { Failure, permanent, transient } from '#pipeline';

/** Statuses that pass; a 503 may also have been saved, which is harmless, as rows are written whole. */
const PASSING = [408, 409, 429, 500, 502, 503, 504, 529];

/** The code of a refusal to make any more blocks; a row's properties can be written all the same. */
export const NOTION_BLOCK_LIMIT = 'NOTION_BLOCK_LIMIT';

interface NotionError {
  code?: unknown;
  status?: unknown;
  message?: unknown;
  headers?: unknown;
  additional_data?: unknown;
}

/** What an error of Notion's SDK means. */
export function notionFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, status, message, headers, additional_data } = error as NotionError;
  const name = typeof code === 'string' ? code : 'unreachable';
  const base = {
    code: `NOTION_${name.toUpperCase()}`,
    message: `Notion: ${typeof status === 'number' ? status : 'no answer'}, ${name}: ${String(message)}`,
    cause: error,
  };
  if (typeof status !== 'number' || PASSING.includes(status)) {
    const retryAfterMs = retryAfter(headers);
    return transient({
      ...base,
      userMessage: 'Notion did not take the request. It is tried again by itself.',
      rateLimited: status === 429,
      ...(retryAfterMs && { retryAfterMs }),
    });
  }
  if (status === 401) return permanent({ ...base, userMessage: 'Notion refused the token. Check NOTION_TOKEN.' });
  if (status === 403 && typeof additional_data === 'object' && additional_data !== null && 'block_limit' in additional_data)
    return permanent({
      ...base,
      code: NOTION_BLOCK_LIMIT,
      userMessage:
        'The Notion workspace has as many blocks as its plan allows, so nothing more can be written into pages. Change the plan.',
    });
  if (status === 403)
    return permanent({ ...base, userMessage: 'The Notion connection lacks a right. Give it read and update rights for content.' });
  if (status === 404)
    return permanent({ ...base, userMessage: 'The Notion row is gone or not shared with the connection. Share the database with it.' });
  return permanent({ ...base, userMessage: `Notion did not accept the request: ${String(message)}` });
}

/** Notion's Retry-After is in whole seconds (ms). */
function retryAfter(headers: unknown): number | undefined {
  const value = headers instanceof Headers ? headers.get('retry-after') : null;
  const seconds = Number(value);
  return value && Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}
