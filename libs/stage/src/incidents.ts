import type { ArtifactRow, ChannelRow, Database, TaskRow } from '#database';
import type { Failure, StepInfo } from '#pipeline';

/** What people are told of, in the transaction that makes it true: no crash between the two can swallow it. */

/** Alerts of this kind end by themselves when the provider has not complained for a while. */
export const RATE_LIMITED = 'rate_limited';
const QUOTA_EXHAUSTED = 'quota_exhausted';

/** Codes of failures after which nothing of a channel can be published until somebody connects it anew. */
const DISCONNECTED = ['OAUTH_INVALID_GRANT', 'CHANNEL_NOT_CONNECTED', 'WRONG_YOUTUBE_CHANNEL', 'YOUTUBE_AUTH_ERROR', 'GRANT_INVALID'];

const disconnected = (channelId: string) => `channel_disconnected:${channelId}`;
const ending = (channelId: string) => `grant_ending:${channelId}`;
const stopped = (taskId: string) => `task_stopped:${taskId}`;
/** Codes of limits that a provider sets for one channel. */
const OF_A_CHANNEL = ['YOUTUBE_UPLOAD_LIMIT_EXCEEDED'];
/** Each limit of a provider has a code of its own. */
const quota = (code: string, channelId: string) =>
  `${QUOTA_EXHAUSTED}:${code.toLowerCase()}${OF_A_CHANNEL.includes(code) ? `:${channelId}` : ''}`;

/** A task has stopped until a person acts. */
export async function reportStop(
  tx: Database,
  task: TaskRow,
  step: StepInfo,
  failure: Failure,
  artifact: ArtifactRow | null,
): Promise<void> {
  const channel = await tx.channels.get(task.channelId);
  const what = artifact ? `${artifact.kind.replace('_', ' ')} ${artifact.position + 1}` : `the step ${step.name}`;
  await tx.deadLetters.add({
    channelId: task.channelId,
    taskId: task.id,
    artifactId: artifact?.id ?? null,
    step: step.name,
    code: failure.code,
    message: failure.message,
    userMessage: failure.userMessage,
    attempts: artifact?.attempt ?? 1,
    costUsd: artifact?.costUsd ?? 0,
  });
  await tx.alerts.raise({
    kind: 'task_stopped',
    key: stopped(task.id),
    channelId: task.channelId,
    taskId: task.id,
    title: `"${task.title}" (${channel.key}) stopped at ${what}`,
    text: `${failure.userMessage} [${failure.code}] Task ${task.id}.`,
  });
}

/** Whether nothing of a channel can be published until somebody connects it anew. */
export function isDisconnection(failure: Failure): boolean {
  return DISCONNECTED.includes(failure.code);
}

/** A channel is not connected, or no longer. */
export async function reportDisconnection(tx: Database, { id, key }: ChannelRow, failure: Failure): Promise<void> {
  await tx.alerts.raise({
    kind: 'channel_disconnected',
    key: disconnected(id),
    channelId: id,
    title: `The channel ${key} is not connected to YouTube`,
    text: `${failure.userMessage} Until then nothing of this channel is published; other channels go on.`,
  });
}

/** A channel's grant ends by itself before long. */
export async function reportGrantEnding(database: Database, { id, key }: ChannelRow, endsAt: Date): Promise<void> {
  await database.alerts.raise({
    kind: 'grant_ending',
    key: ending(id),
    channelId: id,
    title: `The channel ${key} loses its access to YouTube on ${endsAt.toISOString().slice(0, 10)}`,
    text: `Its Google app is in "Testing", where every grant ends after seven days. Publish the app ("In production") in Google's console, then connect the channel again: POST /api/v1/channels/${id}/connect-youtube.`,
  });
}

/** A channel is connected: what has waited for it goes on at once. */
export async function reconnect(tx: Database, channelId: string): Promise<void> {
  await tx.alerts.resolve(disconnected(channelId));
  await tx.alerts.resolve(ending(channelId));
  await tx.publications.wakeSteps(channelId, DISCONNECTED);
  await tx.artifacts.wakeChannel(channelId, DISCONNECTED);
}

/** A person has acted on a task that had stopped, or given it up. */
export async function closeStop(tx: Database, taskId: string, actor: string): Promise<void> {
  await tx.deadLetters.close(taskId, actor);
  await tx.alerts.resolve(stopped(taskId));
}

/** A provider allows no more for now: of which kind of limit people hear once. */
export async function reportLimit(tx: Database, failure: Failure, channelId: string): Promise<void> {
  const provider = providerOf(failure.code);
  if (failure.kind === 'quota') {
    await tx.alerts.raise({
      kind: QUOTA_EXHAUSTED,
      key: quota(failure.code, channelId),
      title: `A limit of ${provider} is reached`,
      text: failure.userMessage,
    });
  } else if (failure.rateLimited) {
    const text = `${failure.userMessage} Less is begun there by itself; if this lasts, set ${provider.toUpperCase()}_AT_ONCE or ${provider.toUpperCase()}_PER_MINUTE to what the account allows.`;
    await tx.alerts.raise({
      kind: RATE_LIMITED,
      key: `${RATE_LIMITED}:${provider}`,
      title: `${provider} limits the rate of requests`,
      text,
    });
  }
}

/** An item that was put off for that reason has been made: its provider takes calls again. */
export async function closeQuota(tx: Database, errorCode: string, channelId: string): Promise<void> {
  await tx.alerts.resolve(quota(errorCode, channelId));
}

/** Codes begin with their provider's name. */
function providerOf(code: string): string {
  return code.toLowerCase().split('_')[0] ?? '';
}
