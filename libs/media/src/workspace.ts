import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { IMAGE_FOLDERS, type ImageRole, type ItemKind } from '#pipeline';
import { writeWhole } from './atomic-file.js';

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
  caption: single('captions.srt'),
  thumbnail: ({ position }) => `thumbnail_${position + 1}.jpg`,
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
   * Where something that is made only to be reviewed is kept, relative to the root.
   * @throws RangeError as `artifactPath`
   */
  reviewPath(owner: { channelId: string; taskId: string }, name: string): string {
    const unsafe = [owner.channelId, owner.taskId, name].find((part) => !SAFE.test(part));
    if (unsafe !== undefined) throw new RangeError(`"${unsafe}" cannot be part of a path`);
    return `${owner.channelId}/${owner.taskId}/.review/${name}`;
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
   * Removes a task's files but those named (relative to the root), and the folders that are empty then; returns how much that has freed (bytes).
   * @throws RangeError as `artifactPath`
   */
  async clean(owner: { channelId: string; taskId: string }, keep: readonly string[]): Promise<number> {
    const unsafe = [owner.channelId, owner.taskId].find((part) => !SAFE.test(part));
    if (unsafe !== undefined) throw new RangeError(`"${unsafe}" cannot be part of a path`);
    const kept = new Set(keep.map((path) => this.absolute(path)));
    const folder = this.absolute(`${owner.channelId}/${owner.taskId}`);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    let freed = 0;
    for (const entry of entries.filter((found) => !found.isDirectory())) {
      const path = join(entry.parentPath, entry.name);
      if (kept.has(path)) continue;
      freed += (await stat(path)).size;
      await rm(path);
    }
    // The deepest first; a folder with something left in it stays.
    const folders = entries.filter((found) => found.isDirectory()).map((found) => join(found.parentPath, found.name));
    for (const path of [...folders.sort().reverse(), folder]) await rmdir(path).catch(() => undefined);
    return freed;
  }

  /** Writes a file of the workspace as `writeWhole` says. */
  async write<T>(relative: string, make: (temporary: string) => Promise<T>): Promise<T> {
    return writeWhole(this.absolute(relative), make);
  }
}
