import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checksum } from '#media';
import { call } from '../../apps/local/src/gateway-client.js';
import type { Installation } from '../installation/installation.js';
import type { Inspection } from './inspection.js';

/** What one kind of paid call came to. */
interface Bill {
  operation: string;
  /** Items that were made. */
  items: number;
  /** Calls that the provider billed. */
  billed: number;
  /** Billed calls whose answer the provider cut off. */
  cut: number;
  /** Calls that the record holds for billed, and for lost. */
  recorded: number;
  lost: number;
}

interface Fault {
  provider: string;
  operation: string;
  kind: string;
  billed: boolean;
  at: string;
}

/** What is found when the dust has settled. `wrong` is empty when nothing was lost, doubled or left lying about. */
export interface Findings {
  published: number;
  bills: Bill[];
  /** Calls whose answer was lost, one by one. */
  lost: { provider: string; operation: string; note: string; artifact: string; made_again: boolean }[];
  faults: Record<string, number>;
  /** Items, tasks and messages that failed in passing and came back by themselves, and those that needed a person. */
  transientFaults: number;
  stoppedForGood: number;
  recoveredShare: number;
  alerts: { incidents: number; delivered: number; doubled: number };
  /** How often the item was tried that was tried most often. */
  mostTries: number;
  /** The longest that a clip took from its submission to its file (s). */
  longestClipSeconds: number;
  files: number;
  wrong: string[];
}

interface Uploaded {
  title: string;
  sha256: string;
  privacy: string;
}

/** Codes of the refusals that the simulator injects. */
const REFUSALS = ['GEMINI_INVALID_ARGUMENT', 'KIE_422', 'ELEVENLABS_INVALID_PARAMETERS', 'YOUTUBE_INVALID_REQUEST', 'OAUTH_UNREACHABLE'];

const PAID: readonly { operation: string; provider: string; kind: string }[] = [
  { operation: 'storyboard', provider: 'gemini', kind: 'storyboard' },
  { operation: 'image', provider: 'gemini', kind: 'image' },
  { operation: 'clip', provider: 'kie', kind: 'clip' },
  { operation: 'narration', provider: 'elevenlabs', kind: 'narration' },
  { operation: 'sound_effect', provider: 'elevenlabs', kind: 'sound_effect' },
];

