import { IsMoment, describeProblems, parse, permanent } from '#pipeline';
import { ArrayMinSize, IsArray, IsNotEmpty, IsOptional, IsString } from 'class-validator';

/** What an operator has granted for one YouTube channel. */
export interface OAuthGrant {
  refreshToken: string;
  accessToken: string;
  expiresAt: Date;
  /** When the grant itself ends, which Google tells of apps that are in "Testing". */
  grantExpiresAt: Date | null;
  scopes: string[];
  /** The channel that was chosen on the consent page. */
  channelId: string | null;
}

/** A grant as JSON: the file that `youtube-auth` writes, and what is encrypted in the database. */
export class GrantFile {
  @IsString()
  @IsNotEmpty()
  refresh_token: string;

  @IsString()
  @IsNotEmpty()
  access_token: string;

  @IsMoment()
  expires_at: string;

  @IsOptional()
  @IsMoment()
  grant_expires_at?: string;

  @IsArray()
  @ArrayMinSize(1)
  @IsString({ each: true })
  scopes: string[];

  @IsOptional()
  @IsString()
  channel_id?: string;
}

export function serializeGrant({ refreshToken, accessToken, expiresAt, grantExpiresAt, scopes, channelId }: OAuthGrant): string {
  const file: GrantFile = {
    refresh_token: refreshToken,
    access_token: accessToken,
    expires_at: expiresAt.toISOString(),
    ...(grantExpiresAt && { grant_expires_at: grantExpiresAt.toISOString() }),
    scopes,
    ...(channelId && { channel_id: channelId }),
  };
  return JSON.stringify(file);
}

/** @throws Failure GRANT_INVALID naming the fields that are wrong, never a token */
export function parseGrant(json: string): OAuthGrant {
  const parsed = parse(GrantFile, JSON.parse(json));
  if (parsed.ok) return grantOf(parsed.value);
  const problems = describeProblems(parsed.problems);
  throw permanent({
    code: 'GRANT_INVALID',
    message: problems,
    userMessage: `The stored grant cannot be used (${problems}). Connect the channel again.`,
  });
}

export function grantOf({ refresh_token, access_token, expires_at, grant_expires_at, scopes, channel_id }: GrantFile): OAuthGrant {
  return {
    refreshToken: refresh_token,
    accessToken: access_token,
    expiresAt: new Date(expires_at),
    grantExpiresAt: grant_expires_at === undefined ? null : new Date(grant_expires_at),
    scopes,
    channelId: channel_id ?? null,
  };
}
