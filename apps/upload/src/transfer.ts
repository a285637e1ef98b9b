import { Database, TokenCipher, type PublicationRow } from '#database';
import { settings, type Settings } from '#config';
import { LONGEST_TAGS, permanent, reached, tagsLength, transient, waiting, type PublishedMetadata } from '#pipeline';
import type { UploadSession, YouTubeClient } from '#providers/youtube';
import { announceProgress } from '#stage';
import { ChannelYouTube } from '#youtube';
import { Inject, Injectable } from '@nestjs/common';

/** A publication whose video is on YouTube. */
export type Uploaded = PublicationRow & { videoId: string };

/** YouTube lists a new video some time after it was uploaded, so it is looked for so often, with so much time between (ms). */
const SEARCHES = 4;
const SEARCH_AGAIN_MS = 5 * 60_000;

/** A channel's YouTube, and the playlist of its uploads. */
interface Place {
  client: YouTubeClient;
  uploads: string;
}

/**
 * Brings a file to YouTube exactly once.
 *
 * The session is stored before its first byte; whoever comes later asks it what YouTube has, and goes on from there or takes the video that is already whole.
 * Before the last piece goes out that is recorded: only from then on a video can exist of which we do not know. If the session has ended by then, the
 * channel's uploads are searched for the task's mark; what is not found is a person's decision, never a second upload.
 */
@Injectable()
export class Transfer {
  private readonly cipher: TokenCipher;
  private readonly pieceBytes: number;

  constructor(
    private readonly database: Database,
    private readonly youtube: ChannelYouTube,
    @Inject(settings.KEY) values: Settings,
  ) {
    this.cipher = TokenCipher.of(values);
    this.pieceBytes = values.YOUTUBE_CHUNK_KIB * 1024;
  }

  /** @throws Failure when it was broken off, or nobody can know whether the video is there */
  async bringUp(publication: PublicationRow, file: string, signal: AbortSignal): Promise<Uploaded> {
    if (isUploaded(publication)) return publication;
    const place = await this.youtube.own(publication.channelId);
    await this.settleEarlier(publication, place);
    const session = await this.sessionOf(publication, place);
    if ('found' in session) return this.recorded(publication, session.found);
    const sent = await session.upload.sendFile(file, {
      offset: session.received,
      pieceBytes: this.pieceBytes,
      signal,
      events: {
        ending: () => this.database.publications.change(publication.id, { endingAt: new Date() }),
        sent: async (bytes) => {
          await this.database.publications.change(publication.id, { sentBytes: bytes });
          await announceProgress(this.database, publication.taskId);
        },
      },
    });
    if (sent.state === 'done') return this.recorded(publication, sent.videoId);
    throw transient({
      code: 'YOUTUBE_SESSION_ENDED',
      message: 'The upload session has ended under way',
      userMessage: 'YouTube has ended the upload. It goes on by itself.',
    });
  }

  /** The session to go on with: the stored one, or a new one where the stored one can have made no video. Or the video that it has made. */
  private async sessionOf(
    publication: PublicationRow,
    place: Place,
  ): Promise<{ upload: UploadSession; received: number } | { found: string }> {
    if (publication.sessionEncrypted) {
      const upload = place.client.session(this.cipher.decrypt(publication.sessionEncrypted, publication.taskId));
      const known = await upload.ask(publication.bytes);
      if (known.state === 'done') return { found: known.videoId };
      if (known.state === 'open') return { upload, received: known.received };
      if (publication.endingAt) return { found: await this.search(publication, place) };
    }
    const upload = await place.client.openUpload(marked(publication), publication.bytes);
    reached('session_opened');
    await this.database.publications.sessionOpened(publication.id, this.cipher.encrypt(upload.address, publication.taskId));
    reached('session_stored');
    return { upload, received: 0 };
  }

