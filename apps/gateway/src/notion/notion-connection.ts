import { notionAccess, settings, type Settings } from '#config';
import { NotionClient } from '#providers/notion';
import { ProviderLimits } from '#stage';
import { Inject, Injectable } from '@nestjs/common';

/** The one way to Notion: every request waits for its turn, which all processes share. */
@Injectable()
export class NotionConnection {
  private connected: NotionClient | null = null;

  constructor(
    private readonly limits: ProviderLimits,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Whether there is a Notion to talk to. */
  get exists(): boolean {
    return Boolean(this.settings.NOTION_TOKEN ?? this.settings.SIMULATOR_URL);
  }

  /** @throws SettingsError when there is none */
  get client(): NotionClient {
    return (this.connected ??= new NotionClient(notionAccess(this.settings), () => this.limits.turn('notion_request')));
  }

  /** Notion wants to be left alone for that long (ms), by all of us. */
  async leaveAlone(ms: number): Promise<void> {
    await this.limits.hold('notion_request', ms);
  }
}
