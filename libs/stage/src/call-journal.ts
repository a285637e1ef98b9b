import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { outcomeOf, type Outcome } from './script-events.js';

/**
 * What became of a paid call, by its journal. Where there is none the provider was not asked; it is made then, with `void`, so that a script that is late
 * finds it and does not ask any more.
 */
export async function readOutcome(journal: string): Promise<Outcome> {
  await mkdir(dirname(journal), { recursive: true });
  const created = await open(journal, 'wx').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  });
  if (!created) return outcomeOf(await readFile(journal, 'utf8'));
  try {
    await created.appendFile('{"event":"void"}\n');
  } finally {
    await created.close();
  }
  return { event: 'void' };
}