  /** The video that an ended session may have made. */
  private async search(publication: PublicationRow, place: Place): Promise<string> {
    const { id, taskId, state } = publication;
    const found = await this.marked(taskId, place);
    if (found) return found;
    const searches = publication.searches + 1;
    const isLast = searches >= SEARCHES || state === 'unknown';
    await this.database.publications.change(id, { searches, ...(isLast && { state: 'unknown' }) });
    if (isLast) throw outcomeUnknown();
    throw waiting({
      code: 'YOUTUBE_OUTCOME_SEARCHED',
      message: `The session has ended and no video with the mark of ${taskId} is listed; search ${searches} of ${SEARCHES}`,
      userMessage: 'The upload was cut off at its end; the channel is being searched for the video.',
      retryAfterMs: SEARCH_AGAIN_MS,
    });
  }

  /** What became of publications of the same task that a person has replaced: none of them may have left a video behind. */
  private async settleEarlier(publication: PublicationRow, place: Place): Promise<void> {
    const all = await this.database.publications.ofTask(publication.taskId);
    for (const earlier of all) {
      if (earlier.id === publication.id || earlier.state === 'given_up' || earlier.state === 'gone') continue;
      const videoId = earlier.videoId ?? (await this.leftBehind(earlier, place));
      if (!videoId) {
        await this.database.publications.change(earlier.id, { state: 'given_up' });
        continue;
      }
      if (!earlier.videoId) await this.database.publications.uploaded(earlier.id, videoId);
      if (await place.client.video(videoId)) throw alreadyThere(videoId);
      await this.database.publications.change(earlier.id, { state: 'gone' });
    }
  }

  private async leftBehind(earlier: PublicationRow, place: Place): Promise<string | null> {
    if (!earlier.sessionEncrypted) return null;
    const state = await place.client.session(this.cipher.decrypt(earlier.sessionEncrypted, earlier.taskId)).ask(earlier.bytes);
    if (state.state === 'done') return state.videoId;
    return earlier.endingAt ? this.marked(earlier.taskId, place) : null;
  }

  /** The task's video among those that the channel has and that nobody here knows. */
  private async marked(taskId: string, { client, uploads }: Place): Promise<string | null> {
    const ids = await client.latest(uploads);
    const known = await this.database.publications.known(ids);
    const strangers = await client.videos(ids.filter((id) => !known.has(id)));
    return strangers.find(({ tags }) => tags.includes(markOf(taskId)))?.id ?? null;
  }

  private async recorded(publication: PublicationRow, videoId: string): Promise<Uploaded> {
    if (!(await this.database.publications.uploaded(publication.id, videoId)))
      throw new Error(`Another video than ${videoId} is recorded for publication ${publication.id}`);
    reached('video_recorded');
    return Object.assign(publication, { videoId, state: 'uploaded' as const });
  }
}

function isUploaded(publication: PublicationRow): publication is Uploaded {
  return publication.videoId !== null;
}

/** By this tag a video is found of which no answer came; it goes when the video is switched. */
const markOf = (taskId: string) => `task-${taskId}`;

function marked({ metadata, taskId }: PublicationRow): PublishedMetadata {
  const tags = [markOf(taskId)];
  for (const tag of metadata.tags) if (tagsLength([...tags, tag]) <= LONGEST_TAGS) tags.push(tag);
  return { ...metadata, tags };
}

function outcomeUnknown() {
  return permanent({
    code: 'UPLOAD_OUTCOME_UNKNOWN',
    message: 'The upload session has ended, its last piece may have arrived, and the channel lists no video with our mark',
    userMessage:
      'An upload was cut off at its very end, and YouTube does not say whether the video is there. Look in YouTube Studio. If it is there, retry the task: it is found by its tag. If it is not, have it sent anew (redo: publication).',
  });
}

function alreadyThere(videoId: string) {
  return permanent({
    code: 'VIDEO_ALREADY_UPLOADED',
    message: `An earlier publication of the task has left ${videoId} on YouTube`,
    userMessage: `YouTube has this task's video already (${videoId}, private), from before it was made again. Delete it in YouTube Studio, then retry the task.`,
  });
}
