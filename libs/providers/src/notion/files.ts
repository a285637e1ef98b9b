import { openAsBlob } from 'node:fs';
import { extname } from 'node:path';
import { Failure, parse, permanent, transient } from '#pipeline';
import type { Client } from '@notionhq/client';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsInt, IsISO8601, IsNotEmpty, IsOptional, IsString, ValidateNested } from 'class-validator';
import { again, ask, nonsense, type Pace } from './requests.js';

const MIB = 1_024 ** 2;
/** What may be sent in one piece (bytes); larger files are sent in parts, of which all but the last have 5 to 20 MiB. */
const LARGEST_SINGLE = 20_000_000;
const PART = 10 * MIB;
/** What every workspace takes (bytes); what it takes beyond that depends on its plan. */
const ALWAYS_TAKEN = 5 * MIB;
/** Longest file name (bytes). */
const LONGEST_NAME = 900;
/** What is longer is no ending (characters). */
const LONGEST_ENDING = 10;

const UPLOAD_STATES = ['pending', 'uploaded', 'expired', 'failed'] as const;

/** Code of the failure after which only a new upload helps. */
const UPLOAD_EXPIRED = 'NOTION_UPLOAD_EXPIRED';

/** What Notion says of an upload, as far as it is used. */
class UploadAnswer {
  @IsString()
  @IsNotEmpty()
  id: string;

  @IsIn(UPLOAD_STATES)
  status: (typeof UPLOAD_STATES)[number];

  @IsOptional()
  @IsISO8601()
  expiry_time?: string | null;
}

class WorkspaceLimits {
  @IsInt()
  max_file_upload_size_in_bytes: number;
}

class Bot {
  @IsOptional()
  @ValidateNested()
  @Type(() => WorkspaceLimits)
  workspace_limits?: WorkspaceLimits;
}

class BotAnswer {
  @IsDefined()
  @ValidateNested()
  @Type(() => Bot)
  bot: Bot;
}

/** A file to be uploaded. */
export interface FileToUpload extends Pace {
  path: string;
  /** As it is shown; what is longer than Notion takes is cut off before its ending. */
  name: string;
  contentType: string;
}

interface UploadedFile {
  /** By which it is attached to a property or a block. */
  id: string;
  /** When Notion throws it away unless it has been attached. */
  expiresAt: Date | null;
}

/**
 * Uploads a file, a part at a time from the disk. What is uploaded and never attached expires by itself, so it does no harm to upload it again.
 * @throws Failure NOTION_FILE_TOO_LARGE when the workspace's plan does not take it; NOTION_UPLOAD_EXPIRED when it took longer than Notion waits;
 *   otherwise as `notionFailure` says
 */
export async function uploadFile(client: Client, { path, name, contentType, ...pace }: FileToUpload): Promise<UploadedFile> {
  const file = await open(path, contentType);
  if (file.size > ALWAYS_TAKEN) await checkPlan(client, file.size, name, pace);
  const filename = shortened(name);
  const parts = file.size > LARGEST_SINGLE ? Math.ceil(file.size / PART) : 1;
  const { id } = await again(async () => {
    const multi = { mode: 'multi_part', number_of_parts: parts } as const;
    const create = { filename, content_type: contentType, ...(parts > 1 ? multi : { mode: 'single_part' as const }) };
    return uploadOf(await ask(() => client.fileUploads.create(create), pace));
  }, pace);
  let upload: UploadAnswer | null = null;
  for (let part = 1; part <= parts; part += 1) {
    const data = await inMemory(parts > 1 ? file.slice((part - 1) * PART, part * PART, contentType) : file, path);
    const send = { file_upload_id: id, file: { filename, data }, ...(parts > 1 && { part_number: String(part) }) };
    upload = await deliver(client, id, () => client.fileUploads.send(send), pace);
  }
  if (parts > 1) upload = await deliver(client, id, () => client.fileUploads.complete({ file_upload_id: id }), pace);
  if (upload?.status !== 'uploaded') throw nonsense(`the state ${String(upload?.status)} of an upload that is complete`);
  return { id, expiresAt: upload.expiry_time ? new Date(upload.expiry_time) : null };
}

async function open(path: string, type: string): Promise<Blob> {
  try {
    return await openAsBlob(path, { type });
  } catch (cause) {
    throw missing(path, cause);
  }
}

/** A request that is answered before its body was read leaves the reading of a file to nobody: should it then fail, the process would end. */
async function inMemory(part: Blob, path: string): Promise<Blob> {
  const bytes = await part.arrayBuffer().catch((cause: unknown) => {
    throw missing(path, cause);
  });
  return new Blob([bytes], { type: part.type });
}

function missing(path: string, cause: unknown): Failure {
  return permanent({
    code: 'NOTION_FILE_MISSING',
    message: `${path} cannot be read: ${String(cause)}`,
    userMessage: 'A file that was to be shown in Notion is gone. Ask for the item to be made again.',
    cause,
  });
}

async function checkPlan(client: Client, bytes: number, name: string, pace: Pace): Promise<void> {
  const answer = parse(BotAnswer, await again(() => ask(() => client.users.me({}), pace), pace));
  const most = answer.ok ? answer.value.bot.workspace_limits?.max_file_upload_size_in_bytes : undefined;
  if (most === undefined || bytes <= most) return;
  const inMib = (size: number) => `${(size / MIB).toFixed(1)} MiB`;
  throw permanent({
    code: 'NOTION_FILE_TOO_LARGE',
    message: `${name} has ${bytes} bytes, the workspace takes ${most}`,
    userMessage: `"${name}" has ${inMib(bytes)}; the plan of the Notion workspace takes files up to ${inMib(most)}. Look at it elsewhere, or change the plan.`,
  });
}

/**
 * Sends something to an upload, again while that fails in passing. When an answer is lost, the upload itself says whether it has all that it waited for:
 * then it takes nothing more.
 */
function deliver(client: Client, id: string, request: () => Promise<object>, pace: Pace): Promise<UploadAnswer> {
  return again(
    async () => {
      try {
        return uploadOf(await ask(request, pace));
      } catch (error) {
        const failure = Failure.from(error);
        const isDoubtful = failure.kind === 'transient' ? !failure.rateLimited : failure.code === 'NOTION_VALIDATION_ERROR';
        if (!isDoubtful || pace.signal?.aborted) throw failure;
        const upload = uploadOf(await ask(() => client.fileUploads.retrieve({ file_upload_id: id }), pace));
        if (upload.status === 'uploaded') return upload;
        if (upload.status === 'pending') throw failure;
        throw transient({
          code: UPLOAD_EXPIRED,
          message: `The upload ${id} is ${upload.status}`,
          userMessage: 'Notion did not wait for the end of an upload. It is tried again by itself.',
          cause: failure,
        });
      }
    },
    pace,
    ({ code }) => code === UPLOAD_EXPIRED,
  );
}

function uploadOf(answer: object): UploadAnswer {
  const parsed = parse(UploadAnswer, answer);
  if (!parsed.ok) throw nonsense('half an upload');
  return parsed.value;
}

/** A name that Notion takes; its ending, by which a file is recognised, stays. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const ending = extname(name).length <= LONGEST_ENDING ? extname(name) : '';
  let stem = '';
  for (const { segment } of new Intl.Segmenter().segment(name.slice(0, name.length - ending.length))) {
    if (Buffer.byteLength(stem + segment + ending) > LONGEST_NAME) break;
    stem += segment;
  }
  return stem + ending;
}