/** Compares what the product believes with what the providers saw and what lies on the disk. */
export async function audit({
  installation,
  record,
  videos,
}: {
  installation: Installation;
  record: Inspection;
  videos: number;
}): Promise<Findings> {
  const wrong: string[] = [];
  const { simulatorUrl, workspaceRoot } = installation;
  const { injected } = await call<{ injected: Fault[] }>('GET', `${simulatorUrl}/simulator/faults`);
  const published = await publications(simulatorUrl, workspaceRoot, record, videos, wrong);
  const bills = await Promise.all(PAID.map((paid) => billOf(paid, simulatorUrl, record, injected)));
  const lost = await lostCalls(record);
  for (const { operation, items, billed, cut, recorded } of bills) {
    if (billed < items) wrong.push(`${operation}: ${items} items, but only ${billed} calls were billed`);
    if (billed > items + cut)
      wrong.push(`${operation}: ${billed - items - cut} calls were billed that neither made an item nor lost their answer`);
    if (recorded < billed) wrong.push(`${operation}: ${billed} calls were billed, but the record holds only ${recorded}`);
  }
  const untold = await record.rows(
    `SELECT id FROM video_costs WHERE state = 'lost' AND NOT EXISTS (SELECT FROM alerts WHERE key = 'paid_call_lost:' || video_costs.id)`,
  );
  if (untold.length > 0) wrong.push(`${untold.length} lost calls were not reported`);
  const open = await record.rows(`SELECT id FROM video_costs WHERE state = 'intended'`);
  if (open.length > 0) wrong.push(`${open.length} paid calls have no known outcome`);
  const left = await record.jobsLeft();
  if (left.length > 0) wrong.push(`Tickets are left over: ${left.join('; ')}`);
  const [outbox] = await record.rows<{ count: number }>('SELECT count(*)::int FROM outbox');
  if (outbox?.count) wrong.push(`${outbox.count} rows are left in the outbox`);
  const files = await artifactFiles(record, workspaceRoot, wrong);
  const unfinished = await unfinishedFiles(workspaceRoot);
  if (unfinished.length > 0) wrong.push(`${unfinished.length} unfinished files: ${unfinished.slice(0, 5).join(', ')}`);
  const alerts = await alertsOf(simulatorUrl, record, wrong);
  const [effort] = await record.rows<{ tries: number; seconds: number }>(
    `SELECT coalesce(max(attempt), 0) AS tries,
            coalesce(max(extract(epoch FROM artifacts.updated_at - video_costs.created_at)) FILTER (WHERE artifacts.kind = 'clip'), 0)::int AS seconds
     FROM artifacts LEFT JOIN video_costs ON video_costs.artifact_id = artifacts.id WHERE artifacts.state = 'ready'`,
  );
  const behind = await record.rows(`SELECT id FROM tasks WHERE notion_version < version`);
  if (behind.length > 0) wrong.push(`${behind.length} Notion rows do not show the newest state`);
  const faults = Object.fromEntries([...Map.groupBy(injected, ({ kind }) => kind)].map(([kind, list]) => [kind, list.length]));
  const letters = await record.rows<{ code: string }>('SELECT code FROM dead_letters');
  // What was refused for good needs a person by right; everything else should have come back by itself.
  const stoppedForGood = letters.filter(({ code }) => !REFUSALS.includes(code)).length;
  const transientFaults = injected.filter(({ kind }) => kind !== 'refused').length;
  const recoveredShare = transientFaults === 0 ? 1 : 1 - stoppedForGood / transientFaults;
  return {
    published,
    bills,
    lost,
    faults,
    transientFaults,
    stoppedForGood,
    recoveredShare,
    alerts,
    files,
    mostTries: effort?.tries ?? 0,
    longestClipSeconds: effort?.seconds ?? 0,
    wrong,
  };
}

async function publications(
  simulatorUrl: string,
  workspaceRoot: string,
  record: Inspection,
  videos: number,
  wrong: string[],
): Promise<number> {
  const uploaded = await call<Uploaded[]>('GET', `${simulatorUrl}/simulator/youtube/videos`);
  const tasks = await record.rows<{
    title: string;
    status: string;
    checksum: string | null;
    path: string | null;
    error_message: string | null;
  }>(
    `SELECT title, status, error_message, checksum, path FROM tasks LEFT JOIN LATERAL
       (SELECT checksum, path FROM artifacts WHERE task_id = tasks.id AND kind = 'cut' AND state = 'ready') AS cut ON true`,
  );
  if (tasks.length !== videos) wrong.push(`${videos} rows were queued, ${tasks.length} tasks were made`);
  for (const { title, status, checksum: sum, error_message } of tasks) {
    const copies = uploaded.filter((video) => video.title === title);
    if (status !== 'published') wrong.push(`"${title}" is ${status}${error_message ? `: ${error_message}` : ''}`);
    if (copies.length > 1) wrong.push(`"${title}" was published ${copies.length} times`);
    if (status === 'published' && copies[0]?.sha256 !== sum) wrong.push(`"${title}" is not on YouTube as it was cut`);
  }
  for (const { title, checksum: sum, path } of tasks) {
    if (path && (await checksum(join(workspaceRoot, path))).checksum !== sum)
      wrong.push(`The cut of "${title}" is not the one that was recorded`);
  }
  return tasks.filter(({ status }) => status === 'published').length;
}

