import { GATES, type Status } from '#pipeline';
import type { Outlook } from './forecasts.js';

/**
 * When a video is done, as its row says it: "done about 14:40 UTC, reviews aside"; empty where that would soon be wrong. A row that waits for a person is not
 * written before the person acts, and the time would pass; one that is queued is rarely written before its turn, so it says as of when.
 */
export function doneInWords(status: Status, outlook: Outlook | null, now: Date): string {
  if (!outlook?.finishesAt || GATES.some((gate) => gate === status)) return '';
  const [day, time] = minuteOf(outlook.finishesAt);
  const [today, asOf] = minuteOf(now);
  if (status === 'queued') return `queued; done about ${day} ${time} UTC, reviews aside, as of ${today} ${asOf}`;
  const done = `done about ${day === today ? time : `${day} ${time}`} UTC`;
  return status === 'approved' || status === 'uploading' ? done : `${done}, reviews aside`;
}

function minuteOf(moment: Date): [day: string, time: string] {
  const text = moment.toISOString();
  return [text.slice(0, 10), text.slice(11, 16)];
}
