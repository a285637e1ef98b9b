import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { randomUUID } from 'node:crypto';
import { IMAGE_FOLDERS, type ImageRole, type ItemKind } from '#pipeline';

/** What a file's name is made from. */
export interface FileOf {
  kind: ItemKind;
  /** Place among the items of its kind, from 0; in names it counts from 001. */
  position: number;
  revision: number;
  /** Of an image: its key and role. */
  name?: string;
  role?: ImageRole;
}

const numbered = (folder: string, extension: string) => (item: FileOf) =>
  `${folder}/${String(item.position + 1).padStart(3, '0')}.${extension}`;
const single = (file: string) => () => file;

/** Where the files of each kind are, inside a task's folder. */
const FILES: Record<ItemKind, (item: FileOf) => string> = {
  storyboard: single('storyboard.json'),
  image: ({ name, role }) => `assets/${IMAGE_FOLDERS[role ?? 'prop']}/${name ?? ''}.png`,
  composite: numbered('composites', 'png'),
  clip: numbered('videos', 'mp4'),
  narration: numbered('audio', 'mp3'),
  sound_effect: numbered('sfx', 'wav'),
  cut: single('final.mp4'),
  publication: single('publication.json'),
};

const SAFE = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Every path of the product is made here, and none leads out of the root. */
export class Workspace {
  private readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /**
   * Where an artifact's file belongs, relative to the root. A later revision has a name of its own, so nothing that was approved is overwritten.
   * @throws RangeError when an id or a name could lead elsewhere
   */
  artifactPath(owner: { channelId: string; taskId: string }, item: FileOf): string {
    const given = [owner.channelId, owner.taskId, ...(item.kind === 'image' ? [item.name ?? ''] : [])];
    const unsafe = given.find((part) => !SAFE.test(part));
    if (unsafe !== undefined) throw new RangeError(`"${unsafe}" cannot be part of a path`);
    const path = FILES[item.kind](item);
    const revised = item.revision === 1 ? path : path.replace(/(\.\w+)$/, `-r${item.revision}$1`);
    return `${owner.channelId}/${owner.taskId}/${revised}`;
  }

  /**
   * Where a paid call's file and journal are kept until its artifact is committed, relative to the root: a worker that comes after a crash finds there what was paid for.
   * @throws RangeError as `artifactPath`
   */
  callPath(owner: { channelId: string; taskId: string }, callId: string, extension: string): string {
    const unsafe = [owner.channelId, owner.taskId, callId].find((part) => !SAFE.test(part));
    if (unsafe !== undefined) throw new RangeError(`"${unsafe}" cannot be part of a path`);
    return `${owner.channelId}/${owner.taskId}/.calls/${callId}${extension}`;
  }

  /**
   * The absolute path of a file of the workspace.
   * @throws RangeError when it would lie outside
   */
  absolute(relative: string): string {
    const path = resolve(this.root, relative);
    if (!path.startsWith(this.root + sep)) throw new RangeError(`"${relative}" lies outside the workspace`);
    return path;
  }

  /**
   * Lets `make` write a file under a temporary name; it gets its own name only when `make` succeeds, and nothing is left when it fails. What a killed
   * writer of the same file has left is removed, so that it cannot be put into place later: one file, one writer at a time.
   */
  async write<T>(relative: string, make: (temporary: string) => Promise<T>): Promise<T> {
    const path = this.absolute(relative);
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
}

async function removeLeftovers(folder: string, name: string): Promise<void> {
  const left = (await readdir(folder)).filter((file) => file.startsWith('.') && file.includes(`.${name}`));
  await Promise.all(left.map((file) => rm(join(folder, file), { force: true })));
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
