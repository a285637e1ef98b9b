import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

export interface VideoResource {
  id: string;
  snippet: { title: string; description?: string; tags?: string[]; categoryId?: string; channelId: string };
  status: { privacyStatus: string; uploadStatus: string; selfDeclaredMadeForKids?: boolean; containsSyntheticMedia?: boolean };
}

/** An upload on its way: what was announced and what has come. */
export interface UploadSession {
  channelId: string;
  total: number;
  received: number;
  hash: ReturnType<typeof createHash>;
  resource: Omit<VideoResource, 'id'>;
  video: VideoResource | null;
}

/** Everything that was uploaded to the simulated YouTube. The bytes are counted and summed, not kept. */
@Injectable()
export class Videos {
  private readonly sessions = new Map<string, UploadSession>();
  private readonly videos = new Map<string, VideoResource & { bytes: number; sha256: string }>();

  open(session: UploadSession): string {
    const id = randomBytes(24).toString('base64url');
    this.sessions.set(id, session);
    return id;
  }

  session(id: string): UploadSession | null {
    return this.sessions.get(id) ?? null;
  }

  /** Makes a whole upload a video. */
  publish(session: UploadSession): VideoResource {
    const video: VideoResource = { id: randomBytes(8).toString('base64url'), ...session.resource };
    session.video = video;
    this.videos.set(video.id, { ...video, bytes: session.received, sha256: session.hash.digest('hex') });
    return video;
  }

  find(id: string, channelId: string): VideoResource | null {
    const video = this.videos.get(id);
    return video?.snippet.channelId === channelId ? video : null;
  }

  replaceStatus(id: string, status: VideoResource['status']): void {
    const video = this.videos.get(id);
    if (video) video.status = status;
  }

  list(): object[] {
    return [...this.videos.values()].map(({ id, snippet, status, bytes, sha256 }) => ({
      id,
      channel_id: snippet.channelId,
      title: snippet.title,
      privacy: status.privacyStatus,
      made_for_kids: status.selfDeclaredMadeForKids ?? null,
      contains_synthetic_media: status.containsSyntheticMedia ?? null,
      bytes,
      sha256,
    }));
  }
}
