import type { Settings } from '#config';
import type { Database, InHand, WaitingItem } from '#database';
import type { Limits } from './fair-share.js';
import { announceProgress } from './tickets.js';

/** Items that wait for money are looked at again after that time (ms): limits are raised. A new channel file wakes its own at once. */
const LOOK_AGAIN_MS = 15 * 60_000;
/** Sums of amounts that are written with six digits may differ in the last. */
const ROUNDING_USD = 1e-6;

/** What a budget is for. */
type Scope = 'video' | 'channel_day' | 'day';
/** Codes of items that wait for a budget. */
export const BUDGET_CODES: Readonly<Record<Scope, string>> = {
  video: 'VIDEO_BUDGET_REACHED',
  channel_day: 'CHANNEL_DAY_BUDGET_REACHED',
  day: 'DAY_BUDGET_REACHED',
};

/** A budget that does not allow an item. */
interface Refusal {
  readonly scope: Scope;
  readonly item: WaitingItem;
  readonly budgetUsd: number;
  /** Spent, under way or reserved. */
  readonly usedUsd: number;
}

/** What is spent, under way or reserved in each scope (USD). */
interface Used {
  readonly day: Map<string, number>;
  readonly channel_day: Map<string, number>;
  readonly video: Map<string, number>;
}

/**
 * Holds work back that its budgets do not allow: of a video, of a channel's day, of everybody's day. What begins is reserved with what it is expected to cost, which
 * the call that is written down replaces and the bill corrects, so that no budget is exceeded but by what turned out dearer than expected.
 */
export class Budgets {
  constructor(private readonly settings: Pick<Settings, 'BUDGET_DAY_USD'>) {}

  /** The budgets as they are in this round of the dispatcher. */
  async ofRound(tx: Database, waiting: readonly WaitingItem[], inHand: readonly InHand[]): Promise<BudgetsOfRound> {
    const dayUsd = this.settings.BUDGET_DAY_USD;
    const limited = waiting.filter(({ expectedUsd, budget, hasPlace }) => expectedUsd > 0 && !hasPlace && (dayUsd !== undefined || budget));
    const used: Used = { day: new Map(), channel_day: new Map(), video: new Map() };
    if (limited.length > 0) {
      // What was reserved was read before: a call that was written down since is counted twice for this round rather than not at all.
      for (const { taskId, channelId, step, reservedUsd } of inHand) use(used, { taskId, channelId, step }, reservedUsd);
      for (const [channelId, usd] of await tx.costs.spentToday()) {
        add(used.channel_day, channelId, usd);
        add(used.day, ALL, usd);
      }
      const tasks = limited.filter(({ budget }) => budget?.video_usd !== undefined).map(({ taskId }) => taskId);
      if (tasks.length > 0) for (const [taskId, usd] of await tx.costs.spentOn([...new Set(tasks)])) add(used.video, taskId, usd);
    }
    return new BudgetsOfRound(dayUsd, used);
  }
}

const ALL = '';

/** Allows what the budgets allow, counting what has begun in this round. */
export class BudgetsOfRound implements Limits<WaitingItem> {
  private readonly refusals = new Map<string, Refusal>();

  constructor(
    private readonly dayUsd: number | undefined,
    private readonly used: Used,
  ) {}

  allows(item: WaitingItem): boolean {
    if (item.expectedUsd === 0) return true;
    const scopes: [Scope, string, number | undefined][] = [
      ['day', ALL, this.dayUsd],
      ['channel_day', item.channelId, item.budget?.day_usd],
      // The storyboard's own cost is outside the budget: what it comes to is compared with it.
      ['video', item.taskId, item.step === 'storyboard' ? undefined : item.budget?.video_usd],
    ];
    for (const [scope, id, budgetUsd] of scopes) {
      const usedUsd = this.used[scope].get(id) ?? 0;
      if (budgetUsd === undefined || usedUsd + item.expectedUsd <= budgetUsd + ROUNDING_USD) continue;
      this.refusals.set(`${scope}:${id}`, { scope, item, budgetUsd, usedUsd });
      return false;
    }
    return true;
  }

  take(item: WaitingItem): void {
    use(this.used, item, item.expectedUsd);
  }

  /** Puts off what was refused, says so in every video that waits for it, and alerts once. Returns how many budgets are reached. */
  async settle(tx: Database): Promise<number> {
    for (const { scope, item, budgetUsd, usedUsd } of this.refusals.values()) {
      const { key } = await tx.channels.get(item.channelId);
      const amounts = `USD ${usedUsd.toFixed(2)} of ${budgetUsd.toFixed(2)} are spent or under way, and the next item costs about ${item.expectedUsd.toFixed(2)}`;
      const [whose, what] = {
        video: ["The video's budget", `Raise budget.video_usd in the file of the channel ${key}, or cancel the video.`],
        channel_day: [
          `The day's budget of the channel ${key}`,
          'It goes on at 00:00 UTC, or as soon as budget.day_usd in its file is raised.',
        ],
        day: ["The day's budget", 'It goes on at 00:00 UTC, or after BUDGET_DAY_USD was raised.'],
      }[scope];
      const message = `${whose} is reached: ${amounts}. ${what}`;
      const of = { video: { taskId: item.taskId }, channel_day: { channelId: item.channelId }, day: {} }[scope];
      const told = await tx.dispatch.putOff(of, { code: BUDGET_CODES[scope], message }, LOOK_AGAIN_MS);
      for (const taskId of told) await announceProgress(tx, taskId);
      if (told.length === 0) continue;
      const day = new Date().toISOString().slice(0, 10);
      const about = { video: item.taskId, channel_day: `${item.channelId}:${day}`, day }[scope];
      await tx.alerts.noticeOnce({
        kind: 'budget_reached',
        key: `budget_reached:${about}`,
        ...(scope !== 'day' && { channelId: item.channelId }),
        ...(scope === 'video' && { taskId: item.taskId }),
        title: `${whose} is reached`,
        text: `${amounts}. ${what}`,
      });
    }
    return this.refusals.size;
  }
}

function use(used: Used, { taskId, channelId, step }: Pick<WaitingItem, 'taskId' | 'channelId' | 'step'>, usd: number): void {
  add(used.day, ALL, usd);
  add(used.channel_day, channelId, usd);
  if (step !== 'storyboard') add(used.video, taskId, usd);
}

function add(sums: Map<string, number>, id: string, usd: number): void {
  sums.set(id, (sums.get(id) ?? 0) + usd);
}
