import { channel } from 'node:diagnostics_channel';

/** Places on an item's way between two of which something would be lost or done twice if the order of writes were wrong. */
export const WAYPOINTS = [
  'ticket_taken',
  'item_claimed',
  'intent_recorded',
  'call_begun',
  'call_answered',
  'job_known',
  'job_stored',
  'product_made',
  'file_checked',
  'remake_recorded',
  'file_placed',
  'item_committed',
  'session_opened',
  'session_stored',
  'bytes_sending',
  'bytes_sent',
  'video_recorded',
  'step_done',
  'video_switched',
  'video_released',
  'steps_followed_up',
  'tickets_relayed',
] as const;
export type Waypoint = (typeof WAYPOINTS)[number];

/** The diagnostics channel that waypoints are published on, with the waypoint's name. */
export const WAYPOINT_CHANNEL = 'ai-video-generator:waypoint';

const waypoints = channel(WAYPOINT_CHANNEL);

/** Says that this process has come to a waypoint. Whoever listens runs before this returns: the crash tests end the process there. */
export function reached(waypoint: Waypoint): void {
  if (waypoints.hasSubscribers) waypoints.publish(waypoint);
}
