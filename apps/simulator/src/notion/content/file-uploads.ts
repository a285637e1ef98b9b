import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { Files } from '../../files.js';
import { trashed, type Caller } from '../caller.js';
import { invalid, notFound } from '../errors.js';
import type { Effects, Field } from '../field.js';
import { Settings } from '../settings.js';
import { Changes } from './changes.js';
import { LONGEST_URL } from './rich-text.js';
import type { Author } from './users.js';
import { Users } from './users.js';

const MIB = 1_024 ** 2;
/** Notion's limits: bytes in one request, in a part that is not the last one, and of a file's name; parts of a file. */
const LARGEST_PART = 20 * MIB;
const SMALLEST_PART = 5 * MIB;
const LONGEST_NAME = 900;
const MOST_PARTS = 10_000;
/** How long what was uploaded waits to be attached, and how long an address to read it is good (ms of the simulated clock). */
const HOUR_MS = 3_600_000;

const MODES = ['single_part', 'multi_part', 'external_url'] as const;
export const UPLOAD_STATES = ['pending', 'uploaded', 'expired', 'failed'] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

export interface Upload {
  readonly id: string;
  readonly mode: (typeof MODES)[number];
  readonly author: Author;
  readonly created: number;
  edited: number;
  filename: string | null;
  contentType: string | null;
  /** How many parts there will be. */
  readonly total: number;
  /** What has come, by part number: names under `Files`. */
  readonly parts: Map<number, { file: string; size: number }>;
  state: Exclude<UploadState, 'expired'>;
  /** When it is thrown away; null once it is attached. */
  expires: number | null;
  /** The whole of it: its name under `Files`, bytes, and checksum. */
  content: { file: string; size: number; sha256: string } | null;
  importResult: object | null;
}

/** A file in a property, a block, an icon or a cover. */
export type StoredFile = { name: string } & ({ kind: 'upload'; upload: Upload } | { kind: 'external'; url: string });

/** Files on their way into the workspace, and those that have arrived. */
@Injectable()
export class Uploads {
  private readonly uploads = new Map<string, Upload>();
  private readonly key = randomBytes(32);

  constructor(
    private readonly files: Files,
    private readonly settings: Settings,
    private readonly users: Users,
    private readonly changes: Changes,
  ) {}

  create(body: Field, author: Author): Upload {
    const mode = body.at('mode').optional((field) => field.oneOf(MODES)) ?? 'single_part';
    const filename = body.at('filename').optional((field) => field.text()) ?? null;
    if (filename === null && mode === 'multi_part') throw body.at('filename').wrong('defined');
    if (filename !== null && Buffer.byteLength(filename) > LONGEST_NAME)
      throw invalid(`body failed validation: body.filename should be at most ${LONGEST_NAME} bytes long.`);
    const parts = body.at('number_of_parts');
    const total = mode === 'multi_part' ? parts.number() : (parts.absent(), 1);
    if (!Number.isInteger(total) || total < 1 || total > MOST_PARTS) throw parts.wrong(`an integer from 1 to ${MOST_PARTS}`);
    const now = Date.now();
    const upload: Upload = {
      id: randomUUID(),
      mode,
      author,
      created: now,
      edited: now,
      filename,
      contentType: body.at('content_type').optional((field) => field.text()) ?? null,
      total,
      parts: new Map(),
      state: 'pending',
      expires: now + this.hour(),
      content: null,
      importResult: null,
    };
    const address = mode === 'external_url' ? body.at('external_url').text(LONGEST_URL) : null;
    this.uploads.set(upload.id, upload);
    this.announce('file_upload.created', upload);
    if (address !== null) void this.import(upload, address);
    return upload;
  }

  /** An upload that its connection asks for. */
  find(id: string): Upload {
    const upload = this.uploads.get(id);
    if (!upload) throw notFound('file_upload', id);
    return upload;
  }

  list(state: UploadState | null): Upload[] {
    return [...this.uploads.values()].filter((upload) => !state || this.stateOf(upload) === state).reverse();
  }

