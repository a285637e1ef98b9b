import type { ArtifactRow } from '#database';
import { checksum, type FileOf, type Workspace } from '#media';
import { transient, type Finding, type ItemInput, type ItemKind } from '#pipeline';
import { ItemFiles } from '#stage';

/** How long the small files last (ms); null of what has no length. */
const LENGTHS_MS: Readonly<Partial<Record<ItemKind, number>>> = { clip: 1_000, narration: 1_000, sound_effect: 1_000, cut: 1_000 };

/**
 * Puts items' files into their places as the product does, but does not probe and inspect them: that is work of FFmpeg's, a process or two for each item,
 * and on a small machine it would be all that is measured.
 */
export class UninspectedFiles extends ItemFiles {
  constructor(private readonly root: Workspace) {
    super(root);
  }

  override async place<T extends { readonly findings?: readonly Finding[] }>(
    artifact: ArtifactRow,
    make: (out: string) => Promise<T>,
    ours: (findings: readonly Finding[]) => Promise<boolean>,
  ) {
    const path = this.root.artifactPath(artifact, fileOf(artifact));
    return this.root.write(path, async (out) => {
      const made = await make(out);
      const sum = await checksum(out);
      if (!(await ours([])))
        throw transient({ code: 'LEASE_LOST', message: 'Somebody else makes this item by now', userMessage: 'It goes on by itself.' });
      return { made, file: { path, ...sum, durationMs: LENGTHS_MS[artifact.kind] ?? null }, findings: [] };
    });
  }
}

function fileOf({ kind, position, revision, input }: ArtifactRow): FileOf {
  if (kind !== 'image') return { kind, position, revision };
  const { key, role } = input as ItemInput<'image'>;
  return { kind, position, revision, name: key, role };
}
