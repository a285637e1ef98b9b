import { settings, type Settings } from '#config';
import { ALERT_TARGETS, Database, type AlertRow, type AlertTarget } from '#database';
import { Failure } from '#pipeline';
import { tell } from '#providers/chat';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

/** How often undelivered alerts are looked for (ms). Services without a way to this process raise them, and Redis may be what they are about. */
const LOOK_MS = 3_000;
/** How long a process keeps an alert that it has taken to deliver; after a crash another takes it then (ms). */
const HOLD_MS = 30_000;
const AT_ONCE = 20;
/** Waits after a failed delivery (ms): doubled each time, so that one is tried again well within five minutes. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 120_000;

/** Tells people of alerts, in Slack and Discord: each version of an incident once, at least once after a crash. Needs nothing but Postgres. */
@Injectable()
export class AlertSender implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AlertSender.name);
  private readonly webhooks: ReadonlyMap<AlertTarget, string>;
  private timer: NodeJS.Timeout | null = null;
  private sending: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) values: Settings,
  ) {
    const urls = { slack: values.SLACK_WEBHOOK_URL, discord: values.DISCORD_WEBHOOK_URL };
    this.webhooks = new Map(ALERT_TARGETS.flatMap((target) => (urls[target] ? [[target, urls[target]] as const] : [])));
  }

  onApplicationBootstrap(): void {
    if (this.webhooks.size === 0) {
      this.logger.warn({
        event: 'alerts_off',
        hint: 'Neither SLACK_WEBHOOK_URL nor DISCORD_WEBHOOK_URL is set: alerts are only listed at /api/v1/alerts.',
      });
      return;
    }
    this.timer = setInterval(() => {
      this.sending ??= this.send()
        .catch((error: unknown) => {
          this.logger.warn({ event: 'alerts_send_failed', error: String(error) });
        })
        .finally(() => (this.sending = null));
    }, LOOK_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.sending;
  }

  private async send(): Promise<void> {
    const targets = [...this.webhooks.keys()];
    for (const alert of await this.database.alerts.takeUndelivered(targets, HOLD_MS, AT_ONCE)) {
      try {
        for (const [target, url] of this.webhooks) await this.deliver(alert, target, url);
      } catch (error) {
        const failure = Failure.from(error);
        this.logger.warn({ event: 'alert_delivery_failed', alert_id: alert.id, code: failure.code, error: failure.message });
        const wait = Math.max(Math.min(FIRST_WAIT_MS * 2 ** alert.deliveryAttempts, LONGEST_WAIT_MS), failure.retryAfterMs ?? 0);
        await this.database.alerts.putOff(alert.id, wait);
      }
    }
  }

  private async deliver(alert: AlertRow, target: AlertTarget, url: string): Promise<void> {
    const told = alert[`${target}Version`];
    if (told >= alert.version) return;
    await tell(target, url, messageOf(alert, told > 0));
    await this.database.alerts.delivered(alert.id, target, alert.version);
    this.logger.log({ event: 'alert_delivered', alert_id: alert.id, kind: alert.kind, target, version: alert.version });
  }
}

function messageOf({ id, state, title, text }: AlertRow, toldBefore: boolean): string {
  const heads = { notice: 'Notice', open: toldBefore ? 'Alert, changed' : 'Alert', resolved: 'Resolved' } as const;
  return `${heads[state]}: ${title}\n${state === 'resolved' && toldBefore ? '' : `${text}\n`}(${id})`;
}