  /** Takes a file, or one of its parts, in any order. */
  async send(
    id: string,
    file: { buffer: Buffer; originalname: string; mimetype: string } | undefined,
    partNumber: unknown,
  ): Promise<Upload> {
    const upload = this.awaited(id);
    if (!file) throw invalid('body failed validation: body.file should be defined, instead was `undefined`.');
    const number = upload.mode === 'multi_part' ? Number(partNumber) : 1;
    if (upload.mode === 'external_url') throw invalid(`File upload ${id} is imported from its address, it takes no file.`);
    if (!Number.isInteger(number) || number < 1 || number > upload.total)
      throw invalid(`body failed validation: body.part_number should be an integer from 1 to ${upload.total}.`);
    const { buffer, mimetype } = file;
    if (upload.contentType !== null && upload.contentType !== mimetype)
      throw invalid(`The content type of the file is ${mimetype}, but the file upload was created for ${upload.contentType}.`);
    this.checkSize(upload, number, buffer.length);
    const part = await this.files.save(upload.filename ?? file.originalname, buffer);
    this.awaited(id);
    upload.parts.set(number, { file: part.name, size: buffer.length });
    upload.edited = Date.now();
    if (upload.mode === 'multi_part') return upload;
    upload.filename ??= file.originalname;
    upload.contentType ??= mimetype;
    this.finish(upload, { file: part.name, size: buffer.length, sha256: createHash('sha256').update(buffer).digest('hex') });
    return upload;
  }

  /** Puts the parts of a file together. */
  async complete(id: string): Promise<Upload> {
    const upload = this.awaited(id);
    if (upload.mode !== 'multi_part') throw invalid(`File upload ${id} is not a multi_part upload.`);
    const parts = Array.from({ length: upload.total }, (_, index) => upload.parts.get(index + 1));
    const here = parts.filter((part) => part !== undefined);
    if (here.length < upload.total)
      throw invalid(`File upload ${id} has ${here.length} of ${upload.total} parts. Send all of them before it is completed.`);
    const whole = await this.files.reserve(upload.filename ?? 'file');
    const hash = createHash('sha256');
    for (const { file } of here) {
      const bytes = await readFile(await this.files.path(file));
      hash.update(bytes);
      await appendFile(whole.path, bytes);
    }
    // Somebody else may have completed it meanwhile.
    this.awaited(id);
    this.finish(upload, { file: whole.name, size: here.reduce((sum, { size }) => sum + size, 0), sha256: hash.digest('hex') });
    await Promise.all(here.map(async ({ file }) => rm(await this.files.path(file))));
    return upload;
  }

  /** The file that a request attaches: one that was uploaded, one from elsewhere, or one that has been here before. */
  read(field: Field, effects: Effects): StoredFile {
    const named = field.at('name').optional((name) => name.text());
    const external = field.at('external');
    if (!external.isMissing) {
      const url = external.at('url').text(LONGEST_URL);
      return { kind: 'external', url, name: named ?? url.split('/').at(-1) ?? url };
    }
    const kept = field.at('file');
    const upload = kept.isMissing ? this.attachable(field.at('file_upload')) : this.hosted(kept);
    effects.push(() => (upload.expires = null));
    return { kind: 'upload', upload, name: named ?? upload.filename ?? 'file' };
  }

  /** A file as it is read: with an address that is good for an hour. */
  viewFile(
    file: StoredFile,
    origin: string,
  ): { type: 'external'; external: { url: string } } | { type: 'file'; file: { url: string; expiry_time: string } } {
    if (file.kind === 'external') return { type: 'external', external: { url: file.url } };
    const until = Date.now() + this.hour();
    return { type: 'file', file: { url: this.address(file.upload, origin, until), expiry_time: new Date(until).toISOString() } };
  }

  view(upload: Upload, { version, origin }: Caller): object {
    const { id, author, created, edited, expires, filename, contentType, content, total, parts, mode, importResult } = upload;
    const state = this.stateOf(upload);
    const path = `${origin}/notion/v1/file_uploads/${id}`;
    return {
      object: 'file_upload',
      id,
      created_time: new Date(created).toISOString(),
      created_by: { id: author.id, type: author.type },
      last_edited_time: new Date(edited).toISOString(),
      ...trashed(false, version),
      expiry_time: expires === null ? null : new Date(expires).toISOString(),
      status: state,
      filename,
      content_type: contentType,
      content_length: content?.size ?? null,
      ...(state === 'pending' && mode !== 'external_url' && { upload_url: `${path}/send` }),
      ...(state === 'pending' && mode === 'multi_part' && { complete_url: `${path}/complete` }),
      ...(mode === 'multi_part' && { number_of_parts: { total, sent: state === 'uploaded' ? total : parts.size } }),
      ...(importResult && { file_import_result: importResult }),
    };
  }

