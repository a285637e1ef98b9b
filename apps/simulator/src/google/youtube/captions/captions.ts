import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock.js';
import { refused } from '../../errors.js';

/** A track of captions. */
export interface Caption {
  id: string;
  videoId: string;
  language: string;
  name: string;
  isDraft: boolean;
  bytes: number;
  sha256: string;
  updatedAt: number;
}

@Injectable()
export class Captions {
  private readonly captions: Caption[] = [];

  constructor(private readonly clock: Clock) {}

  /** @throws WireError when the video has a track of this language and name */
  add(caption: Omit<Caption, 'id' | 'updatedAt'>): Caption {
    if (this.of(caption.videoId).some(({ language, name }) => language === caption.language && name === caption.name))
      throw refused(409, 'captionExists', 'The specified video already has a caption track with the given language and name.', {
        domain: 'youtube.caption',
      });
    const added = { ...caption, id: randomBytes(18).toString('base64url'), updatedAt: this.clock.now() };
    this.captions.push(added);
    return added;
  }

  of(videoId: string): Caption[] {
    return this.captions.filter((caption) => caption.videoId === videoId);
  }
}

/** A track as the API shows it. */
export function viewCaption({ id, videoId, language, name, isDraft, updatedAt }: Caption): { kind: string; id: string; snippet: object } {
  return {
    kind: 'youtube#caption',
    id,
    snippet: {
      videoId,
      lastUpdated: new Date(updatedAt).toISOString(),
      trackKind: 'standard',
      language,
      name,
      audioTrackType: 'unknown',
      isCC: false,
      isLarge: false,
      isEasyReader: false,
      isDraft,
      isAutoSynced: false,
      status: 'serving',
    },
  };
}
