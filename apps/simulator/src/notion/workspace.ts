import { randomBytes, randomUUID } from 'node:crypto';
import { ROW_PROPERTIES, STATUSES, propertyNames, statusTitle } from '#pipeline';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { signWebhookPayload } from '@notionhq/client';
import { WireError } from '../answer.js';

/** Kinds of the properties of the simulated database; what Notion would call its schema. */
const SCHEMA: Readonly<Record<string, string>> = Object.fromEntries(Object.values(ROW_PROPERTIES).map(({ name, kind }) => [name, kind]));
export const PROPERTIES = propertyNames();
const STATUS_OPTIONS = STATUSES.map(statusTitle);
export const BOT_ID = '00000000-0000-4000-8000-00000000b071';
const PERSON_ID = '00000000-0000-4000-8000-0000000e4501';
export const DATA_SOURCE_ID = '00000000-0000-4000-8000-00000000da7a';
const DATABASE_ID = '00000000-0000-4000-8000-0000000000db';

type Value = Record<string, unknown>;
interface Page {
  id: string;
  created: Date;
  edited: Date;
  editor: string;
  properties: Record<string, Value>;
  blocks: object[];
}
interface Subscription {
  url: string;
  token: string;
}
export type Author = 'person' | 'bot';

/** Waits between deliveries of an event that was not taken (ms): Notion's hours on a short clock. */
const REDELIVERY_MS = [200, 400, 800, 1_600, 3_200, 6_400, 12_800];

/** One Notion workspace with one database of one data source, "Videos". */
@Injectable()
export class NotionWorkspace implements OnModuleDestroy {
  private readonly pages = new Map<string, Page>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private subscription: Subscription | null = null;
  /** Rows that one query yields at most, however it is paged. */
  queryLimit = 10_000;
  /** Share of the events that are never delivered, and of those that are delivered twice; 0 to 1. */
  webhooks = { drop: 0, duplicate: 0 };

  /** Subscribes an address as a person does in Notion's settings: the handshake is sent at once, signed with the token it carries. */
  async subscribe(url: string, token = `secret_${randomBytes(16).toString('hex')}`): Promise<string> {
    const body = JSON.stringify({ verification_token: token });
    const response = await this.post(url, body, token);
    if (!response?.ok) throw new WireError(400, { message: `The handshake was answered ${response?.status ?? 'not at all'}` });
    this.subscription = { url, token };
    return token;
  }

  /**
   * @param body what stands in the page; a line that begins with # is a heading
   * @param at when it is said to have been made
   */
  create(properties: Record<string, unknown>, author: Author, body = '', at = new Date()): object {
    const page: Page = { id: randomUUID(), created: at, edited: at, editor: author === 'bot' ? BOT_ID : PERSON_ID, properties: {}, blocks: blocksOf(body) };
    this.assign(page, properties);
    this.pages.set(page.id, page);
    this.announce('page.created', page, author);
    return this.view(page);
  }

  update(id: string, properties: Record<string, unknown>, author: Author): object {
    const page = this.find(id);
    this.assign(page, properties);
    page.edited = new Date();
    page.editor = author === 'bot' ? BOT_ID : PERSON_ID;
    this.announce('page.properties_updated', page, author);
    return this.view(page);
  }

  read(id: string): object {
    return this.view(this.find(id));
  }

  /** Rows by their status and last edit, in the order of the latter; ends without a word after as many as one query may yield. */
  query({ status, since, cursor, size }: { status: string | null; since: Date | null; cursor: string | null; size: number }): object {
    const minute = (date: Date) => Math.floor(date.getTime() / 60_000) * 60_000;
    const matching = [...this.pages.values()]
      .filter((page) => !status || plain(page.properties[PROPERTIES.status]) === status)
      .filter((page) => !since || minute(page.edited) >= since.getTime())
      .sort((one, other) => minute(one.edited) - minute(other.edited));
    const from = cursor ? Number(cursor.replace(/^cursor-/, '')) : 0;
    const end = Math.min(from + Math.min(100, size), this.queryLimit, matching.length);
    const more = end < Math.min(this.queryLimit, matching.length);
    const cutShort = !more && matching.length > this.queryLimit;
    return {
      object: 'list',
      type: 'page_or_data_source',
      results: matching.slice(from, end).map((page) => this.view(page)),
      has_more: more,
      next_cursor: more ? `cursor-${end}` : null,
      request_status: cutShort ? { type: 'incomplete', incomplete_reason: 'query_result_limit_reached' } : { type: 'complete' },
    };
  }

  /** A page's blocks, a hundred at a time. */
  children(id: string, cursor: string | undefined, size = 100): object {
    const { blocks } = this.find(id);
    const from = cursor ? Number(cursor.replace(/^cursor-/, '')) : 0;
    const results = blocks.slice(from, from + Math.min(100, size));
    const next = from + results.length;
    const more = next < blocks.length;
    return { object: 'list', type: 'block', block: {}, results, has_more: more, next_cursor: more ? `cursor-${next}` : null };
  }

  /** Rows as a person sees them: each property's plain value. */
  rows(): Record<string, string | number | null>[] {
    return [...this.pages.values()].map((page) => ({
      id: page.id,
      title: plain(page.properties[PROPERTIES.title]),
      status: plain(page.properties[PROPERTIES.status]),
      url: plain(page.properties[PROPERTIES.youtube_url]),
      cost: plain(page.properties[PROPERTIES.cost]),
      error: plain(page.properties[PROPERTIES.error]),
      progress: plain(page.properties[PROPERTIES.progress]),
      estimate: plain(page.properties[PROPERTIES.estimate]),
      redo: plain(page.properties[PROPERTIES.redo]),
      edited_at: page.edited.toISOString(),
    }));
  }

