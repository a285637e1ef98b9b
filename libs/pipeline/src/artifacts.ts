/** What is happening with an artifact. */
export const ARTIFACT_STATES = [
  /** To be made as soon as `next_at` has come. */
  'due',
  /** A worker holds its lease. */
  'running',
  /** Made, probed and in its place. */
  'ready',
  /** Given up; a person decides. */
  'failed',
  /** Replaced by a later revision. */
  'superseded',
] as const;
export type ArtifactState = (typeof ARTIFACT_STATES)[number];

/** What a reviewer decided at a gate. */
export const DECISIONS = ['approve', 'reject'] as const;
export type Decision = (typeof DECISIONS)[number];

/** What is known of a paid call. */
export const CALL_STATES = [
  /** About to be made, or made and not answered yet: may be billed. */
  'intended',
  /** Accepted by the provider, which bills it. */
  'billed',
  /** Refused, or never made. */
  'not_billed',
  /** Its answer was lost and not found again: possibly billed, in vain. */
  'lost',
] as const;
export type CallState = (typeof CALL_STATES)[number];
