import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { settings, type Settings } from '#config';
import { Database, type ApiTokenRow } from '#database';
import type { Role } from '#pipeline';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ApiError } from '../http/api-error.js';
import { Caller } from './caller.js';

/** Tells a token of ours from other secrets, for people and for scanners. */
const PREFIX = 'avg_';
/** Random part of a token (bytes). */
const LENGTH = 32;
const FORM = new RegExp(`^${PREFIX}[\\w-]{43}$`);
/** How old what is known of the tokens may be (ms): a revoked one is refused after that by every gateway. */
const KNOWN_FOR_MS = 5_000;
/** And how old if a token is asked for that is not known (ms): another gateway may just have made it. */
const UNKNOWN_FOR_MS = 1_000;
/** How often a token's use is written down (ms). */
const USE_EVERY_MS = 60_000;

/** The name of whoever bears the API_TOKEN of the settings. */
export const OWNER_NAME = 'installation';
/** Names that reviews and audit logs have for others than people with a token. */
export const RESERVED_NAMES = [OWNER_NAME, 'api', 'notion', 'system', 'queue page'];

const OWNER = new Caller('admin', OWNER_NAME);
const ANYBODY = new Caller('admin', null);

/** The tokens of the API: who bears one, new ones, and their end. */
@Injectable()
export class ApiTokens {
  private readonly logger = new Logger(ApiTokens.name);
  private known: { since: number; byHash: Promise<ReadonlyMap<string, ApiTokenRow>> } | null = null;
  /** When each token's use was last written down by this process. */
  private readonly written = new Map<string, number>();

  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Who bears that token; null when nobody does. Anybody may do everything as long as neither API_TOKEN is set nor a token has been made. */
  async callerWith(token: string): Promise<Caller | null> {
    const { API_TOKEN } = this.settings;
    if (API_TOKEN && same(token, API_TOKEN)) return OWNER;
    const found = await this.find(token);
    if (found) {
      this.remember(found);
      return new Caller(found.role, found.name);
    }
    return !API_TOKEN && (await this.live(KNOWN_FOR_MS)).size === 0 ? ANYBODY : null;
  }

  /**
   * Makes a token and returns it, the only time that it can be seen.
   * @throws ApiError when the name is taken, or when it would lock everybody out
   */
  async create(name: string, role: Role, by: string): Promise<{ row: ApiTokenRow; token: string }> {
    const token = PREFIX + randomBytes(LENGTH).toString('base64url');
    const row = await this.database.transaction(async (tx) => {
      this.keepAnAdmin([...(await tx.apiTokens.lockLive()), { role }]);
      const added = await tx.apiTokens.add({ name, role, tokenHash: hashOf(token), createdBy: by });
      if (!added) {
        throw new ApiError(409, 'API_TOKEN_NAME_TAKEN', 'A token of that name exists, or existed: names are not given twice.', [
          { field: 'name', message: 'name is taken' },
        ]);
      }
      await tx.auditLogs.add({ channelId: null, taskId: null, actor: by, action: 'api_token_create', details: { name, role } });
      return added;
    });
    this.known = null;
    return { row, token };
  }

  /**
   * Ends a token, at once here and within seconds at every other gateway. One that is revoked already stays so.
   * @throws ApiError when there is none, or when it would lock everybody out
   */
  async revoke(id: string, by: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const live = await tx.apiTokens.lockLive();
      const token = live.find((candidate) => candidate.id === id) ?? (await tx.apiTokens.find(id));
      if (!token) throw new ApiError(404, 'API_TOKEN_NOT_FOUND', 'There is no token with this id.');
      if (token.revokedAt) return;
      this.keepAnAdmin(live.filter((other) => other !== token));
      await tx.apiTokens.revoke(id);
      const details = { name: token.name, role: token.role };
      await tx.auditLogs.add({ channelId: null, taskId: null, actor: by, action: 'api_token_revoke', details });
    });
    this.known = null;
  }

  /** Without API_TOKEN somebody has to be able to make and revoke tokens as long as there are any. */
  private keepAnAdmin(live: readonly Pick<ApiTokenRow, 'role'>[]): void {
    if (this.settings.API_TOKEN || live.length === 0 || live.some(({ role }) => role === 'admin')) return;
    throw new ApiError(409, 'ADMIN_NEEDED', 'There would be no admin left who could make or revoke tokens. Make one, or set API_TOKEN.');
  }

  private async find(token: string): Promise<ApiTokenRow | undefined> {
    if (!FORM.test(token)) return undefined;
    // What is looked up is a hash of 32 random bytes: how long that takes tells nothing of any token.
    const hash = hashOf(token);
    return (await this.live(KNOWN_FOR_MS)).get(hash) ?? (await this.live(UNKNOWN_FOR_MS)).get(hash);
  }

  /** The live tokens by their hash, as they were at most that long ago (ms); asked for once, however many want them. */
  private live(atMostMs: number): Promise<ReadonlyMap<string, ApiTokenRow>> {
    if (this.known && performance.now() - this.known.since <= atMostMs) return this.known.byHash;
    const known = {
      since: performance.now(),
      byHash: this.database.apiTokens.live().then((rows) => new Map(rows.map((row) => [row.tokenHash, row]))),
    };
    this.known = known;
    known.byHash.catch(() => {
      if (this.known === known) this.known = null;
    });
    return known.byHash;
  }

  private remember({ id }: ApiTokenRow): void {
    const now = performance.now();
    if (now - (this.written.get(id) ?? -Infinity) < USE_EVERY_MS) return;
    this.written.set(id, now);
    this.database.apiTokens.used(id).catch((error: unknown) => {
      this.logger.warn({ event: 'api_token_use_failed', error: String(error) });
    });
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Compares without telling by its time where two texts differ, or how long they are. */
function same(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(left)), Buffer.from(hashOf(right)));
}
