import { EventEmitter } from 'node:events';
import { STEPS, type Status } from '#pipeline';
import { Client } from 'pg';
import type { House } from './house.js';
import { monotonic } from './record.js';
import { titleOf, videoOf } from './storyteller.js';

/** Where somebody is asked before a video goes on, but for the last gate, where it is finished. */
const GATES = ['assets_ready', 'video_ready', 'audio_ready'];
const FINISHED = 'final_review';
/** Requests that are under way at once: as many as a few busy people would send. */
const AT_ONCE = 8;
/** Videos that one request may plan. */
const BULK = 200;

/** A change of a video's status, as the database tells it. */
interface Change {
  readonly id: string;
  readonly status: Status;
  readonly video: number;
}

/**
 * Those who plan videos and look at them; nobody takes any time. They hear of a gate from the database and not from the gateway's stream of events, which tells of a
 * video once a second: on a scaled clock that second would be minutes.
 */
export class People {
  /** When each video came to its final review (ms, monotonic). */
  readonly finished = new Map<number, number>();
  private readonly news = new EventEmitter<{ finished: [number]; failed: [Error] }>();

  private constructor(
    private readonly house: House,
    private readonly client: Client,
    private readonly gates: readonly string[],
  ) {
    this.news.setMaxListeners(0);
    // Whoever waits is told; nobody need be waiting.
    this.news.on('failed', () => undefined);
  }

  /**
   * Has people watch a house while the work is done.
   * @param gates those that they let videos pass
   */
  static async in<T>(house: House, work: (people: People) => Promise<T>, gates: readonly string[] = GATES): Promise<T> {
    const client = new Client({ connectionString: house.databaseUrl });
    const people = new People(house, client, gates);
    await client.connect();
    try {
      await people.listen();
      return await work(people);
    } finally {
      await client.end();
    }
  }

  /** Plans and queues videos, each on its channel. */
  async plan(videos: readonly { video: number; channel: string }[]): Promise<void> {
    const tasks = videos.map(({ video, channel }) => ({ channel, title: titleOf(video) }));
    for (let from = 0; from < tasks.length; from += BULK) {
      const { failed } = await this.post<{ failed: number }>('tasks/bulk-create', { tasks: tasks.slice(from, from + BULK) });
      if (failed > 0) throw new Error(`${failed} videos could not be planned`);
    }
  }

  /** Lets videos pass the gates where they wait. */
  async approve(taskIds: readonly string[]): Promise<void> {
    const left = [...taskIds];
    const next = async (): Promise<void> => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) await this.post(`tasks/${id}/approve`, { reviewer: 'benchmark' });
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  /** Waits until so many videos are finished. @throws Error when one has stopped, or after that time (ms) */
  async waitFor(count: number, withinMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const look = () => {
      if (this.finished.size >= count) resolve(undefined);
    };
    const timer = setTimeout(() => {
      reject(new Error(`Only ${this.finished.size} of ${count} videos were finished within ${Math.round(withinMs / 1_000)} s`));
    }, withinMs);
    this.news.on('finished', look).on('failed', reject);
    look();
    await promise.finally(() => {
      clearTimeout(timer);
      this.news.off('finished', look).off('failed', reject);
    });
  }

  private async listen(): Promise<void> {
    const told = [...this.gates, FINISHED, ...new Set(STEPS.map(({ error }) => error))].map((status) => `'${status}'`).join(', ');
    await this.client.query(`
      CREATE OR REPLACE FUNCTION tell_benchmark() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('benchmark', json_build_object('id', NEW.id, 'status', NEW.status, 'title', NEW.title)::text);
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER tr_benchmark AFTER UPDATE OF status ON tasks
        FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN (${told})) EXECUTE FUNCTION tell_benchmark();
      LISTEN benchmark`);
    this.client.on('notification', ({ payload = '' }) => {
      const { title, ...change } = JSON.parse(payload) as { id: string; status: Status; title: string };
      void this.heard({ ...change, video: videoOf(title) }).catch((error: unknown) => {
        this.news.emit('failed', error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  private async heard({ id, status, video }: Change): Promise<void> {
    if (status === FINISHED) {
      this.finished.set(video, monotonic());
      this.news.emit('finished', video);
    } else if (this.gates.includes(status)) await this.approve([id]);
    else throw new Error(`Video ${video} has stopped (${status}): ${await this.why(id)}`);
  }

  private async why(id: string): Promise<string> {
    const [task] = await this.house.query<{ error_message: string | null }>('SELECT error_message FROM tasks WHERE id = $1', [id]);
    return task?.error_message ?? 'no reason is known';
  }

  private async post<T>(path: string, body: object): Promise<T> {
    const response = await fetch(`${this.house.gatewayUrl}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { data: T }).data;
  }
}
