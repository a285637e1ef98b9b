import { Database, type Backlog } from '#database';
import { STAGES, STAGE_NAMES, STATUSES, STEPS } from '#pipeline';
import { Injectable } from '@nestjs/common';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { Forecasts } from '../forecast/forecasts.js';

/** However many ask, the figures are counted no more often (ms). */
const COUNTED_FOR_MS = 5_000;

const UNFINISHED = ['due', 'running', 'failed'] as const;

/** What Prometheus is told: the figures of the house, counted in Postgres when they are asked for, and those of this process. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private counted: { at: number; text: Promise<string> } | null = null;

  private readonly queueDepth = this.gauge(
    'stage_queue_depth',
    'Items of a stage that could be made now and that nobody is making',
    'stage',
  );
  private readonly queueOldest = this.gauge('stage_queue_oldest_seconds', 'For how long the oldest of these could have been made', 'stage');
  private readonly tasks = this.gauge('tasks', 'Videos in a status', 'status');
  private readonly items = this.gauge('items', 'Items that are not ready, of every video', 'step', 'state');
  private readonly cost = this.gauge('cost_today_usd', 'What a provider has been paid since midnight UTC, lost calls included', 'provider');
  private readonly alerts = this.gauge(
    'alerts_open',
    'Incidents of a kind that are not over; rate_limited: a provider that limits the rate',
    'kind',
  );
  private readonly silence = this.gauge('heartbeat_age_seconds', 'How long ago a service was last heard of', 'service');
  private readonly forecastSeconds = this.gauge(
    'forecast_finish_seconds',
    'In how long machines are done with everything queued or in work',
  );
  private readonly forecastUsd = this.gauge('forecast_usd', 'What everything queued or in work will still cost');
  private readonly inbox = this.backlogGauges('webhook_inbox', 'Events from outside that nobody has worked yet');
  private readonly outbox = this.backlogGauges('outbox', 'Jobs that are due and have not reached their queue');
  private readonly notion = this.backlogGauges('notion_behind', 'Videos whose Notion row does not show their newest state');

  constructor(
    private readonly database: Database,
    private readonly forecasts: Forecasts,
  ) {
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text that Prometheus reads. */
  async text(): Promise<string> {
    if (!this.counted || Date.now() - this.counted.at > COUNTED_FOR_MS) {
      const counted = { at: Date.now(), text: this.count() };
      this.counted = counted;
      counted.text.catch(() => (this.counted = null));
    }
    return this.counted.text;
  }

  /** One figure after the other: whoever else needs a connection should not have to wait for a scrape. */
  private async count(): Promise<string> {
    const { census } = this.database;
    const waiting = await census.waitingItems();
    for (const stage of STAGE_NAMES) {
      const own = waiting.filter(({ step }) => Object.hasOwn(STAGES[stage].steps, step));
      const depth = own.reduce((sum, { count }) => sum + count, 0);
      this.queueDepth.set({ stage }, depth);
      this.queueOldest.set({ stage }, Math.max(0, ...own.map(({ oldestSeconds }) => oldestSeconds)));
    }
    const tasks = await census.tasksByStatus();
    for (const status of STATUSES) this.tasks.set({ status }, tasks.find((row) => row.status === status)?.count ?? 0);
    const items = await census.unfinishedItems();
    for (const { name: step } of STEPS) {
      for (const state of UNFINISHED)
        this.items.set({ step, state }, items.find((row) => row.step === step && row.state === state)?.count ?? 0);
    }
    this.inbox(await census.inbox());
    this.outbox(await census.outbox());
    this.notion(await census.behindInNotion());
    const [spent, alerts, silences] = [await census.spentToday(), await census.openAlerts(), await census.silences()];
    // What these are about comes and goes.
    for (const gauge of [this.cost, this.alerts, this.silence]) gauge.reset();
    for (const { provider, usd } of spent) this.cost.set({ provider }, usd);
    for (const { kind, count } of alerts) this.alerts.set({ kind }, count);
    for (const { service, seconds } of silences) this.silence.set({ service }, seconds);
    const { measuredAt, finishesAt, usd } = await this.forecasts.whole();
    this.forecastSeconds.set(finishesAt ? (finishesAt.getTime() - measuredAt.getTime()) / 1_000 : 0);
    this.forecastUsd.set(usd);
    return this.registry.metrics();
  }

  private gauge<L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> {
    return new Gauge({ name: `videos_${name}`, help, labelNames, registers: [this.registry] });
  }

  private backlogGauges(name: string, help: string): (backlog: Backlog) => void {
    const [depth, oldest] = [this.gauge(`${name}_depth`, help), this.gauge(`${name}_oldest_seconds`, 'Age of the oldest of these')];
    return ({ count, oldestSeconds }) => {
      depth.set(count);
      oldest.set(oldestSeconds);
    };
  }
}
