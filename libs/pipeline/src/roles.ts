/** What the bearer of an API token may do; each role may do what those before it may, and more. */
export const ROLES = [
  /** Looks at everything. */
  'viewer',
  /** Decides about videos: approve, reject, regenerate, retry, cancel. */
  'reviewer',
  /** Runs production: plans, queues, changes and redrives videos. */
  'operator',
  /** Holds the keys: tokens and the channels' grants. */
  'admin',
] as const;
export type Role = (typeof ROLES)[number];

/** Whether whoever holds one role may do what needs the other. */
export function includesRole(held: Role, needed: Role): boolean {
  return ROLES.indexOf(held) >= ROLES.indexOf(needed);
}
