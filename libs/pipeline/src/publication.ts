/**
 * What is known of a video on its way to YouTube. `sending`: being sent, or about to be. `unknown`: its last piece may have arrived or not, and nobody can
 * be asked but a person. `uploaded`: whole on YouTube, private until everything is in place. `released`: switched to what the channel wants, or set to
 * appear by itself. `gone`: YouTube no longer has it. `given_up`: a person had it sent anew.
 */
export type PublicationState = 'sending' | 'unknown' | 'uploaded' | 'released' | 'gone' | 'given_up';

/** What is done for a video besides its upload, in order; the last two once it is released. */
export const PUBLICATION_STEPS = ['thumbnail', 'playlist', 'captions', 'processing', 'appearance'] as const;
export type PublicationStepName = (typeof PUBLICATION_STEPS)[number];

export type PublicationStepState = 'due' | 'done' | 'given_up';

/** What a video is published with. */
export interface PublishedMetadata {
  title: string;
  description: string;
  tags: string[];
  /** YouTube's number, as text. */
  category_id: string;
  language: string;
  made_for_kids: boolean;
  synthetic_media: boolean;
}

/** A video as YouTube shows it to its owner; what it leaves out is null. */
export interface YouTubeVideo {
  id: string;
  title: string;
  description: string;
  tags: string[];
  category_id: string | null;
  privacy: string;
  publish_at: string | null;
  made_for_kids: boolean | null;
  synthetic_media: boolean | null;
  /** `uploaded`, `processed`, `failed`, `rejected` or `deleted`. */
  upload_status: string;
  /** Why it failed or was rejected. */
  reason: string | null;
}
