import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { extname } from 'node:path';
import { patiently } from '../patience.js';
import type { ImageHost } from '../provider.js';
import { KieApi, record } from './api.js';
import { nonsense } from './failure.js';

/** KIE's own place for files: free, and emptied after a day or more. */
export class KieHost implements ImageHost {
  private readonly api: KieApi;

  constructor(access: { baseUrl: string; apiKey: string }) {
    this.api = new KieApi(access);
  }

  async hostImage(path: string, signal: AbortSignal): Promise<string> {
    return patiently(() => this.upload(path, signal), signal);
  }

  private async upload(path: string, signal: AbortSignal): Promise<string> {
    const form = new FormData();
    // A name that was used before would be served from a cache.
    const name = `${randomUUID()}${extname(path)}`;
    form.append('file', await openAsBlob(path, { type: 'image/png' }), name);
    form.append('uploadPath', 'composites');
    form.append('fileName', name);
    const data = record(await this.api.ask('/api/file-stream-upload', { method: 'POST', body: form, signal }));
    const url = data.downloadUrl ?? data.fileUrl;
    if (typeof url !== 'string') throw nonsense('an upload without a URL');
    return url;
  }
}
