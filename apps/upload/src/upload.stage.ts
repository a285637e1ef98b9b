import { writeFile } from 'node:fs/promises';
import { makesSimulatedMedia, settings, type Settings } from '#config';
import { permanent } from '#pipeline';
import { written, type Stage, type StepHandler } from '#stage';
import { ChannelYouTube } from '#youtube';
import { Inject, Injectable } from '@nestjs/common';
import { PublicationRecord } from './publication-record.js';
import { PublicationSteps } from './publication-steps.js';
import { Release } from './release.js';
import { Transfer } from './transfer.js';

/** Publishes the approved cut on the channel's YouTube: private first, then as the channel wants it. */
@Injectable()
export class UploadStage implements Stage<'upload'> {
  constructor(
    private readonly record: PublicationRecord,
    private readonly transfer: Transfer,
    private readonly steps: PublicationSteps,
    private readonly release: Release,
    private readonly youtube: ChannelYouTube,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  readonly publication: StepHandler<'publication'> = {
    plan: (_task, storyboard) => {
      const { title, description, tags } = written(storyboard);
      return [{ title, description, tags }];
    },
    make: async (item) => {
      const { publication, files } = await this.record.begin(item);
      const simulated = files.cut.simulated || makesSimulatedMedia(this.settings);
      if (simulated && !this.youtube.simulated) throw simulatedVideo();
      const video = await this.transfer.bringUp(publication, item.file(files.cut), item.signal);
      await this.steps.takeAll(video);
      const { videoId, privacy, publishAt } = await this.release.release(video, item.task);
      const url = `https://www.youtube.com/watch?v=${videoId}`;
      const result = { video_id: videoId, url, privacy, publish_at: publishAt?.toISOString() ?? null };
      await writeFile(item.out, JSON.stringify(result, null, 2));
      return { result, simulated };
    },
  };
}

function simulatedVideo() {
  return permanent({
    code: 'SIMULATED_VIDEO',
    message: 'The cut holds simulated media and YouTube is the real one',
    userMessage: 'This video was made by the simulator, so it is not published. Set the keys of all providers and make the video again.',
  });
}