  onModuleDestroy(): void {
    this.subscription = null;
    this.timers.forEach(clearTimeout);
  }

  private find(id: string): Page {
    const page = this.pages.get(id);
    if (page) return page;
    throw notionError(
      404,
      'object_not_found',
      `Could not find page with ID: ${id}. Make sure the relevant pages and databases are shared with your integration.`,
    );
  }

  private assign(page: Page, properties: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(properties)) {
      const kind = SCHEMA[name];
      if (!kind) throw notionError(400, 'validation_error', `${name} is not a property that exists.`);
      page.properties[name] = accepted(name, kind, (value as Value | null)?.[kind]);
    }
  }

  private view({ id, created, edited, editor, properties }: Page): object {
    return {
      object: 'page',
      id,
      created_time: created.toISOString(),
      // Notion rounds down to the minute.
      last_edited_time: new Date(Math.floor(edited.getTime() / 60_000) * 60_000).toISOString(),
      in_trash: false,
      archived: false,
      is_locked: false,
      parent: { type: 'data_source_id', data_source_id: DATA_SOURCE_ID, database_id: DATABASE_ID },
      properties: Object.fromEntries(
        Object.entries(SCHEMA).map(([name, type], index) => [
          name,
          { id: `p${index}`, type, [type]: properties[name]?.[type] ?? empty(type) },
        ]),
      ),
      url: `https://www.notion.so/${id.replaceAll('-', '')}`,
      public_url: null,
      icon: null,
      cover: null,
      created_by: { object: 'user', id: PERSON_ID },
      last_edited_by: { object: 'user', id: editor },
    };
  }

  private announce(type: string, page: Page, author: Author): void {
    const event = {
      id: randomUUID(),
      timestamp: new Date().toISOString(),
      workspace_id: '00000000-0000-4000-8000-0000000000a0',
      workspace_name: 'Simulator',
      subscription_id: '00000000-0000-4000-8000-0000000000a1',
      integration_id: '00000000-0000-4000-8000-0000000000a2',
      authors: [{ id: author === 'bot' ? BOT_ID : PERSON_ID, type: author }],
      api_version: '2026-03-11',
      type,
      entity: { id: page.id, type: 'page' },
      data: { parent: { id: DATABASE_ID, type: 'database', data_source_id: DATA_SOURCE_ID } },
    };
    const drawn = Math.random();
    if (drawn < this.webhooks.drop) return;
    void this.deliver(event, 1);
    if (drawn < this.webhooks.drop + this.webhooks.duplicate) void this.deliver(event, 1);
  }

  private async deliver(event: object, attempt: number): Promise<void> {
    if (!this.subscription) return;
    const { url, token } = this.subscription;
    const response = await this.post(url, JSON.stringify({ ...event, attempt_number: attempt }), token);
    const delay = REDELIVERY_MS[attempt - 1];
    if (response?.ok || delay === undefined) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.deliver(event, attempt + 1);
    }, delay);
    this.timers.add(timer);
  }

  private async post(url: string, body: string, verificationToken: string): Promise<Response | null> {
    const signature = await signWebhookPayload({ body, verificationToken });
    const headers = { 'content-type': 'application/json', 'x-notion-signature': signature };
    return fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) }).catch(() => null);
  }
}

/** An error as Notion answers it. */
export function notionError(status: number, code: string, message: string): WireError {
  return new WireError(status, { object: 'error', status, code, message, request_id: randomUUID() });
}

function blocksOf(body: string): object[] {
  return body.split('\n').flatMap((line) => {
    const [, marks = '', content = ''] = /^(#{0,3}) ?(.*)$/.exec(line) ?? [];
    if (!content) return [];
    const type = marks ? `heading_${marks.length}` : 'paragraph';
    const rich_text = (content.match(/[\s\S]{1,2000}/g) ?? []).map((piece) => ({
      type: 'text',
      text: { content: piece, link: null },
      plain_text: piece,
      href: null,
    }));
    return [{ object: 'block', id: randomUUID(), type, has_children: false, in_trash: false, [type]: { rich_text, color: 'default' } }];
  });
}

function accepted(name: string, kind: string, value: unknown): Value {
  if (kind === 'status') {
    const option = (value as { name?: string } | null)?.name ?? '';
    if (!STATUS_OPTIONS.includes(option))
      throw notionError(400, 'validation_error', `Status option "${option}" does not exist on property "${name}".`);
  }
  if (kind !== 'title' && kind !== 'rich_text') return { [kind]: value ?? null };
  if (!Array.isArray(value))
    throw notionError(400, 'validation_error', `body failed validation: body.properties.${name}.${kind} should be an array.`);
  const pieces = value.map((piece: { text?: { content?: string } }) => piece.text?.content ?? '');
  const long = pieces.find((piece) => piece.length > 2_000);
  if (long)
    throw notionError(
      400,
      'validation_error',
      `body failed validation: body.properties.${name}.${kind}[0].text.content.length should be ≤ \`2000\`, instead was \`${long.length}\`.`,
    );
  return { [kind]: pieces.map((content) => ({ type: 'text', text: { content, link: null }, plain_text: content, href: null })) };
}

function empty(kind: string): unknown {
  return kind === 'title' || kind === 'rich_text' || kind === 'files' ? [] : null;
}

function plain(value: Value | undefined): string | number | null {
  if (!value) return null;
  const [content] = Object.values(value);
  if (Array.isArray(content)) return content.map((piece: { plain_text?: string }) => piece.plain_text ?? '').join('');
  if (typeof content === 'number' || typeof content === 'string') return content;
  return (content as { name?: string } | null)?.name ?? null;
}
