import type { Priority } from './priority.js';
import { PRIORITIES } from './priority.js';
import { STEPS, type StepName } from './stages.js';

/** What is left to be made of one step of a video. */
export interface StepWork {
  readonly items: number;
  /** One after the other. */
  readonly ms: number;
  /** The item that takes longest. */
  readonly longestMs: number;
}

/** What is left to be made of a video; steps of which nothing is left may be missing. */
export type VideoWork = Readonly<Partial<Record<StepName, StepWork>>>;

/** Where items wait for what makes them. */
export interface LanePlaces {
  readonly name: string;
  /** Items in the making at once, at least 1. */
  readonly places: number;
  readonly steps: readonly StepName[];
  /** Time between the beginnings of two items (ms); left out: none. */
  readonly spacingMs?: number;
  /** Of these places, what a single channel may have; channels that are not named may have all. */
  readonly caps?: ReadonlyMap<string, number>;
}

/** Videos that stand one behind the other in their channel's line and of which the same is left to be made. */
export interface VideosInLine {
  readonly channelId: string;
  readonly priority: Priority;
  readonly count: number;
  readonly work: VideoWork;
}

/** One video, and its place among its channel's videos of that priority, from 1. */
export interface PlaceInLine extends Omit<VideosInLine, 'count'> {
  readonly place: number;
}

/** What waits in a lane, and how long it takes to get through it. */
export interface LaneForecast {
  readonly name: string;
  readonly places: number;
  readonly items: number;
  readonly workMs: number;
  readonly finishMs: number;
}

/** What some videos ask of each lane (ms), in the order of the lanes: how long they are at work there, and how long they keep its places. */
interface Demand {
  readonly worked: number[];
  readonly kept: number[];
}
/** Some of a channel's videos of one priority, and all that are before them there: summed up once, as there may be thousands. */
interface Group {
  readonly count: number;
  readonly work: VideoWork;
  readonly demand: Demand;
  readonly countBefore: number;
  readonly before: Demand;
}

/**
 * When work will be done, as far as machines are concerned, in five sentences. An item waits in the lane of its step, and a lane works on as many items at once as
 * it has places. Before a channel's j-th video comes everything that is more urgent, and of what is as urgent the first j videos of each channel.
 * A lane is through with a video when it has made all of that. The video then still needs its own way through the steps that come after the lane.
 * It is done when the last of its lanes lets it be, and no sooner than if it were alone.
 */
export class QueueForecast {
  private readonly lines = new Map<Priority, Map<string, Group[]>>();
  private readonly finishes: ReadonlyMap<string, number>;

  /** @param videos in each channel's own order */
  constructor(
    private readonly lanes: readonly LanePlaces[],
    private readonly videos: readonly VideosInLine[],
  ) {
    for (const { channelId, priority, count, work } of videos) {
      const lines = this.lines.get(priority) ?? new Map<string, Group[]>();
      const line = lines.get(channelId) ?? [];
      const last = line.at(-1);
      const countBefore = last ? last.countBefore + last.count : 0;
      const before = this.demandOf({});
      if (last) {
        add(before, last.before, 1);
        add(before, last.demand, last.count);
      }
      line.push({ count, work, demand: this.demandOf(work), countBefore, before });
      this.lines.set(priority, lines.set(channelId, line));
    }
    this.finishes = this.finishesOfChannels();
  }

  /** When everything is done (ms from now); null: there is nothing to do. */
  finishMs(): number | null {
    const finishes = [...this.finishes.values()];
    return finishes.length === 0 ? null : Math.max(...finishes);
  }

  /** The same of one channel. */
  channelFinishMs(channelId: string): number | null {
    return this.finishes.get(channelId) ?? null;
  }

  /** When one video is done (ms from now). */
  videoFinishMs({ channelId, priority, place, work }: PlaceInLine): number {
    const demand = this.demandOf(work);
    const { kept } = this.before(priority, place);
    const { worked } = this.before(priority, place, channelId);
    const throughLanes = this.lanes.map((lane, index) => {
      if (!demand.kept[index]) return 0;
      // What the video itself needs counts even where the line has not heard of it yet.
      const all = Math.max(kept[index] ?? 0, demand.kept[index]);
      const own = Math.max(worked[index] ?? 0, demand.worked[index] ?? 0);
      const cap = lane.caps?.get(channelId);
      return Math.max(all / lane.places, cap === undefined ? 0 : own / cap) + this.wayMs(channelId, work, lastStepOf(lane) + 1);
    });
    return Math.max(this.wayMs(channelId, work, 0), ...throughLanes);
  }

