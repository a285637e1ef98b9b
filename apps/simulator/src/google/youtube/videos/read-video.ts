import type { Query } from '../../oauth/consent.js';
import { partError, partsOf } from '../parameters.js';
import { Resource } from '../resource.js';
import { READ_PARTS } from './video-view.js';
import { WRITTEN_PARTS, type WrittenPart } from './video.js';

/** A video that is written, and which of its parts; `part` must name every one that the body holds. */
export function readVideo(body: unknown, query: Query): { resource: Resource; parts: WrittenPart[] } {
  const resource = Resource.of(body);
  const read = partsOf(query, READ_PARTS);
  const parts = WRITTEN_PARTS.filter((part) => read.includes(part));
  const unexpected = WRITTEN_PARTS.find((part) => resource.has(part) && !parts.includes(part));
  if (unexpected) throw partError('unexpectedPart', unexpected);
  return { resource, parts };
}
