import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Changes, type Change } from '../content/changes.js';
import type { Author } from '../content/users.js';
import { Settings } from '../settings.js';

/** One or more changes of a kind to the same thing, told as one. */
export interface Happening {
  type: string;
  entity: Change['entity'];
  authors: Author[];
  data: Change['data'];
  /** When the last of them happened. */
  at: Date;
}

/** Types that Notion tells of at once, each time. */
const NEVER_GATHERED = ['page.locked', 'page.unlocked'];

type Listener = (happening: Happening) => void;

/** Gathers changes of a kind to the same thing for a while, as Notion does before it tells of them. */
@Injectable()
export class Happenings implements OnModuleDestroy {
  private readonly gathered = new Map<string, Happening>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly listeners: Listener[] = [];

  constructor(
    private readonly settings: Settings,
    changes: Changes,
  ) {
    changes.listen((change) => {
      this.add(change);
    });
  }

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  onModuleDestroy(): void {
    this.timers.forEach(clearTimeout);
  }

  private add({ type, entity, author, data, isHidden = false }: Change): void {
    if (isHidden) return;
    const happening: Happening = { type, entity, authors: [author], data, at: new Date() };
    const { aggregation_ms: waitMs } = this.settings.current;
    if (waitMs === 0 || NEVER_GATHERED.includes(type)) {
      this.tell(happening);
      return;
    }
    const key = `${type} ${entity.id}`;
    const before = this.gathered.get(key);
    this.gathered.set(key, before ? merged(before, happening) : happening);
    if (before) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const all = this.gathered.get(key);
      this.gathered.delete(key);
      if (all) this.tell(all);
    }, waitMs);
    this.timers.add(timer);
  }

  private tell(happening: Happening): void {
    for (const listener of this.listeners) listener(happening);
  }
}

function merged(one: Happening, other: Happening): Happening {
  const both = <K extends 'updated_properties' | 'updated_blocks'>(key: K) => {
    const lists = [...(one.data[key] ?? []), ...(other.data[key] ?? [])];
    return lists.length > 0 && { [key]: [...new Map(lists.map((item) => [JSON.stringify(item), item])).values()] };
  };
  return {
    ...other,
    authors: [...new Map([...one.authors, ...other.authors].map((author) => [author.id, author])).values()],
    data: { ...other.data, ...both('updated_properties'), ...both('updated_blocks') },
  };
}