  /** Each lane by itself. */
  laneForecasts(): LaneForecast[] {
    return this.lanes.map((lane) => {
      const sum = (of: (work: StepWork, lane: LanePlaces) => number) =>
        sumOver(this.videos, ({ count, work }) => count * sumOver(lane.steps, (step) => of(work[step] ?? NOTHING, lane)));
      const { name, places } = lane;
      return { name, places, items: sum(({ items }) => items), workMs: sum(({ ms }) => ms), finishMs: sum(keptMs) / places };
    });
  }

  /** When each channel is done: when the last of the videos is of which it has the same to do. */
  private finishesOfChannels(): Map<string, number> {
    const finishes = new Map<string, number>();
    for (const [priority, lines] of this.lines) {
      for (const [channelId, line] of lines) {
        for (const { countBefore, count, work } of line) {
          const finishMs = this.videoFinishMs({ channelId, priority, place: countBefore + count, work });
          finishes.set(channelId, Math.max(finishMs, finishes.get(channelId) ?? 0));
        }
      }
    }
    return finishes;
  }

  /** What is asked of each lane before that place is reached, its own video included; of one channel or of all. */
  private before(priority: Priority, place: number, channelId?: string): Demand {
    const total = this.demandOf({});
    for (const [other, lines] of this.lines) {
      if (PRIORITIES.indexOf(other) > PRIORITIES.indexOf(priority)) continue;
      for (const line of channelId === undefined ? lines.values() : [lines.get(channelId) ?? []]) {
        const group = groupAt(line, other === priority ? place : Number.POSITIVE_INFINITY);
        if (!group) continue;
        const taken = other === priority ? Math.min(place - group.countBefore, group.count) : group.count;
        add(total, group.before, 1);
        add(total, group.demand, taken);
      }
    }
    return total;
  }

  /** How long the steps from that one on take when nothing else is in the way. */
  private wayMs(channelId: string, work: VideoWork, from: number): number {
    return STEPS.slice(from).reduce((total, { name }) => {
      const { items, ms, longestMs } = work[name] ?? NOTHING;
      const lane = this.lanes.find(({ steps }) => steps.includes(name));
      const places = Math.min(lane?.places ?? 1, lane?.caps?.get(channelId) ?? Number.POSITIVE_INFINITY);
      return total + Math.max(longestMs, ms / places, items * (lane?.spacingMs ?? 0));
    }, 0);
  }

  private demandOf(work: VideoWork): Demand {
    const sums = (of: (work: StepWork, lane: LanePlaces) => number) =>
      this.lanes.map((lane) => sumOver(lane.steps, (step) => of(work[step] ?? NOTHING, lane)));
    return { worked: sums(({ ms }) => ms), kept: sums(keptMs) };
  }
}

/** The group in which a place is; the last one where the line is shorter. */
function groupAt(line: readonly Group[], place: number): Group | undefined {
  let [from, to] = [0, line.length - 1];
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if ((line[middle]?.countBefore ?? 0) < place) from = middle;
    else to = middle - 1;
  }
  return line[from];
}

function add(demand: Demand, more: Demand, times: number): void {
  for (const part of ['worked', 'kept'] as const)
    more[part].forEach((ms, index) => (demand[part][index] = (demand[part][index] ?? 0) + times * ms));
}

const NOTHING: StepWork = { items: 0, ms: 0, longestMs: 0 };

const sumOver = <T>(all: readonly T[], of: (one: T) => number) => all.reduce((total, one) => total + of(one), 0);

/** How long work keeps places of a lane (ms): where items begin one after the other, longer than it takes. */
const keptMs = ({ items, ms }: StepWork, { places, spacingMs = 0 }: LanePlaces) => Math.max(ms, items * spacingMs * places);

/** A lane's last step, by its place in the pipeline. */
const lastStepOf = ({ steps }: LanePlaces) => Math.max(...steps.map((step) => STEPS.findIndex(({ name }) => name === step)));
