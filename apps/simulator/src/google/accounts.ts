import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** How long an access token is good (s). */
const TOKEN_SECONDS = 3_599;

interface Code {
  channelId: string;
  redirectUri: string;
  challenge: string | null;
  scope: string;
  offline: boolean;
}
interface Grant {
  channelId: string;
  scope: string;
}

/** Who has agreed to what: codes, refresh tokens and access tokens of the simulated Google. */
@Injectable()
export class GoogleAccounts {
  /** Channels that the consent page offers; any id of the right form is taken. */
  readonly channels = Array.from({ length: 12 }, (_, index) => `UCsimulatedchannel${String(index + 1).padStart(6, '0')}`);
  private readonly codes = new Map<string, Code>();
  private readonly refreshTokens = new Map<string, Grant>();
  private readonly accessTokens = new Map<string, Grant & { until: number }>();

  agree(code: Code): string {
    const name = `4/${randomBytes(24).toString('base64url')}`;
    this.codes.set(name, code);
    return name;
  }

  /** A code's tokens; null when it was used, made for another redirect, or the verifier does not fit. */
  exchange(name: string, redirectUri: string, verifier: string): object | null {
    const code = this.codes.get(name);
    this.codes.delete(name);
    if (code?.redirectUri !== redirectUri) return null;
    if (code.challenge && createHash('sha256').update(verifier).digest('base64url') !== code.challenge) return null;
    const { channelId, scope, offline } = code;
    return { ...this.issue({ channelId, scope }), ...(offline && { refresh_token: this.remember({ channelId, scope }) }) };
  }

  refresh(token: string): object | null {
    const grant = this.refreshTokens.get(token);
    return grant ? this.issue(grant) : null;
  }

  /** The channel that a request acts for; null for a token that is unknown or has ended. */
  channelOf(authorization: string | undefined): string | null {
    const token = this.accessTokens.get(authorization?.replace(/^Bearer /, '') ?? '');
    return token && token.until > Date.now() ? token.channelId : null;
  }

  private remember(grant: Grant): string {
    const token = `1//${randomBytes(32).toString('base64url')}`;
    this.refreshTokens.set(token, grant);
    return token;
  }

  private issue(grant: Grant): object {
    const token = `ya29.${randomBytes(32).toString('base64url')}`;
    this.accessTokens.set(token, { ...grant, until: Date.now() + TOKEN_SECONDS * 1_000 });
    return { access_token: token, expires_in: TOKEN_SECONDS, scope: grant.scope, token_type: 'Bearer' };
  }
}
