import { stat, writeFile } from 'node:fs/promises';
import { makesSimulatedMedia, settings, youtubeAccess, type Settings } from '#config';
import { ChannelGrants } from '#grants';
import { permanent, reached, transient } from '#pipeline';
import { YouTubeClient, type VideoMetadata } from '#providers/youtube';
import { written, type Item, type Stage, type StepHandler } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** Publishes the approved cut on the channel's YouTube: private first, then as the channel wants it. */
@Injectable()
export class UploadStage implements Stage<'upload'> {
  private readonly youtube: ReturnType<typeof youtubeAccess>;

  constructor(
    private readonly grants: ChannelGrants,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.youtube = youtubeAccess(settings);
  }

  readonly publication: StepHandler<'publication'> = {
    plan: (_task, storyboard) => {
      const { title, description, tags } = written(storyboard);
      return [{ title, description, tags }];
    },
    make: async (item) => {
      const [cut] = await item.ready('cut');
      if (!cut?.path)
        throw permanent({
          code: 'ITEM_MISSING',
          message: 'No cut is ready',
          userMessage: 'The final cut is missing. Ask for it to be made again.',
        });
      const simulated = cut.simulated || makesSimulatedMedia(this.settings);
      if (simulated && !this.youtube.simulated) {
        throw permanent({
          code: 'SIMULATED_VIDEO',
          message: 'The cut holds simulated media and YouTube is the real one',
          userMessage:
            'This video was made by the simulator, so it is not published. Set the keys of all providers and make the video again.',
        });
      }
      const { youtube, privacy } = { youtube: await this.channel(item), privacy: item.task.channel.youtube.privacy };
      const videoId = await this.sendOnce(youtube, item, item.file(cut));
      const video = await youtube.setPrivacy(videoId, privacy);
      if (video.privacyStatus !== privacy) {
        throw permanent({
          code: 'PRIVACY_DIFFERS',
          message: `YouTube shows ${videoId} as ${video.privacyStatus}, not ${privacy}`,
          userMessage: `The video is on YouTube as ${video.privacyStatus}, but the channel wants ${privacy}. Change it in YouTube Studio, then retry the task.`,
        });
      }
      const result = { video_id: videoId, url: `https://www.youtube.com/watch?v=${videoId}`, privacy };
      await writeFile(item.out, JSON.stringify(result, null, 2));
      return { result, simulated };
    },
  };

  private async channel({ task }: Item<'publication'>): Promise<YouTubeClient> {
    const client = new YouTubeClient(this.youtube.baseUrl, await this.grants.accessToken(task.channelId));
    const [own, wanted] = [await client.ownChannelId(), task.channel.youtube.channel_id];
    if (own === wanted) return client;
    throw permanent({
      code: 'WRONG_YOUTUBE_CHANNEL',
      message: `The grant is for ${own}, the channel file names ${wanted}`,
      userMessage: `The stored Google grant belongs to the YouTube channel ${own}, not to ${wanted}. Connect the right channel again.`,
    });
  }

  /**
   * Brings the file to YouTube exactly once. The session is stored before its first byte; whoever comes later asks the session
   * what YouTube has, and goes on from there or takes the video that is already whole.
   */
  private async sendOnce(youtube: YouTubeClient, item: Item<'publication'>, file: string): Promise<string> {
    const { size } = await stat(file);
    const session = item.providerJobId
      ? this.grants.cipher.decrypt(item.providerJobId, item.task.id)
      : await this.openSession(youtube, item, size);
    const state = item.providerJobId ? await youtube.askSession(session, size) : ({ state: 'open', received: 0 } as const);
    if (state.state === 'done') return state.video.id;
    if (state.state === 'gone') {
      // Whether the last bytes arrived before the session ended cannot be known from here; sending again could publish twice.
      throw permanent({
        code: 'UPLOAD_OUTCOME_UNKNOWN',
        message: 'The upload session is gone and its outcome is unknown',
        userMessage:
          'An upload was cut off and YouTube no longer knows its session. Look in YouTube Studio whether the video is there. If it is not, retry the task: it is then sent anew.',
        endsJob: true,
      });
    }
    const video = await youtube.sendFile(session, file, {
      offset: state.received,
      chunkBytes: this.settings.YOUTUBE_CHUNK_KIB * 1024,
      signal: item.signal,
    });
    return video.id;
  }

  private async openSession(youtube: YouTubeClient, item: Item<'publication'>, bytes: number): Promise<string> {
    const session = await youtube.openUpload({ metadata: metadataOf(item), bytes });
    reached('session_opened');
    await item.submitted(this.grants.cipher.encrypt(session, item.task.id));
    reached('session_stored');
    if (item.signal.aborted)
      throw transient({ code: 'STOPPED', message: 'Stopped before the first byte', userMessage: 'The upload goes on by itself.' });
    return session;
  }
}

function metadataOf({ input, task: { channel } }: Item<'publication'>): VideoMetadata {
  return {
    ...input,
    categoryId: channel.youtube.category_id,
    language: channel.language,
    // Whatever the channel wants, it is private until everything is in place.
    privacyStatus: 'private',
    madeForKids: channel.youtube.made_for_kids,
    containsSyntheticMedia: channel.youtube.synthetic_media,
  };
}
