/** The 26 statuses of a task, in the order a task passes them; the four errors last. */
export const STATUSES = [
  'draft',
  'queued',
  'claimed',
  'generating_assets',
  'assets_ready',
  'assets_approved',
  'generating_composites',
  'composites_ready',
  'generating_video',
  'video_ready',
  'video_approved',
  'generating_audio',
  'audio_ready',
  'audio_approved',
  'generating_sfx',
  'sfx_ready',
  'assembling',
  'assembly_ready',
  'final_review',
  'approved',
  'uploading',
  'published',
  'asset_error',
  'video_error',
  'audio_error',
  'upload_error',
] as const;

export type Status = (typeof STATUSES)[number];

/** A status as people read it in Notion: `assets_ready` -> "Assets Ready". */
export function statusTitle(status: Status): string {
  return status
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}

/** The status a title from Notion stands for, or null when the title is none of ours. Case and spacing do not matter. */
export function statusFromTitle(title: string): Status | null {
  const wanted = title.trim().toLowerCase().replace(/\s+/g, '_');
  return STATUSES.find((status) => status === wanted) ?? null;
}
