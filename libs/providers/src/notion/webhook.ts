import { createHash, timingSafeEqual } from 'node:crypto';
import { parse, type Parsed } from '#pipeline';
import { verifyWebhookSignature } from '@notionhq/client';
import { Type } from 'class-transformer';
import { IsArray, IsDefined, IsNotEmpty, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';

/** Longer ids and names are none of Notion's, and no index takes them (characters). */
const LONGEST_ID = 200;

class Author {
  @IsString()
  @MaxLength(LONGEST_ID)
  id: string;

  @IsOptional()
  @IsString()
  type?: string;
}

class Entity {
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_ID)
  id: string;

  @IsString()
  @MaxLength(LONGEST_ID)
  type: string;
}

class EventData {
  /** Ids of properties, encoded as in the API. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  updated_properties?: string[];
}

/** The parts of a webhook event that are used. Its values are never trusted: the page is read again. */
export class NotionEvent {
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_ID)
  id: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_ID)
  type: string;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Author)
  authors?: Author[];

  /** Left out by kinds of event that this release does not know. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Entity)
  entity?: Entity;

  /** When it happened, by Notion's clock. */
  @IsOptional()
  @IsString()
  timestamp?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => EventData)
  data?: EventData;
}

class AutomationSource {
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_ID)
  event_id: string;
}

class AutomationPage {
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_ID)
  id: string;
}

/** The parts that are used of what a database automation's action "Send webhook" sends. */
class AutomationEvent {
  @IsDefined()
  @ValidateNested()
  @Type(() => AutomationSource)
  source: AutomationSource;

  @IsDefined()
  @ValidateNested()
  @Type(() => AutomationPage)
  data: AutomationPage;
}

/** Tokens are some 50 characters long; what is much longer is none, and not worth keeping. */
const LONGEST_TOKEN = 200;

/** What Notion sends once, when a subscription is made: the token that will sign its events. */
export function handshakeToken(body: unknown): string | null {
  const token = (body as { verification_token?: unknown } | null | undefined)?.verification_token;
  return typeof token === 'string' && token.length > 0 && token.length <= LONGEST_TOKEN ? token : null;
}

/** An event, or what is wrong with it. */
export function parseEvent(body: unknown): Parsed<NotionEvent> {
  return parse(NotionEvent, body);
}

/** What an automation has sent, as an event like any other: its page is read again, too. Or what is wrong with it. */
export function parseAutomationEvent(body: unknown): Parsed<NotionEvent> {
  const parsed = parse(AutomationEvent, body);
  if (!parsed.ok) return parsed;
  const { source, data } = parsed.value;
  return { ok: true, value: { id: `automation-${source.event_id}-${data.id}`, type: 'automation', entity: { id: data.id, type: 'page' } } };
}

/** Whether a secret is the right one. Takes the same time whatever differs. */
export function isSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Whether a body, byte for byte as it came, bears the signature of the holder of the token. Takes the same time whatever differs. */
export async function isSigned(rawBody: Buffer, signature: string | undefined, token: string): Promise<boolean> {
  if (!signature) return false;
  return verifyWebhookSignature({ body: rawBody, signature, verificationToken: token });
}
