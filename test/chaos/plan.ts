import { STAGE_NAMES, type Waypoint } from '#pipeline';

/** What is done to the installation, and when (ms from the start). */
export type Blow = { readonly atMs: number } & (
  | { readonly kind: 'kill' | 'terminate'; readonly service: string; readonly downMs: number }
  | { readonly kind: 'pause'; readonly service: string; readonly forMs: number }
  | { readonly kind: 'flush_redis' }
  | { readonly kind: 'restart_redis' | 'restart_postgres'; readonly downMs: number }
);

/** Where a service is killed at a waypoint: of its own, or of a script that it has started. */
export interface CrashPoint {
  readonly service: string;
  readonly waypoint: Waypoint;
  readonly inScript: boolean;
  /** Times that the waypoint is reached before: an upload passes some once a chunk. */
  readonly passes: number;
}

export interface Plan {
  readonly blows: readonly Blow[];
  readonly crashPoints: readonly CrashPoint[];
}

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A worker's lease lasts 9 s and BullMQ's lock 30: a pause must be longer to lose both. */
const PAUSE_MS = 38_000;
/** The outage in which the gateway must go on taking webhooks. */
const LONG_REDIS_OUTAGE_MS = 60_000;
const SERVICES = ['gateway', ...STAGE_NAMES];

/** What happens in a run of that length, from its seed alone. */
export function planOf(seed: number, lengthMs: number): Plan {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const between = (from: number, to: number) => Math.round(from + next() * (to - from));
  const blows: Blow[] = [];
  if (lengthMs === 0) return { blows, crashPoints: [] };
  // Kills all the time, the rarer blows at their share of the run, so that a short one has each of them once, too.
  for (let atMs = between(3_000, 9_000); atMs < lengthMs; atMs += between(4_000, 14_000)) {
    const kind = next() < 0.8 ? 'kill' : 'terminate';
    blows.push({ atMs, kind, service: pick(SERVICES), downMs: between(0, 3_000) });
  }
  const spread = (times: number, make: (atMs: number) => Blow) => {
    for (let index = 0; index < times; index++) blows.push(make(Math.round(((index + 0.2 + 0.6 * next()) / times) * lengthMs)));
  };
  const long = lengthMs >= 300_000;
  spread(long ? 4 : 1, (atMs) => ({ atMs, kind: 'flush_redis' }));
  spread(long ? 3 : 1, (atMs) => ({ atMs, kind: 'restart_postgres', downMs: between(2_000, 6_000) }));
  spread(long ? 2 : 1, (atMs) => ({ atMs, kind: 'restart_redis', downMs: between(1_000, 5_000) }));
  if (long) spread(1, (atMs) => ({ atMs, kind: 'restart_redis', downMs: LONG_REDIS_OUTAGE_MS }));
  if (long) spread(3, (atMs) => ({ atMs, kind: 'pause', service: pick(['asset', 'video', 'audio', 'sfx']), forMs: PAUSE_MS }));
  return { blows: blows.sort((one, other) => one.atMs - other.atMs), crashPoints: shuffled(crashPoints(), next) };
}

function crashPoints(): CrashPoint[] {
  const at = (services: readonly string[], waypoints: readonly Waypoint[], inScript = false): CrashPoint[] =>
    services.flatMap((service) => waypoints.map((waypoint) => ({ service, waypoint, inScript, passes: 0 })));
  const paying = ['asset', 'video', 'audio', 'sfx'];
  const chunks = [0, 1, 2, 4, 7].flatMap((passes) =>
    (['bytes_sending', 'bytes_sent'] as const).map((waypoint) => ({ service: 'upload', waypoint, inScript: false, passes })),
  );
  return [
    ...at(STAGE_NAMES, ['ticket_taken', 'item_claimed', 'file_checked', 'file_placed', 'item_committed', 'tickets_relayed']),
    ...at(paying, ['intent_recorded', 'product_made']),
    ...at(paying, ['call_begun', 'call_answered'], true),
    ...at(['video'], ['job_known', 'job_stored']),
    ...at(['upload'], ['session_opened', 'session_stored']),
    ...at(['gateway'], ['tickets_relayed']),
    ...chunks,
  ];
}

function shuffled<T>(list: readonly T[], next: () => number): T[] {
  return list
    .map((value) => ({ value, place: next() }))
    .sort((one, other) => one.place - other.place)
    .map(({ value }) => value);
}
