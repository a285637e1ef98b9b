import type { ApiCall } from '../edge/calls.js';
import { NEEDED, type Scope } from '../oauth/scopes.js';

/** The two budgets of a project's day. */
export type Bucket = 'uploads' | 'units';

/** What a call needs and costs; it costs the same when it is refused for what it says. */
interface Method {
  bucket: Bucket;
  cost: number;
  /** Of which one is enough. */
  scopes: readonly Scope[];
  /** Its name in the simulator's ledger; left out: it is not entered. */
  operation?: string;
}

const read: Method = { bucket: 'units', cost: 1, scopes: NEEDED.read };
const write = { bucket: 'units', cost: 50, scopes: NEEDED.manage } as const;
const upload: Method = { bucket: 'uploads', cost: 1, scopes: NEEDED.upload, operation: 'upload' };

/** Costs as of November 2026. */
export const METHODS: Readonly<Record<ApiCall, Method>> = {
  open: upload,
  multipart: upload,
  list: read,
  channels: read,
  playlists: read,
  playlist_items: read,
  update: { ...write, operation: 'update' },
  delete: { ...write, operation: 'delete' },
  playlist: { ...write, operation: 'playlist' },
  playlist_item: { ...write, operation: 'playlist_item' },
  thumbnail: { ...write, scopes: NEEDED.upload, operation: 'thumbnail' },
  captions: { ...write, scopes: NEEDED.captions },
  caption: { ...write, cost: 400, scopes: NEEDED.captions, operation: 'caption' },
};
