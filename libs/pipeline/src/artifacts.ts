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
