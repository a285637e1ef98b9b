import { open, rm } from 'node:fs/promises';
import { permanent, type JournalEntry } from '#pipeline';

/** The journal of a paid call: on the disk before the call is made, so that it tells what became of it even when nobody is left who could. */
export class Journal {
  private begun = false;

  constructor(private readonly path: string) {}

  /**
   * Says that the call is about to be made.
   * @throws Failure CALL_VOID when there is a journal already: somebody has given this script up, and makes the call themselves
   */
  async begin(): Promise<void> {
    await this.append('wx', { event: 'calling' }).catch(async (cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
        throw permanent({
          code: 'CALL_VOID',
          message: `${this.path} exists`,
          userMessage: 'This call was taken over by another process, so it was not made here.',
          cause,
        });
      }
      // Made, but not written to: it would look like a call.
      await rm(this.path, { force: true });
      throw cause;
    });
    this.begun = true;
  }

  /** Adds an entry; before the call there is nothing to be told. */
  async write(entry: JournalEntry): Promise<void> {
    if (this.begun) await this.append('a', entry);
  }

  private async append(flags: 'wx' | 'a', entry: JournalEntry): Promise<void> {
    const file = await open(this.path, flags);
    try {
      await file.appendFile(`${JSON.stringify(entry)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
