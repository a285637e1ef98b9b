/** Something that waits for a place, at the head of its channel's queue or behind. */
export interface Waiting {
  readonly channelId: string;
  /** 0 is the most urgent: nothing of a later level begins before what is of an earlier one. */
  readonly level: number;
  /** Of one level, what has a lower rank begins first, whoever's turn it is; its channel pays for it all the same. Left out: by turn alone. */
  readonly rank?: number;
  /** How long it keeps its place, as far as is known (s). */
  readonly seconds: number;
}

/** How far the channels have shared a lane, in seconds of virtual time. */
export interface Shares {
  /** What those that are served now have had, each by its weight. */
  readonly clock: number;
  /** When each channel has used up what it has begun; one that is not named has used nothing. */
  readonly finishes: ReadonlyMap<string, number>;
}

/** What may begin besides what has its turn: limits that are not shared in turn, such as a channel's own. */
export interface Limits<T> {
  allows(item: T): boolean;
  /** The item begins. */
  take(item: T): void;
}

/** Who is next, and what that makes of the shares. */
export interface Turn<T> {
  readonly picks: readonly { readonly item: T; readonly tag: number }[];
  readonly shares: Shares;
}

/**
 * Chooses what begins next, so that channels that want the same get what their weights say: start-time fair queueing (Goyal, Vin and Cheng 1996) within each level
 * of urgency. What begins is tagged with its channel's virtual time, or with the clock where that is later, so that nobody saves up while idle: a
 * newcomer is next, whatever is waiting before it, and pays for nothing that others have had.
 * @param waiting each channel's items in the channel's own order
 * @param room how many may begin
 * @param weight of a channel; one of 2 gets twice as much as one of 1
 * @param limits an item that they do not allow is passed over
 */
export function nextInTurn<T extends Waiting>(
  waiting: readonly T[],
  shares: Shares,
  room: number,
  weight: (channelId: string) => number,
  limits?: Limits<T>,
): Turn<T> {
  const queues = new Map([...Map.groupBy(waiting, ({ channelId }) => channelId)].map(([id, items]) => [id, [...items]]));
  const finishes = new Map(shares.finishes);
  const picks: { item: T; tag: number }[] = [];
  let { clock } = shares;
  const startOf = ({ channelId }: T) => Math.max(clock, finishes.get(channelId) ?? 0);
  while (picks.length < room) {
    for (const items of queues.values()) while (items[0] && limits && !limits.allows(items[0])) items.shift();
    const heads = [...queues.values()].flatMap(([head]) => head ?? []);
    const [first, ...others] = heads;
    if (!first) break;
    // Of those that wait and may begin, not of those that have just begun: what is urgent does not put the clock forward for the rest.
    clock = Math.min(...heads.map(startOf));
    const order = (one: T, other: T) => one.level - other.level || (one.rank ?? 0) - (other.rank ?? 0) || startOf(one) - startOf(other);
    const next = others.reduce((best, head) => (order(head, best) < 0 ? head : best), first);
    const tag = startOf(next);
    finishes.set(next.channelId, tag + next.seconds / weight(next.channelId));
    queues.get(next.channelId)?.shift();
    limits?.take(next);
    picks.push({ item: next, tag });
  }
  return { picks, shares: { clock, finishes } };
}
