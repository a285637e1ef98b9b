import type { Request } from 'express';
import { GLOBAL, refused } from '../../errors.js';
import { badRequest } from './bad-request.js';
import { MediaSum, type Media } from './media.js';

/** A request of two parts: JSON, then a file. */
export interface RelatedParts {
  json: unknown;
  media: Media;
}

/** The most that may come before the media begins (bytes). */
const LONGEST_PREAMBLE = 1024 * 1024;

/**
 * Reads `multipart/related` as Google's clients send it with `uploadType=multipart`.
 * @param most bytes of the media
 */
export async function readRelatedParts(request: Request, most: number): Promise<RelatedParts> {
  const boundary = /^multipart\/related;.*boundary="?([^";]+)"?/i.exec(request.get('content-type') ?? '')?.[1];
  if (!boundary) throw badRequest('Content-Type must be multipart/related with a boundary.');
  const closing = Buffer.from(`\r\n--${boundary}--`);
  let json: unknown;
  let sum: MediaSum | null = null;
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of request as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, piece]);
    if (!sum) {
      const preamble = splitPreamble(rest, boundary);
      if (!preamble && rest.length > LONGEST_PREAMBLE) throw badRequest('No media part was found.');
      if (!preamble) continue;
      json = parsed(preamble.json);
      sum = new MediaSum(preamble.contentType, most);
      rest = preamble.rest;
    }
    // The end of the request, perhaps with a line break after it, is not the file's.
    const certain = Math.max(0, rest.length - closing.length - 2);
    sum.add(rest.subarray(0, certain));
    rest = rest.subarray(certain);
  }
  const end = rest.lastIndexOf(closing);
  if (!sum || end < 0) throw badRequest('The multipart body ends too early.');
  sum.add(rest.subarray(0, end));
  return { json, media: sum.end() };
}

/** What stands before the media, once all of it has come. */
function splitPreamble(body: Buffer, boundary: string): { json: string; contentType: string; rest: Buffer } | null {
  const jsonAt = after(body, '\r\n\r\n', 0);
  const separator = `\r\n--${boundary}\r\n`;
  const headersAt = jsonAt && after(body, separator, jsonAt);
  // A part may have no headers: then the line that separates the parts ends with the first of two line breaks.
  const mediaAt = headersAt && after(body, '\r\n\r\n', headersAt - 2);
  if (!jsonAt || !headersAt || !mediaAt) return null;
  const headers = body.subarray(headersAt, mediaAt).toString('latin1');
  return {
    json: body.subarray(jsonAt, headersAt - separator.length).toString(),
    contentType: /content-type: *([^\r\n]+)/i.exec(headers)?.[1] ?? 'application/octet-stream',
    rest: body.subarray(mediaAt),
  };
}

/** Where a text that stands in the bytes ends; null when it is not there. */
function after(body: Buffer, text: string, from: number): number | null {
  const found = body.indexOf(text, from);
  return found < 0 ? null : found + text.length;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw refused(400, 'parseError', 'Parse Error', { domain: GLOBAL, status: 'INVALID_ARGUMENT' });
  }
}