  /** A file's bytes on this disk, when the address is one of ours and still good. */
  async open(id: string, expires: string, signature: string): Promise<{ path: string; contentType: string } | null> {
    const upload = this.uploads.get(id);
    const right = Buffer.from(this.sign(id, expires));
    const given = Buffer.from(signature);
    if (!upload?.content || given.length !== right.length || !timingSafeEqual(given, right) || Number(expires) < Date.now()) return null;
    return { path: await this.files.path(upload.content.file), contentType: upload.contentType ?? 'application/octet-stream' };
  }

  private stateOf({ state, expires }: Upload): UploadState {
    return state !== 'failed' && expires !== null && expires < Date.now() ? 'expired' : state;
  }

  /** An upload that may still be sent to. */
  private awaited(id: string): Upload {
    const upload = this.find(id);
    const state = this.stateOf(upload);
    if (state !== 'pending') throw invalid(`File upload ${id} has a status of ${state}, it must be pending.`);
    return upload;
  }

  private attachable(field: Field): Upload {
    const upload = this.find(field.at('id').id());
    const state = this.stateOf(upload);
    if (state !== 'uploaded') throw invalid(`File upload ${upload.id} has a status of ${state}, only an uploaded one can be attached.`);
    return upload;
  }

  /** The upload behind an address that we have given. */
  private hosted(field: Field): Upload {
    const id = /\/notion\/files\/([\da-f-]{36})\//.exec(field.at('url').text())?.[1] ?? '';
    const upload = this.uploads.get(id);
    if (!upload?.content) throw field.at('url').wrong('the address of a file that Notion hosts');
    return upload;
  }

  private checkSize(upload: Upload, number: number, size: number): void {
    if (size > LARGEST_PART) throw invalid(`The file is ${size} bytes, at most ${LARGEST_PART} may be sent at a time.`);
    if (size < SMALLEST_PART && number < upload.total)
      throw invalid(`Part ${number} is ${size} bytes, each part but the last must have at least ${SMALLEST_PART}.`);
    const others = [...upload.parts].reduce((sum, [other, part]) => (other === number ? sum : sum + part.size), 0);
    const { largestFile } = this.users;
    if (others + size > largestFile) throw invalid(`The file is larger than the ${largestFile} bytes that the workspace's plan allows.`);
  }

  private finish(upload: Upload, content: NonNullable<Upload['content']>): void {
    upload.state = 'uploaded';
    upload.edited = Date.now();
    upload.content = content;
    upload.parts.clear();
    this.announce('file_upload.completed', upload);
  }

  private async import(upload: Upload, address: string): Promise<void> {
    const response = await fetch(address).catch(() => null);
    const imported_time = new Date().toISOString();
    if (!response?.ok) {
      upload.state = 'failed';
      const error = { type: 'download_error', code: 'download_failed', message: 'The file cannot be fetched.', parameter: null };
      upload.importResult = { imported_time, type: 'error', error: { ...error, status_code: response?.status ?? null } };
      this.announce('file_upload.upload_failed', upload, { file_import_result: upload.importResult });
      return;
    }
    const bytes = Buffer.from(await response.arrayBuffer());
    upload.filename ??= new URL(address).pathname.split('/').at(-1) ?? 'file';
    upload.contentType ??= response.headers.get('content-type');
    const { name } = await this.files.save(upload.filename, bytes);
    upload.importResult = { imported_time, type: 'success', success: {} };
    this.finish(upload, { file: name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  }

  private address({ id, filename }: Upload, origin: string, until: number): string {
    const expires = String(until);
    const name = encodeURIComponent(filename ?? 'file');
    return `${origin}/notion/files/${id}/${name}?expires=${expires}&signature=${this.sign(id, expires)}`;
  }

  private sign(id: string, expires: string): string {
    return createHmac('sha256', this.key).update(`${id} ${expires}`).digest('hex');
  }

  /** An hour of the simulated clock (ms, real ones). */
  private hour(): number {
    return HOUR_MS / this.settings.current.clock;
  }

  private announce(type: string, upload: Upload, data: object = {}): void {
    this.changes.announce({ type, entity: { id: upload.id, type: 'file_upload' }, author: upload.author, data: { ...data } });
  }
}

/** What the store of files says to an address that has expired or was never signed. */
export const ACCESS_DENIED =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';
