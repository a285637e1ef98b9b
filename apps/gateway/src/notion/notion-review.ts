import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { settings, type Settings } from '#config';
import { Database, type ArtifactRow, type TaskRow } from '#database';
import { Workspace, clipSheet, contactSheet, cutPreview, cutSheet, joinNarrations, narrationSheet, type SheetItem } from '#media';
import { Failure, STEPS, gateAt, shownAt, type ItemInputs, type ItemKind } from '#pipeline';
import { propertiesOf, type ShownFile } from '#providers/notion';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { NotionDatabases } from './databases.js';
import { NotionConnection } from './notion-connection.js';
import { reviewFingerprint } from './review-fingerprint.js';

/** A file that is made to be reviewed. */
interface Material {
  file: string;
  contentType: string;
  make: (out: string) => Promise<void>;
}

/** Shows a reviewer in the row what there is to look at: sheets and previews that are uploaded, or links to every file, as the channel wishes. */
@Injectable()
export class NotionReview {
  private readonly logger = new Logger(NotionReview.name);

  constructor(
    private readonly database: Database,
    private readonly databases: NotionDatabases,
    private readonly notion: NotionConnection,
    private readonly workspace: Workspace,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Shows what the gate is about where a task waits; what is shown already is not made again.
   * @throws Failure as Notion's client and the making of the files do
   */
  async show(taskId: string): Promise<void> {
    const [task, mirror] = await Promise.all([this.database.tasks.get(taskId), this.database.notionMirrors.find(taskId)]);
    const artifacts = await this.database.artifacts.ofTask(taskId);
    const fingerprint = reviewFingerprint(task, artifacts);
    const gate = gateAt(task.status);
    if (!gate || !fingerprint || !task.notionPageId || mirror?.review === fingerprint) return;
    const shown = shownAt(gate, artifacts).filter(({ state }) => state === 'ready');
    const { dataSourceId = null } = mirror ?? {};
    // A database without a place for it has chosen to do without.
    if (this.databases.propertiesOf(dataSourceId)?.has('review') === false) return;
    const { settings: channel } = await this.database.channels.get(task.channelId);
    const files = channel.storage === 'local' ? this.links(shown) : await this.upload(task, fingerprint, shown);
    const names = (await this.databases.read()).namesIn(dataSourceId);
    await this.notion.client.writePage(task.notionPageId, propertiesOf({ review: files }, names, new Set(['review'])));
    await this.database.notionMirrors.shows(taskId, { review: fingerprint });
  }

  /**
   * Puts a task's storyboard into its page; a page that takes no more blocks goes without.
   * @throws Failure as Notion's client does
   */
  async showStoryboard(taskId: string): Promise<void> {
    const [{ notionPageId }, mirror] = await Promise.all([this.database.tasks.get(taskId), this.database.notionMirrors.find(taskId)]);
    const [storyboard] = await this.database.artifacts.ready(taskId, 'storyboard');
    if (!notionPageId || !storyboard?.result || mirror?.storyboardId === storyboard.id) return;
    await this.notion.client.writeStoryboard(notionPageId, storyboard.result, storyboard.revision).catch((error: unknown) => {
      if (Failure.from(error).code !== 'NOTION_BLOCK_LIMIT') throw error;
      this.logger.warn({ event: 'notion_blocks_used_up', task_id: taskId });
    });
    await this.database.notionMirrors.shows(taskId, { storyboardId: storyboard.id });
  }

  private async upload(task: TaskRow, fingerprint: string, shown: readonly ArtifactRow[]): Promise<ShownFile[]> {
    const files: ShownFile[] = [];
    const byKind = [...Map.groupBy(shown, ({ kind }) => kind)];
    for (const { file, contentType, make } of byKind.flatMap(([kind, items]) => this.materialsOf(task, kind, items))) {
      const path = this.workspace.absolute(
        this.workspace.reviewPath({ channelId: task.channelId, taskId: task.id }, `${fingerprint}-${file}`),
      );
      // What an earlier try has made is still right: its name says of what.
      if (!existsSync(path)) await make(path);
      const { id } = await this.notion.client.uploadFile({ path, name: file, contentType });
      files.push({ name: file, uploadId: id });
    }
    return files;
  }

  /** What is made so that items of a kind can be looked at in a row. */
  private materialsOf(task: TaskRow, kind: ItemKind, shown: readonly ArtifactRow[]): Material[] {
    const title = `${task.title}: ${STEPS.find(({ item }) => item === kind)?.name ?? ''}`;
    const items = shown.map((artifact): SheetItem => ({ path: this.file(artifact), label: labelOf(artifact) }));
    const paths = items.map(({ path }) => path);
    const [first = ''] = paths;
    const jpeg = (name: string, make: Material['make']): Material => ({ file: `${name}.jpg`, contentType: 'image/jpeg', make });
    switch (kind) {
      case 'image':
        return [jpeg('images', (out) => contactSheet(items, out, { title }))];
      case 'clip':
        return [jpeg('clips', (out) => clipSheet(items, out, { title }))];
      case 'narration':
        return [
          jpeg('narrations', (out) => narrationSheet(items, out, { title })),
          { file: 'narrations.mp3', contentType: 'audio/mpeg', make: (out) => joinNarrations(paths, out) },
        ];
      case 'cut':
        return [
          jpeg('cut', (out) => cutSheet(first, out, { title })),
          { file: 'cut-preview.mp4', contentType: 'video/mp4', make: (out) => cutPreview(first, out) },
        ];
      case 'thumbnail':
        return [jpeg('thumbnails', (out) => contactSheet(items, out, { title }))];
      case 'caption':
        // Notion takes no files of captions, but any text.
        return [{ file: 'captions.txt', contentType: 'text/plain', make: (out) => copyFile(first, out) }];
      case 'storyboard':
        // It stands in the page.
        return [];
      case 'composite':
      case 'sound_effect':
      case 'publication':
        throw new RangeError(`No gate shows a ${kind}`);
    }
  }

  /** Every file, where the gateway hands it out. */
  private links(shown: readonly ArtifactRow[]): ShownFile[] {
    const { PUBLIC_URL, HOST, PORT } = this.settings;
    const base = PUBLIC_URL ?? `http://${HOST}:${PORT}`;
    return shown.map(({ id, taskId, kind, position }) => ({
      name: `${kind.replace('_', ' ')} ${position + 1}`,
      url: `${base}/api/v1/tasks/${taskId}/artifacts/${id}/file`,
    }));
  }

  private file({ path }: ArtifactRow): string {
    return this.workspace.absolute(path ?? '');
  }
}

/** What an item is called on a sheet. */
function labelOf({ kind, input }: ArtifactRow): string {
  if (kind === 'image') return (input as ItemInputs['image']).key.replaceAll('_', ' ');
  if (kind === 'clip') return (input as ItemInputs['clip']).motion;
  if (kind === 'narration') return (input as ItemInputs['narration']).text;
  return '';
}
