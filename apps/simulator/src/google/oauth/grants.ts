import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WireError } from '../../answer.js';
import { Clock } from '../clock.js';
import { Settings } from '../settings.js';
import type { Scope } from './scopes.js';

/** How long a code is good that the consent page has given out (s). */
const CODE_SECONDS = 600;
/** How long a grant lives of an app in "Testing" (s). */
const TESTING_SECONDS = 7 * 86_400;
/** Refresh tokens that one account may have of one client. */
const MOST_REFRESH_TOKENS = 100;

/** What somebody has agreed to on the consent page. */
export interface Consent {
  channelId: string;
  redirectUri: string;
  challenge: { text: string; isHashed: boolean } | null;
  scopes: readonly Scope[];
  /** Whether a refresh token is part of it. */
  isLasting: boolean;
}

interface Grant {
  channelId: string;
  scopes: readonly Scope[];
  /** When it dies by itself (ms since 1970); null: never. */
  until: number | null;
  isRevoked: boolean;
}

/** Who has agreed to what: codes, refresh tokens and access tokens. Every channel is an account of its own. */
@Injectable()
export class Grants {
  private readonly codes = new Map<string, Consent & { until: number }>();
  private readonly refreshTokens = new Map<string, Grant>();
  private readonly accessTokens = new Map<string, { grant: Grant; until: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** @returns the code that the tokens are fetched with */
  agree(consent: Consent): string {
    const code = `4/${randomBytes(24).toString('base64url')}`;
    this.codes.set(code, { ...consent, until: this.clock.now() + CODE_SECONDS * 1_000 });
    return code;
  }

  /**
   * A code's tokens. Whatever comes of it, the code is used up.
   * @throws WireError when it is none, too old, made for another redirect, or the verifier does not fit
   */
  exchange(code: string, redirectUri: string, verifier: string): object {
    const consent = this.codes.get(code);
    this.codes.delete(code);
    if (!consent || this.clock.now() >= consent.until) throw invalidGrant('Malformed auth code.');
    if (consent.redirectUri !== redirectUri) throw new WireError(400, { error: 'redirect_uri_mismatch', error_description: 'Bad Request' });
    const { challenge, channelId, scopes, isLasting } = consent;
    if (challenge && !verifier) throw invalidGrant('Missing code verifier.');
    if (challenge && (challenge.isHashed ? hashed(verifier) : verifier) !== challenge.text) throw invalidGrant('Invalid code verifier.');
    const { testing } = this.settings.current;
    const until = testing ? this.clock.now() + TESTING_SECONDS * 1_000 : null;
    const grant: Grant = { channelId, scopes, until, isRevoked: false };
    return {
      ...this.issue(grant),
      ...(isLasting && { refresh_token: this.remember(grant), ...(testing && { refresh_token_expires_in: TESTING_SECONDS }) }),
    };
  }

  /** @throws WireError when the grant is dead, or there never was one */
  refresh(refreshToken: string): object {
    const grant = this.refreshTokens.get(refreshToken);
    if (!grant || this.isDead(grant)) throw invalidGrant('Token has been expired or revoked.');
    return this.issue(grant);
  }

  /** Ends everything that the account of a token, refresh or access, has agreed to. False: the token is unknown. */
  revoke(token: string): boolean {
    const grant = this.refreshTokens.get(token) ?? this.accessTokens.get(token)?.grant;
    if (!grant || this.isDead(grant)) return false;
    this.revokeChannel(grant.channelId);
    return true;
  }

  /** @returns how many grants were ended */
  revokeChannel(channelId: string): number {
    const grants = new Set([...this.refreshTokens.values(), ...[...this.accessTokens.values()].map(({ grant }) => grant)]);
    const alive = [...grants].filter((grant) => grant.channelId === channelId && !this.isDead(grant));
    for (const grant of alive) grant.isRevoked = true;
    return alive.length;
  }

  /** Whose request it is, and what it may; null when its token is unknown, has ended, or its grant is dead. */
  holderOf(authorization: string): { channelId: string; scopes: readonly Scope[] } | null {
    const token = this.accessTokens.get(/^Bearer (.+)$/.exec(authorization)?.[1] ?? '');
    return token && token.until > this.clock.now() && !this.isDead(token.grant) ? token.grant : null;
  }

  /** The channel of a code or refresh token; null when there is none. */
  channelOf(codeOrToken: string): string | null {
    return (this.codes.get(codeOrToken) ?? this.refreshTokens.get(codeOrToken))?.channelId ?? null;
  }

  private isDead({ isRevoked, until }: Grant): boolean {
    return isRevoked || (until !== null && this.clock.now() >= until);
  }

  private remember(grant: Grant): string {
    const token = `1//${randomBytes(32).toString('base64url')}`;
    this.refreshTokens.set(token, grant);
    const own = [...this.refreshTokens].filter(([, other]) => other.channelId === grant.channelId && !this.isDead(other));
    // One more than there may be silently ends the oldest.
    for (const [oldest] of own.slice(0, -MOST_REFRESH_TOKENS)) this.refreshTokens.delete(oldest);
    return token;
  }

  private issue(grant: Grant): object {
    const token = `ya29.${randomBytes(32).toString('base64url')}`;
    const { token_seconds: seconds } = this.settings.current;
    this.accessTokens.set(token, { grant, until: this.clock.now() + seconds * 1_000 });
    return { access_token: token, expires_in: seconds, scope: grant.scopes.join(' '), token_type: 'Bearer' };
  }
}

function invalidGrant(description: string): WireError {
  return new WireError(400, { error: 'invalid_grant', error_description: description });
}

function hashed(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
