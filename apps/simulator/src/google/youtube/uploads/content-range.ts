import type { Request } from 'express';
import { badRequest } from './bad-request.js';

/** What a request to an upload session says of its bytes. */
export type ContentRange =
  /** `bytes *\/N`: no bytes, but how many of them are there? */
  | { asks: true; total: number }
  /** The bytes from `first` on, the end not included. Without the header a request carries the whole file. */
  | { asks: false; first: number; end: number; total: number };

/** @throws WireError when it cannot be read */
export function contentRangeOf(request: Request): ContentRange {
  const header = request.get('content-range');
  if (header === undefined) {
    const total = Number(request.get('content-length') ?? 0);
    if (total === 0) throw badRequest('The request has neither a body nor a Content-Range header.');
    return { asks: false, first: 0, end: total, total };
  }
  const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(header) ?? [];
  if (total === undefined) throw badRequest('Failed to parse Content-Range header.');
  if (first === undefined) return { asks: true, total: Number(total) };
  const range = { asks: false, first: Number(first), end: Number(last) + 1, total: Number(total) } as const;
  if (range.end <= range.first || range.end > range.total) throw badRequest('Failed to parse Content-Range header.');
  return range;
}
