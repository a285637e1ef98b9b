import { extname } from 'node:path';
import type { ArtifactRow } from '#database';
import {
  checksum,
  expectMedia,
  inspectClip,
  inspectImage,
  inspectNarration,
  inspectSoundEffect,
  Workspace,
  type FileOf,
  type MediaExpectation,
  type MediaInfo,
} from '#media';
import { SHAPES, narrationSeconds, reached, transient, type Finding, type ItemInput, type ItemKind } from '#pipeline';
import { Injectable } from '@nestjs/common';

/** What the file of each kind must be before it counts; null where it is text. The cut's size is its channel's: see `expectedOf`. */
const EXPECTED: Record<ItemKind, MediaExpectation | null> = {
  storyboard: null,
  image: { kind: 'image' },
  composite: { kind: 'image', ...SHAPES.landscape },
  clip: { kind: 'video', minDurationMs: 1_000 },
  narration: { kind: 'audio', minDurationMs: 100 },
  sound_effect: { kind: 'audio', minDurationMs: 100 },
  cut: { kind: 'video', minDurationMs: 100 },
  caption: null,
  thumbnail: { kind: 'image', width: 1280, height: 720 },
  publication: null,
};

/** A file that is whole. */
interface WholeFile<K extends ItemKind> {
  readonly path: string;
  readonly media: MediaInfo;
  readonly input: ItemInput<K>;
  readonly signal: AbortSignal;
}

/** How the file of each kind is inspected before a person looks at it; null where nobody knows better than whoever made it. */
const INSPECTED: { readonly [K in ItemKind]: ((file: WholeFile<K>) => Promise<Finding[]>) | null } = {
  storyboard: null,
  image: ({ path }) => inspectImage(path),
  composite: null,
  clip: ({ path, media, input, signal }) => inspectClip(path, media, input.seconds * 1_000, signal),
  narration: ({ path, media, input, signal }) => inspectNarration(path, media, narrationSeconds(input.text) * 1_000, signal),
  sound_effect: ({ path, media, signal }) => inspectSoundEffect(path, media, signal),
  cut: null,
  caption: null,
  thumbnail: null,
  publication: null,
};

/** A file that is whole and in its place. */
export interface PlacedFile {
  /** Relative to the workspace. */
  path: string;
  checksum: string;
  bytes: number;
  durationMs: number | null;
}

/** Brings items' files into the workspace: made under a temporary name, probed, inspected, named, renamed. */
@Injectable()
export class ItemFiles {
  constructor(private readonly workspace: Workspace) {}

  /** The absolute path of a finished artifact. */
  absolute(artifact: ArtifactRow): string {
    if (!artifact.path) throw new Error(`The ${artifact.kind} ${artifact.id} has no file yet`);
    return this.workspace.absolute(artifact.path);
  }

  /**
   * Lets `make` write an artifact's file and puts it into its place once it has been found whole.
   * @param ours asked right before the file is put there, with what is wrong with it: false when somebody else makes the item by now. What it throws
   *   keeps the file out
   * @throws Failure naming what is wrong with the file, or LEASE_LOST
   */
  async place<T extends { readonly findings?: readonly Finding[] }>(
    artifact: ArtifactRow,
    make: (out: string) => Promise<T>,
    ours: (findings: readonly Finding[]) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<{ made: T; file: PlacedFile; findings: Finding[] }> {
    const path = this.path(artifact);
    const placed = await this.workspace.write(path, async (out) => {
      const made = await make(out);
      const expected = expectedOf(artifact);
      const media = expected && (await expectMedia(out, expected));
      const findings = [...(media ? await inspected(artifact, out, media, signal) : []), ...(made.findings ?? [])];
      const sum = await checksum(out);
      reached('file_checked');
      if (!(await ours(findings))) throw leaseLost();
      return { made, file: { path, ...sum, durationMs: media?.durationMs ?? null }, findings };
    });
    reached('file_placed');
    return placed;
  }

  /** Where a paid call of an item leaves its file and its journal; both absolute. */
  call(artifact: ArtifactRow, callId: string): { product: string; journal: string } {
    const at = (extension: string) => this.workspace.absolute(this.workspace.callPath(artifact, callId, extension));
    return { product: at(extname(this.path(artifact))), journal: at('.jsonl') };
  }

  private path(artifact: ArtifactRow): string {
    return this.workspace.artifactPath(artifact, fileOf(artifact));
  }
}

function expectedOf({ kind, input }: ArtifactRow): MediaExpectation | null {
  const expected = EXPECTED[kind];
  return expected && kind === 'cut' ? { ...expected, ...SHAPES[(input as ItemInput<'cut'>).shape ?? 'landscape'] } : expected;
}

async function inspected<K extends ItemKind>(
  { kind, input }: ArtifactRow<K>,
  path: string,
  media: MediaInfo,
  signal: AbortSignal,
): Promise<Finding[]> {
  return (await INSPECTED[kind]?.({ path, media, input, signal })) ?? [];
}

function leaseLost() {
  return transient({
    code: 'LEASE_LOST',
    message: 'Somebody else makes this item by now',
    userMessage: 'The item was taken over by another process; it goes on by itself.',
  });
}

/** What the file's name is made from; an image's also from its key. */
function fileOf({ kind, position, revision, input }: ArtifactRow): FileOf {
  if (kind !== 'image') return { kind, position, revision };
  const { key, role } = input as ItemInput<'image'>;
  return { kind, position, revision, name: key, role };
}
