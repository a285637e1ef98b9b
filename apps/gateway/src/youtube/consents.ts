import { createHash, randomBytes } from 'node:crypto';
import { settings, youtubeAccess, type Settings } from '#config';
import { Database, TokenCipher, type ChannelRow } from '#database';
import { permanent } from '#pipeline';
import { GoogleOAuth, YouTubeClient, fixedToken, type OAuthGrant } from '#providers/youtube';
import { Inject, Injectable } from '@nestjs/common';
import { ChannelConnection } from './channel-connection.js';

/** How long an operator has from asking for a consent to agreeing (ms). */
const TIME_MS = 15 * 60_000;

/** A Google consent page that was opened, and what the browser that did it has to bring back. */
export interface OpenedConsent {
  readonly url: string;
  readonly browserSecret: string;
  readonly endsAt: Date;
}

/**
 * Google's consent for a channel, in a browser. The operator gets a link that works once; whoever opens it is remembered by a cookie, and only the same browser
 * can bring the answer: nobody can connect a channel of ours with a grant of theirs, or finish what somebody else has begun.
 */
@Injectable()
export class Consents {
  constructor(
    private readonly database: Database,
    private readonly connection: ChannelConnection,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * @param redirectUri where Google sends the browser back to
   * @returns the secret of the link, and until when it works
   */
  async begin(channel: ChannelRow, actor: string, redirectUri: string): Promise<{ ticket: string; expiresAt: Date }> {
    const ticket = secret();
    const expiresAt = new Date(Date.now() + TIME_MS);
    await this.database.oauthConsents.add({ channelId: channel.id, actor, ticketHash: hash(ticket), redirectUri, expiresAt });
    return { ticket, expiresAt };
  }

  /** @throws Failure when the link was used, or its time is up */
  async open(ticket: string): Promise<OpenedConsent> {
    const consent = await this.database.oauthConsents.ofTicket(hash(ticket));
    if (!consent) throw over();
    const [state, browserSecret] = [secret(), secret()];
    const { url, codeVerifier } = await this.oauth.consent(consent.redirectUri, state);
    const verifierEncrypted = this.cipher.encrypt(codeVerifier, consent.id);
    const opened = { stateHash: hash(state), browserHash: hash(browserSecret), verifierEncrypted };
    if (!(await this.database.oauthConsents.opened(consent.id, opened))) throw over();
    return { url, browserSecret, endsAt: consent.expiresAt };
  }

  /**
   * Takes the answer that Google sends the browser back with; returns the channel that is connected now, and what is to be known of its grant.
   * @throws Failure saying why it is not
   */
  async finish(
    answer: { state: string; code: string | null; error: string | null },
    browserSecret: string | null,
  ): Promise<{ channel: ChannelRow; grant: OAuthGrant }> {
    const consent = await this.database.oauthConsents.take(hash(answer.state));
    if (!consent?.verifierEncrypted) throw over();
    if (!browserSecret || hash(browserSecret) !== consent.browserHash) throw otherBrowser();
    if (!answer.code) throw declined(answer.error ?? 'no code');
    const channel = await this.database.channels.get(consent.channelId);
    const verifier = this.cipher.decrypt(consent.verifierEncrypted, consent.id);
    const grant = await this.oauth.exchange(consent.redirectUri, answer.code, verifier);
    const { id } = await new YouTubeClient(youtubeAccess(this.settings).baseUrl, fixedToken(grant.accessToken)).ownChannel();
    const granted = { ...grant, channelId: id };
    await this.connection.connect(channel, granted, consent.actor);
    return { channel, grant: granted };
  }

  private get oauth(): GoogleOAuth {
    return new GoogleOAuth(youtubeAccess(this.settings));
  }

  private get cipher(): TokenCipher {
    return TokenCipher.of(this.settings);
  }
}

const secret = () => randomBytes(32).toString('base64url');
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

function over() {
  return permanent({
    code: 'CONSENT_OVER',
    message: 'No consent waits for this link or answer',
    userMessage: 'This link was used before, or its time is up. Ask for a new one.',
  });
}

function otherBrowser() {
  return permanent({
    code: 'CONSENT_OTHER_BROWSER',
    message: 'The answer comes from another browser than the one that opened the consent page',
    userMessage: 'This answer does not come from the browser in which the link was opened. Ask for a new link and open it here.',
  });
}

function declined(error: string) {
  return permanent({
    code: 'CONSENT_REFUSED',
    message: `Google answered ${error}`,
    userMessage: 'The consent was refused. Ask for a new link and agree.',
  });
}
