import type { Query } from '../oauth/consent.js';
import { invalidParameter, missingParameter, refused } from '../errors.js';

/** The values of a parameter that may be given several times, or once with commas. */
export function listOf(query: Query, name: string): string[] {
  return [query[name] ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .filter(Boolean);
}

export function oneOf(query: Query, name: string): string {
  return listOf(query, name)[0] ?? '';
}

/**
 * The parts of a resource that a request is about.
 * @throws WireError when none is named, or one that is not known
 */
export function partsOf<T extends string>(query: Query, known: readonly T[]): T[] {
  const parts = listOf(query, 'part');
  if (parts.length === 0) throw missingParameter('part');
  return parts.map((name) => {
    const part = known.find((one) => one === name);
    if (!part) throw partError('unknownPart', name);
    return part;
  });
}

export function partError(reason: 'unknownPart' | 'unexpectedPart', part: string): Error {
  return refused(400, reason, `'${part}'`, { domain: 'youtube.part', location: 'part', locationType: 'parameter' });
}

/** Those of a resource's parts that were asked for. */
export function pick(parts: readonly string[], resource: Readonly<Record<string, object | undefined>>): object {
  return Object.fromEntries(Object.entries(resource).filter(([name, part]) => parts.includes(name) && part !== undefined));
}

interface Page<T> {
  items: T[];
  /** What YouTube tells of where the page stands. */
  wire: object;
}

/** YouTube's limit for one page (items), and how many come when nobody says. */
const [MOST, USUAL] = [50, 5];

/** The page of a list that a request asks for. */
export function pageOf<T>(all: readonly T[], query: Query): Page<T> {
  const size = Number(oneOf(query, 'maxResults') || USUAL);
  if (!Number.isInteger(size) || size < 0 || size > MOST)
    throw invalidParameter('maxResults', `maxResults must be a whole number from 0 to ${MOST}`);
  const from = offsetOf(oneOf(query, 'pageToken'));
  const end = from + size;
  return {
    items: all.slice(from, end),
    wire: {
      ...(end < all.length && size > 0 && { nextPageToken: tokenOf(end) }),
      ...(from > 0 && { prevPageToken: tokenOf(Math.max(0, from - size)) }),
      pageInfo: { totalResults: all.length, resultsPerPage: size },
    },
  };
}

function tokenOf(offset: number): string {
  return Buffer.from(`page:${offset}`).toString('base64url');
}

function offsetOf(token: string): number {
  if (!token) return 0;
  const offset = /^page:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (offset === undefined) throw invalidParameter('pageToken', 'The request specifies an invalid page token.', 'invalidPageToken');
  return Number(offset);
}
