import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { type Failure, permanent, transient } from '#pipeline';
import { patiently } from '../patience.js';
import type { ImageHost } from '../provider.js';

/** Uploads without one are cut off. */
const USER_AGENT = 'Mozilla/5.0 (compatible; ai-video-generator)';
const TIMEOUT_MS = 60_000;
/** Largest file (bytes): catbox's limit; a composite has a few million. */
const LARGEST = 200 * 2 ** 20;

const HOSTS = {
  catbox: { path: '/user/api.php', fields: {} },
  // A clip is fetched within minutes; an hour leaves room for a queue, and no still lies about in public for longer.
  litterbox: { path: '/resources/internals/api.php', fields: { time: '1h' } },
} as const;

/** catbox.moe and its short-lived sister: they answer with a link and nothing else, or with anything at all. */
export class Catbox implements ImageHost {
  constructor(
    private readonly baseUrl: string,
    private readonly host: keyof typeof HOSTS,
  ) {}

  /** @throws Failure <HOST>_UPLOAD_FAILED when no link came back, or one that leads nowhere */
  async hostImage(path: string, signal: AbortSignal): Promise<string> {
    const url = await patiently(() => this.upload(path, signal), signal);
    // Their links have been known to lead nowhere; the clip model would be paid to find out.
    const response = await this.fetch(url, { method: 'HEAD', signal });
    if (!response.ok) throw this.failed(`the link it gave answers ${response.status}`);
    return url;
  }

  private async upload(path: string, signal: AbortSignal): Promise<string> {
    const { path: address, fields } = HOSTS[this.host];
    const form = new FormData();
    form.append('reqtype', 'fileupload');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const file = await openAsBlob(path, { type: 'image/png' });
    if (file.size > LARGEST) {
      throw permanent({
        code: `${this.host.toUpperCase()}_TOO_LARGE`,
        message: `${path} has ${file.size} bytes`,
        userMessage: `The picture is too large to be hosted (${Math.round(file.size / 2 ** 20)} MB). Ask for it to be made again.`,
      });
    }
    form.append('fileToUpload', file, basename(path));
    const response = await this.fetch(this.baseUrl + address, { method: 'POST', body: form, signal });
    const answer = (await response.text()).trim();
    // An empty answer with 200 is one of their ways to say no.
    if (!response.ok || !/^https?:\/\/\S+$/.test(answer))
      throw this.failed(`${response.status}: ${answer.slice(0, 200) || 'an empty answer'}`);
    return answer;
  }

  private async fetch(url: string, init: RequestInit): Promise<Response> {
    const signals = [...(init.signal ? [init.signal] : []), AbortSignal.timeout(TIMEOUT_MS)];
    try {
      return await fetch(url, { ...init, signal: AbortSignal.any(signals), headers: { 'user-agent': USER_AGENT } });
    } catch (cause) {
      throw this.failed(String(cause), cause);
    }
  }

  private failed(how: string, cause?: unknown): Failure {
    return transient({
      code: `${this.host.toUpperCase()}_UPLOAD_FAILED`,
      message: `${this.host}: ${how}`,
      userMessage: 'The picture could not be put where the clip model fetches it. It is tried again by itself.',
      cause,
    });
  }
}
