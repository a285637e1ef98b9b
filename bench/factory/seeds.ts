import type { House } from './house.js';
import { COUNTS, type Kind } from './model.js';
import type { People } from './people.js';
import { storyboardOf, titleOf } from './storyteller.js';

/** Gates behind which one provider's work begins, and what is there by then; composites are, too, so that clips begin at once. */
const GATES = {
  assets_ready: { step: 'images', ready: ['image', 'composite'] },
  video_ready: { step: 'clips', ready: ['image', 'composite', 'clip'] },
  audio_ready: { step: 'narrations', ready: ['image', 'composite', 'clip', 'narration'] },
} as const satisfies Record<string, { step: string; ready: readonly Kind[] }>;

/** Videos that are to wait at a gate with everything before it made. */
export interface Seed {
  readonly seed: number;
  readonly channel: string;
  readonly videos: readonly number[];
  readonly gate: keyof typeof GATES;
}

/** SQL: the step in which items of a kind are made. */
export const STEP_OF = `CASE kind WHEN 'storyboard' THEN 'storyboard' WHEN 'cut' THEN 'cut' ELSE kind || 's' END`;

/** Brings videos to a gate without anything being made for them, and lets them pass it: the product plans and makes what comes then. */
export async function feed(house: House, people: People, { seed, channel, videos, gate }: Seed): Promise<void> {
  const { step, ready } = GATES[gate];
  const tasks = await house.query<{ id: string }>(
    `INSERT INTO tasks (channel_id, title, status, step, step_opened, step_generation, queued_at)
     SELECT channels.id, title, $3, $4, true, 1, now() FROM channels, unnest($2::text[]) AS title WHERE key = $1 RETURNING id`,
    [channel, videos.map(titleOf), gate, step],
  );
  const ids = tasks.map(({ id }) => id);
  await house.query(
    `INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, input, result, path, checksum, bytes)
     SELECT channel_id, id, 'storyboard', 'storyboard', 0, 'ready', '{}', jsonb_build_object('model', 'modelled', 'storyboard', told.storyboard), 'seed', 'seed', 1
     FROM tasks JOIN unnest($2::text[], $3::jsonb[]) AS told (title, storyboard) USING (title) WHERE id = ANY($1)`,
    [ids, videos.map(titleOf), videos.map((video) => JSON.stringify(storyboardOf(seed, video)))],
  );
  await house.query(
    `INSERT INTO artifacts (channel_id, task_id, step, kind, position, state, input, result, path, checksum, bytes, duration_ms)
     SELECT channel_id, id, ${STEP_OF}, kind, position, 'ready', '{}', '{}', 'seed', 'seed', 1, 1000
     FROM tasks CROSS JOIN unnest($2::text[], $3::int[]) AS made (kind, count) CROSS JOIN generate_series(0, count - 1) AS position WHERE id = ANY($1)`,
    [ids, ready, ready.map((kind) => COUNTS[kind])],
  );
  await people.approve(ids);
}
