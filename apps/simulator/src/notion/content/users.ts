import { Injectable } from '@nestjs/common';
import { SIMULATED_KEY } from '#providers/registry';
import { notFound } from '../errors.js';
import { dashed, idFrom } from '../field.js';
import { Settings } from '../settings.js';
import { BOT_ID, PERSON_ID, WORKSPACE_ID, WORKSPACE_NAME } from './ids.js';

/** Who does something. */
export interface Author {
  id: string;
  type: 'person' | 'bot';
}

interface User extends Author {
  name: string;
}

const GIB = 1_024 ** 3;
const MIB = 1_024 ** 2;
/** Tokens of further connections to the same workspace. */
const FURTHER_TOKEN = new RegExp(`^${SIMULATED_KEY}-[\\w-]+$`);

/** The people and the connections of the workspace. */
@Injectable()
export class Users {
  private readonly users = new Map<string, User>();
  private readonly bots = new Map<string, User>();
  /** Who does what a person does when nobody is named. */
  readonly creator: Author;

  constructor(private readonly settings: Settings) {
    this.creator = this.add({ id: PERSON_ID, type: 'person', name: 'Creator' });
    this.bots.set(SIMULATED_KEY, this.add({ id: BOT_ID, type: 'bot', name: 'ai-video-generator' }));
  }

  /** The connection that a token belongs to: `simulated`, or `simulated-` and anything for another one; null for any other token. */
  connection(token: string): Author | null {
    const known = this.bots.get(token);
    if (known || !FURTHER_TOKEN.test(token)) return known ?? null;
    const bot = this.add({ id: idFrom(token), type: 'bot', name: token });
    this.bots.set(token, bot);
    return bot;
  }

  /** A person by id, or by a name that may be new; the creator when neither is given. */
  person({ id, name }: { id?: string | undefined; name?: string | undefined }): Author {
    if (!id && !name) return this.creator;
    const known = id ? this.users.get(id) : [...this.users.values()].find((user) => user.type === 'person' && user.name === name);
    return known ?? this.add({ id: dashed(id ?? '') ?? idFrom(`person ${name ?? id ?? ''}`), type: 'person', name: name ?? 'Somebody' });
  }

  nameOf(id: string): string {
    return this.users.get(id)?.name ?? 'Somebody';
  }

  view(id: string): object {
    const user = this.users.get(id);
    if (!user) throw notFound('user', id);
    const common = { object: 'user', id: user.id, type: user.type, name: user.name, avatar_url: null };
    if (user.type === 'person') return { ...common, person: {} };
    return {
      ...common,
      bot: {
        owner: { type: 'workspace', workspace: true },
        workspace_id: WORKSPACE_ID,
        workspace_limits: { max_file_upload_size_in_bytes: this.largestFile },
        workspace_name: WORKSPACE_NAME,
      },
    };
  }

  all(): readonly Author[] {
    return [...this.users.values()];
  }

  /** What the workspace's plan lets a file have (bytes). */
  get largestFile(): number {
    return this.settings.current.plan === 'free' ? 5 * MIB : 5 * GIB;
  }

  private add(user: User): User {
    this.users.set(user.id, user);
    return user;
  }
}
