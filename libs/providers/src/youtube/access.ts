import type { Failure, YouTubeCall } from '#pipeline';

/** A request that counts against a day's quota. */
export type QuotaCall = YouTubeCall | 'videos.insert';

/** What a client asks before every request, so that none can be made that nobody has counted. */
export interface CallMeter {
  /** @throws Failure when the quota has no room for it */
  spend(call: QuotaCall): Promise<void>;
  /** A request that was counted has not reached YouTube, or found it out of order: it costs nothing. */
  giveBack(call: QuotaCall): Promise<void>;
  /** YouTube has refused a request for want of quota; returns the failure with the time at which it is worth another try. */
  refused(call: QuotaCall, failure: Failure): Promise<Failure>;
}

/** For those who have no record of the quota: a command on an operator's own machine. */
export const UNMETERED: CallMeter = {
  spend: () => Promise.resolve(),
  giveBack: () => Promise.resolve(),
  refused: (_call, failure) => Promise.resolve(failure),
};

/** A channel's access to YouTube, renewed as it ends. */
export interface AccessTokens {
  /** @throws Failure when the channel is not connected, or no longer */
  current(): Promise<string>;
  /** Another one for a token that YouTube has refused. */
  renewed(refused: string): Promise<string>;
}

/** One token, as it is; for a grant that is not stored. */
export function fixedToken(token: string): AccessTokens {
  return { current: () => Promise.resolve(token), renewed: () => Promise.resolve(token) };
}