async function billOf(
  { operation, provider, kind }: (typeof PAID)[number],
  simulatorUrl: string,
  record: Inspection,
  injected: readonly Fault[],
): Promise<Bill> {
  const billed = await call<unknown[]>('GET', `${simulatorUrl}/simulator/calls?provider=${provider}&operation=${operation}`);
  const [row] = await record.rows<{ items: number; recorded: number; lost: number }>(
    `SELECT (SELECT count(*)::int FROM artifacts WHERE kind = $1 AND state IN ('ready', 'superseded')) AS items,
            (SELECT count(*)::int FROM video_costs WHERE operation = $2 AND provider = $3 AND state IN ('billed', 'lost')) AS recorded,
            (SELECT count(*)::int FROM video_costs WHERE operation = $2 AND provider = $3 AND state = 'lost') AS lost`,
    [kind, operation, provider],
  );
  const cut = injected.filter((fault) => fault.provider === provider && fault.operation === operation && fault.billed).length;
  return { operation, billed: billed.length, cut, items: row?.items ?? 0, recorded: row?.recorded ?? 0, lost: row?.lost ?? 0 };
}

async function lostCalls(record: Inspection): Promise<Findings['lost']> {
  return record.rows(
    `SELECT provider, operation, coalesce(note, '') AS note, artifact_id AS artifact,
            EXISTS (SELECT FROM video_costs AS later WHERE later.artifact_id = lost.artifact_id AND later.created_at > lost.created_at) AS made_again
     FROM video_costs AS lost WHERE state = 'lost' ORDER BY created_at`,
  );
}

async function artifactFiles(record: Inspection, workspaceRoot: string, wrong: string[]): Promise<number> {
  const artifacts = await record.rows<{ id: string; kind: string; path: string; checksum: string; bytes: string }>(
    `SELECT id, kind, path, checksum, bytes FROM artifacts WHERE state = 'ready'`,
  );
  for (const { id, kind, path, checksum: sum } of artifacts) {
    const file = join(workspaceRoot, path);
    if (!existsSync(file)) wrong.push(`The ${kind} ${id} has no file`);
    else if ((await checksum(file)).checksum !== sum) wrong.push(`The file of the ${kind} ${id} is not the one that was recorded`);
  }
  return artifacts.length;
}

/** Temporary files, and what paid calls leave until they are committed. */
export async function unfinishedFiles(workspaceRoot: string): Promise<string[]> {
  const entries = await readdir(workspaceRoot, { recursive: true, withFileTypes: true });
  const left = entries.filter((entry) => entry.isFile() && (entry.name.startsWith('.') || entry.parentPath.endsWith('/.calls')));
  return left.map(({ parentPath, name }) => join(parentPath, name));
}

async function alertsOf(simulatorUrl: string, record: Inspection, wrong: string[]): Promise<Findings['alerts']> {
  const messages = await call<{ service: string; text: string }[]>('GET', `${simulatorUrl}/simulator/chat/messages`);
  const letters = await record.rows<{ task_id: string; code: string; created_at: Date }>(
    'SELECT task_id, code, created_at FROM dead_letters',
  );
  const alerts = await record.rows<{ id: string; task_id: string }>(`SELECT id, task_id FROM alerts WHERE kind = 'task_stopped'`);
  let [delivered, doubled] = [0, 0];
  if (alerts.length !== letters.length) wrong.push(`${letters.length} tasks stopped for good, ${alerts.length} alerts were raised`);
  for (const { id } of alerts) {
    for (const service of ['slack', 'discord']) {
      const told = messages.filter(
        (message) => message.service === service && message.text.includes(id) && !message.text.startsWith('Resolved'),
      );
      if (told.length === 0 && !messages.some((message) => message.service === service && message.text.includes(id)))
        wrong.push(`${service} was not told of the alert ${id}`);
      else delivered += 1;
      doubled += Math.max(0, told.length - 1);
    }
  }
  return { incidents: alerts.length, delivered, doubled };
}
