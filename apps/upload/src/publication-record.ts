import { Database, type ArtifactRow, type PublicationRow } from '#database';
import { checksum } from '#media';
import {
  chaptersOf,
  describeProblems,
  fullDescription,
  permanent,
  videoTextProblems,
  type PublicationStepName,
  type PublishedMetadata,
} from '#pipeline';
import type { Item } from '#stage';
import { Injectable } from '@nestjs/common';

/** The files that a video is published from. */
export interface PublishedFiles {
  readonly cut: ArtifactRow<'cut'>;
  /** The chosen one; null in a video from before there were any. */
  readonly thumbnail: ArtifactRow<'thumbnail'> | null;
  readonly captions: ArtifactRow<'caption'> | null;
}

/** What is published: written before anything is sent, from nothing but what a person has approved, and from then on as it is. */
@Injectable()
export class PublicationRecord {
  constructor(private readonly database: Database) {}

  /**
   * The item's publication: as it was when the first byte was sent, or as the channel wants it now.
   * @throws Failure when something was not approved as it is, a file has changed, or YouTube would refuse the text
   */
  async begin(item: Item<'publication'>): Promise<{ publication: PublicationRow; files: PublishedFiles }> {
    const files = await this.approvedFiles(item);
    const known = await this.database.publications.sent(item.id);
    if (known) return { publication: known, files };
    const { task } = item;
    const { youtube } = task.channel;
    const { bytes, sha256 } = await checksumOf(item.file(files.cut));
    if (sha256 !== files.cut.checksum) throw changed(files.cut);
    const publication = await this.database.publications.begin(
      {
        channelId: task.channelId,
        taskId: task.id,
        artifactId: item.id,
        checksum: sha256,
        bytes,
        metadata: await metadataOf(item, files.cut),
        privacy: youtube.privacy,
        publishAt: task.publishAt,
      },
      stepsOf(item, files),
    );
    return { publication, files };
  }

  private async approvedFiles(item: Item<'publication'>): Promise<PublishedFiles> {
    const [[cut], thumbnails, [captions = null]] = await Promise.all([item.ready('cut'), item.ready('thumbnail'), item.ready('caption')]);
    if (!cut) throw missing('final cut');
    const thumbnail = thumbnails.find(({ position }) => position === item.task.thumbnail - 1) ?? null;
    const reviews = await this.database.reviews.ofTask(item.task.id);
    const approval = reviews.findLast(({ gate }) => gate === 'final_review');
    const isApproved = (artifact: ArtifactRow) =>
      approval?.decision === 'approve' &&
      approval.shown.some(({ artifact_id, checksum: shown }) => artifact_id === artifact.id && shown === artifact.checksum);
    const unseen = [cut, thumbnail, captions].find((artifact) => artifact !== null && !isApproved(artifact));
    if (unseen) throw notApproved(unseen);
    return { cut, thumbnail, captions };
  }
}

/** What is done for the video besides its upload. */
function stepsOf({ task }: Item<'publication'>, { thumbnail, captions }: PublishedFiles): PublicationStepName[] {
  return [
    ...(thumbnail ? ['thumbnail' as const] : []),
    ...(task.channel.youtube.playlist_id ? ['playlist' as const] : []),
    ...(captions?.result?.captions ? ['captions' as const] : []),
  ];
}

async function metadataOf({ input, task: { channel }, ready }: Item<'publication'>, cut: ArtifactRow<'cut'>): Promise<PublishedMetadata> {
  const [storyboard] = await ready('storyboard');
  // What comes before the first scene belongs to its chapter: YouTube wants one that begins at 0.
  const durations = cut.result?.scenes.map(({ start_ms, duration_ms }, index) => (index === 0 ? start_ms : 0) + duration_ms) ?? [];
  const chapters = chaptersOf(storyboard?.result?.storyboard.scenes ?? [], durations);
  const { youtube, language } = channel;
  const text = { ...input, description: fullDescription(input.description, chapters, youtube.credits) };
  const problems = videoTextProblems(text);
  if (problems.length > 0) {
    throw permanent({
      code: 'METADATA_INVALID',
      message: describeProblems(problems),
      userMessage: `YouTube would not take this: ${describeProblems(problems)}. Shorten youtube.credits in the channel's file, then retry; or have the storyboard made again.`,
    });
  }
  return {
    ...text,
    category_id: youtube.category_id,
    language,
    made_for_kids: youtube.made_for_kids,
    synthetic_media: youtube.synthetic_media,
  };
}

async function checksumOf(file: string): Promise<{ bytes: number; sha256: string }> {
  const { bytes, checksum: sha256 } = await checksum(file);
  return { bytes, sha256 };
}

function missing(what: string) {
  return permanent({
    code: 'ITEM_MISSING',
    message: `No ${what} is ready`,
    userMessage: `The ${what} is missing. Ask for it to be made again.`,
  });
}

function notApproved({ kind, position }: ArtifactRow) {
  return permanent({
    code: 'NOT_APPROVED',
    message: `Nobody has approved ${kind} ${position} as it is now`,
    userMessage: `The ${kind} is not the one that was approved at the final review, so nothing is published. Have the cut made again and approve it.`,
  });
}

function changed({ kind, path }: ArtifactRow) {
  return permanent({
    code: 'FILE_CHANGED',
    message: `${path ?? kind} is not the file that was approved: its checksum differs`,
    userMessage: `The file of the ${kind} has changed since it was approved, so it is not published. Have the cut made again and approve it.`,
  });
}
