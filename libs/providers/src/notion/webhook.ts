import { parse, type Parsed } from '#pipeline';
import { verifyWebhookSignature } from '@notionhq/client';
import { Type } from 'class-transformer';
import { IsArray, IsDefined, IsNotEmpty, IsOptional, IsString, ValidateNested } from 'class-validator';

class Author {
  @IsString()
  id: string;

  @IsOptional()
  @IsString()
  type?: string;
}

class Entity {
  @IsString()
  @IsNotEmpty()
  id: string;

  @IsString()
  type: string;
}

/** The parts of a webhook event that are used. Its values are never trusted: the page is read again. */
export class NotionEvent {
  @IsString()
  @IsNotEmpty()
  id: string;

  @IsString()
  @IsNotEmpty()
  type: string;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Author)
  authors?: Author[];

  @IsDefined()
  @ValidateNested()
  @Type(() => Entity)
  entity: Entity;
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

/** Whether a body, byte for byte as it came, bears the signature of the holder of the token. Takes the same time whatever differs. */
export async function isSigned(rawBody: Buffer, signature: string | undefined, token: string): Promise<boolean> {
  if (!signature) return false;
  return verifyWebhookSignature({ body: rawBody, signature, verificationToken: token });
}
