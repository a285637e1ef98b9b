import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';

/**
 * Lets `make` write a file under a temporary name; it gets its own name only when `make` succeeds, and nothing is left when it fails. What a killed
 * writer of the same file has left is removed, so that it cannot be put into place later: one file, one writer at a time.
 */
export async function writeWhole<T>(path: string, make: (temporary: string) => Promise<T>): Promise<T> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  await removeLeftovers(folder, basename(path));
  // The ending stays last: FFmpeg and sharp choose the format by it.
  const temporary = join(folder, `.${randomUUID()}.${basename(path)}`);
  try {
    const made = await make(temporary);
    await flush(temporary);
    await rename(temporary, path);
    return made;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Work with files that are gone when it is over, in a folder beside its result: where that fits, they do, too. */
export async function beside<T>(out: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(dirname(out), { recursive: true });
  // Named like what it is for, so that whoever writes that next removes what a killed process has left.
  const folder = await mkdtemp(join(dirname(out), `.work.${basename(out)}.`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeLeftovers(folder: string, name: string): Promise<void> {
  const left = (await readdir(folder)).filter((file) => file.startsWith('.') && file.includes(`.${name}`));
  await Promise.all(left.map((file) => rm(join(folder, file), { force: true, recursive: true })));
}

/** A rename can reach the disk before the bytes do. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
