import { createHash } from 'node:crypto';
import { settings, type Settings } from '#config';
import { Database, TokenCipher, type NotionSubscriptionRow } from '#database';
import { isSigned } from '#providers/notion';
import { Inject, Injectable, Logger } from '@nestjs/common';

/** What the tokens are encrypted for: another row's secret cannot stand in for one of them. */
const OWNER = 'notion_subscriptions';
/** Tokens that this process knows are believed for so long (ms): one that was retired counts no longer than that. */
const BELIEVED_MS = 5_000;
/** A wrong signature lets the tokens be read again, but no more often than that (ms). */
const LOOK_AGAIN_MS = 1_000;
/** Handshakes that wait for an operator: the newest, for a day (ms). */
const MOST_PENDING = 100;
const PENDING_MS = 24 * 3_600_000;

/** The verification tokens that sign Notion's events: that of the settings, and those of subscriptions that an operator has activated. */
@Injectable()
export class WebhookTokens {
  private readonly logger = new Logger(WebhookTokens.name);
  private active: { tokens: readonly string[]; readAt: number } | null = null;
  private reading: Promise<readonly string[]> | null = null;

  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Whether a body, byte for byte as it came, is signed with a token that counts. */
  async haveSigned(rawBody: Buffer, signature: string | undefined): Promise<boolean> {
    if (!signature) return false;
    for (const token of await this.known(BELIEVED_MS)) if (await isSigned(rawBody, signature, token)) return true;
    const before = this.active?.tokens;
    const now = await this.known(LOOK_AGAIN_MS);
    if (now === before) return false;
    for (const token of now) if (await isSigned(rawBody, signature, token)) return true;
    return false;
  }

  /**
   * Keeps the token of a handshake as pending. It proves nothing of its sender: it counts once an operator says so, and never touches one that counts.
   * @throws SettingsError when there is no key to encrypt it with
   */
  async receive(token: string): Promise<void> {
    if ((await this.known(BELIEVED_MS)).includes(token)) return;
    const { notionSubscriptions } = this.database;
    const tokenHash = createHash('sha256').update(token).digest('hex');
    if (!(await notionSubscriptions.add({ tokenEncrypted: this.cipher.encrypt(token, OWNER), tokenHash }))) return;
    await notionSubscriptions.forgetOlder(PENDING_MS);
    await notionSubscriptions.keepNewest(MOST_PENDING);
    this.logger.warn({
      event: 'notion_handshake_received',
      hint: 'If you have just made this subscription: GET /api/v1/notion-subscriptions shows its token; paste it into Notion and activate it.',
    });
  }

  tokenOf({ tokenEncrypted }: NotionSubscriptionRow): string {
    return this.cipher.decrypt(tokenEncrypted, OWNER);
  }

  /** Has the tokens read again at the next event of this process. */
  forget(): void {
    this.active = null;
  }

  private async known(maximalAgeMs: number): Promise<readonly string[]> {
    if (this.active && performance.now() - this.active.readAt < maximalAgeMs) return this.active.tokens;
    return (this.reading ??= this.read().finally(() => (this.reading = null)));
  }

  private async read(): Promise<readonly string[]> {
    const rows = await this.database.notionSubscriptions.list('active');
    const own = this.settings.NOTION_WEBHOOK_TOKEN;
    const tokens = [...(own ? [own] : []), ...rows.map((row) => this.tokenOf(row))];
    const unchanged = this.active?.tokens.join() === tokens.join();
    this.active = { tokens: unchanged && this.active ? this.active.tokens : tokens, readAt: performance.now() };
    return this.active.tokens;
  }

  private get cipher(): TokenCipher {
    return TokenCipher.of(this.settings);
  }
}
