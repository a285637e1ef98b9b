import type { Fate } from '../../settings.js';
import type { Resource } from '../resource.js';
import { invalid, readNewSnippet, readSnippet, readStatus, type Snippet, type Status } from './metadata.js';

/** Parts of a video that are written; the rest YouTube knows by itself. */
export const WRITTEN_PARTS = ['snippet', 'status', 'localizations', 'recordingDetails', 'paidProductPlacementDetails'] as const;
export type WrittenPart = (typeof WRITTEN_PARTS)[number];
/** Those of them that are kept as they come. */
const PLAIN_PARTS = ['localizations', 'recordingDetails', 'paidProductPlacementDetails'] as const;

/** What people say of a video. */
export interface Metadata {
  snippet: Snippet;
  status: Status;
  plain: Partial<Record<(typeof PLAIN_PARTS)[number], object | undefined>>;
}

/** A file that came whole, and what it was announced as. */
export interface UploadedFile {
  channelId: string;
  metadata: Metadata;
  bytes: number;
  sha256: string;
}

export interface Video extends UploadedFile {
  readonly id: string;
  readonly uploadedAt: number;
  /** When it first became public (ms since 1970); null: never yet. */
  publishedAt: number | null;
  /** What becomes of it, and when. */
  readonly fate: Fate & { at: number; processingSeconds: number };
  readonly isLockedPrivate: boolean;
  /** When it appears among its channel's uploads. */
  readonly listedAt: number;
  isDeleted: boolean;
  thumbnail: { bytes: number; sha256: string; contentType: string } | null;
}

/** @throws WireError for what YouTube does not take of a new video */
export function readMetadata(body: Resource, parts: readonly WrittenPart[]): Metadata {
  const metadata = { snippet: readSnippet(body.at('snippet')), status: readStatus(body.at('status'), false), plain: {} };
  return withPlain(metadata, body, parts);
}

/** What a video is like when the named parts are replaced; what they leave out is lost. */
export function replaced(video: Video, body: Resource, parts: readonly WrittenPart[]): Metadata {
  const { snippet, status, plain } = video.metadata;
  const metadata = {
    snippet: parts.includes('snippet') ? readNewSnippet(body.at('snippet')) : snippet,
    status: parts.includes('status') ? readStatus(body.at('status'), video.publishedAt !== null) : status,
    plain,
  };
  return withPlain(metadata, body, parts);
}

function withPlain(metadata: Metadata, body: Resource, parts: readonly WrittenPart[]): Metadata {
  const plain = { ...metadata.plain };
  for (const part of PLAIN_PARTS.filter((one) => parts.includes(one))) {
    plain[part] = body.object(part);
  }
  if (plain.localizations && !metadata.snippet.defaultLanguage)
    throw invalid(
      'defaultLanguageNotSet',
      'localizations',
      'The request is trying to add localized video details without a default language.',
    );
  return { ...metadata, plain };
}
