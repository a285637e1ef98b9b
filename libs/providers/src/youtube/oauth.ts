import { Failure, permanent, transient } from '#pipeline';
import { CodeChallengeMethod, OAuth2Client } from 'google-auth-library';
import type { OAuthGrant } from './grant.js';

/** Upload, and everything that dresses a video: metadata, captions, playlists. */
const SCOPES = ['https://www.googleapis.com/auth/youtube.upload', 'https://www.googleapis.com/auth/youtube.force-ssl'] as const;

export interface OAuthClientSettings {
  clientId: string;
  clientSecret: string;
  authUrl: string;
  tokenUrl: string;
}

/** Google's OAuth for one installation: consent with PKCE, exchange, renewal. */
export class GoogleOAuth {
  constructor(private readonly settings: OAuthClientSettings) {}

  /** Where the operator agrees, and the verifier that the exchange will need. `state` comes back with the code. */
  async consent(redirectUri: string, state: string): Promise<{ url: string; codeVerifier: string }> {
    const client = this.client(redirectUri);
    const { codeVerifier, codeChallenge } = await client.generateCodeVerifierAsync();
    const url = client.generateAuthUrl({
      access_type: 'offline',
      // Without it, a second consent brings no refresh token.
      prompt: 'consent',
      scope: [...SCOPES],
      state,
      code_challenge_method: CodeChallengeMethod.S256,
      ...(codeChallenge && { code_challenge: codeChallenge }),
    });
    return { url, codeVerifier };
  }

  /**
   * Exchanges the consent's code for a grant.
   * @throws Failure when Google refuses, a scope was unticked or no refresh token came
   */
  async exchange(redirectUri: string, code: string, codeVerifier: string): Promise<OAuthGrant> {
    const { tokens } = await this.client(redirectUri).getToken({ code, codeVerifier }).catch(refused);
    const scopes = (tokens.scope ?? '').split(' ');
    const missing = SCOPES.filter((scope) => !scopes.includes(scope));
    if (missing.length > 0 || !tokens.refresh_token || !tokens.access_token) {
      throw permanent({
        code: 'GRANT_INCOMPLETE',
        message: `Missing: ${missing.join(', ') || 'the refresh token'}`,
        userMessage: 'The grant is not complete. Connect the channel again and leave every box on the consent page ticked.',
      });
    }
    return {
      refreshToken: tokens.refresh_token,
      accessToken: tokens.access_token,
      expiresAt: new Date(tokens.expiry_date ?? 0),
      grantExpiresAt: grantEndOf('refresh_token_expires_in' in tokens ? tokens.refresh_token_expires_in : undefined),
      scopes,
      channelId: null,
    };
  }

  /**
   * A grant with a new access token; Google sends no new refresh token with it, so the old one stays.
   * @throws Failure OAUTH_INVALID_GRANT when the grant was revoked or has died
   */
  async refresh(grant: OAuthGrant): Promise<OAuthGrant> {
    const client = this.client();
    client.setCredentials({ refresh_token: grant.refreshToken });
    const { credentials } = await client.refreshAccessToken().catch(refused);
    return {
      ...grant,
      accessToken: credentials.access_token ?? grant.accessToken,
      refreshToken: credentials.refresh_token ?? grant.refreshToken,
      expiresAt: new Date(credentials.expiry_date ?? 0),
    };
  }

  private client(redirectUri?: string): OAuth2Client {
    const { clientId, clientSecret, authUrl, tokenUrl } = this.settings;
    return new OAuth2Client({
      clientId,
      clientSecret,
      endpoints: { oauth2AuthBaseUrl: authUrl, oauth2TokenUrl: tokenUrl },
      ...(redirectUri && { redirectUri }),
    });
  }
}

/** Google's library passes the field (s) on without naming it in its types. */
function grantEndOf(seconds: unknown): Date | null {
  return typeof seconds === 'number' ? new Date(Date.now() + seconds * 1_000) : null;
}

function refused(error: unknown): never {
  const { response, message } = error as { response?: { status?: number; data?: { error?: unknown } }; message?: string };
  const reason = typeof response?.data?.error === 'string' ? response.data.error : 'unreachable';
  const base = {
    code: `OAUTH_${reason.toUpperCase()}`,
    message: `Google OAuth: ${String(response?.status ?? '')} ${reason}: ${message ?? ''}`,
    cause: error,
  };
  if (reason === 'invalid_grant') {
    throw permanent({
      ...base,
      userMessage:
        'Google no longer honours the grant of this channel (revoked, unused for months, or of an app in "Testing"). Connect the channel again, then retry.',
    });
  }
  if (reason === 'invalid_client')
    throw permanent({ ...base, userMessage: 'Google does not know the OAuth client. Check GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET.' });
  if (!response?.status || response.status >= 500)
    throw transient({ ...base, userMessage: 'Google did not answer. It is tried again by itself.' });
  throw new Failure({ ...base, kind: 'permanent', userMessage: `Google refused the grant (${reason}). Connect the channel again.` });
}
