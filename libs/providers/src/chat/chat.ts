import { permanent, transient, type Failure } from '#pipeline';

const TIMEOUT_MS = 10_000;
/** Longest message (characters): Discord's limit, and as much as Slack advises. */
const LONGEST = { slack: 4_000, discord: 2_000 } as const;

type ChatTarget = keyof typeof LONGEST;

/**
 * Says something through an incoming webhook of Slack or Discord. Neither can be asked whether a message has arrived, so one whose answer is lost may
 * come twice.
 * @throws Failure CHAT_... transient with the service's own waiting time, permanent when the webhook is gone or refuses the message. The address is a
 * secret and part of no message.
 */
export async function tell(target: ChatTarget, webhookUrl: string, text: string): Promise<void> {
  const shortened = text.length > LONGEST[target] ? `${text.slice(0, LONGEST[target] - 1)}…` : text;
  const body = target === 'slack' ? { text: shortened, unfurl_links: false } : { content: shortened, allowed_mentions: { parse: [] } };
  const response = await fetch(webhookUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw transient({
      code: 'CHAT_UNREACHABLE',
      message: `${target} did not answer: ${error instanceof Error ? error.name : ''}`,
      userMessage: `${target} did not answer; the message is sent again by itself.`,
    });
  });
  const answer = await response.text().catch(() => '');
  if (!response.ok) throw refused(target, response, answer);
}

function refused(target: ChatTarget, response: Response, answer: string): Failure {
  const base = { code: `CHAT_${response.status}`, message: `${target}: ${response.status} ${answer.slice(0, 200)}` };
  if (response.status === 429 || response.status >= 500) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return transient({
      ...base,
      userMessage: `${target} did not take a message; it is sent again by itself.`,
      rateLimited: response.status === 429,
      ...(Number.isFinite(seconds) && { retryAfterMs: seconds * 1_000 }),
    });
  }
  return permanent({
    ...base,
    userMessage: `${target} refused a message. Check ${target.toUpperCase()}_WEBHOOK_URL: the webhook may have been removed.`,
  });
}
