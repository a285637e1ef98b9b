const ROOT = 'https://www.googleapis.com/auth/';

export const SCOPES = [`${ROOT}youtube`, `${ROOT}youtube.upload`, `${ROOT}youtube.force-ssl`, `${ROOT}youtube.readonly`] as const;
export type Scope = (typeof SCOPES)[number];

const [MANAGE, UPLOAD, FORCE_SSL, READ_ONLY] = SCOPES;

/** Scopes of which a call needs one. */
export const NEEDED = {
  upload: [UPLOAD, MANAGE, FORCE_SSL],
  read: [READ_ONLY, MANAGE, FORCE_SSL],
  manage: [MANAGE, FORCE_SSL],
  captions: [FORCE_SSL],
} as const satisfies Record<string, readonly Scope[]>;

export function isScope(value: string): value is Scope {
  return SCOPES.some((one) => one === value);
}
