import { randomBytes } from 'node:crypto';
import { notionAccess, type Settings } from '#config';
import { PatientNotion, findDataSources } from '#providers/notion';
import { call } from './gateway-client.js';

/** The Notion of this run's simulator, if that plays Notion: what the gateway has to know of it, and the other way round. */
export class SimulatedWorkspace {
  private constructor(
    private readonly simulatorUrl: string,
    /** Settings with which the gateway works there. Empty when Notion is another one. */
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** Its data sources are asked for: those that the settings name if it has them, else those that it begins with. */
  static async of(settings: Settings, simulatorUrl: string): Promise<SimulatedWorkspace> {
    const access = notionAccess(settings);
    if (!access.baseUrl.startsWith(simulatorUrl)) return new SimulatedWorkspace(simulatorUrl, {});
    const { videos, channels } = await findDataSources(new PatientNotion(access, { spacingMs: 0 }));
    const idOf = (found: readonly { id: string }[], wanted: string | undefined) =>
      (found.find(({ id }) => id === wanted) ?? found[0])?.id ?? '';
    return new SimulatedWorkspace(simulatorUrl, {
      NOTION_DATA_SOURCE_ID: idOf(videos, settings.NOTION_DATA_SOURCE_ID),
      NOTION_CHANNELS_DATA_SOURCE_ID: idOf(channels, settings.NOTION_CHANNELS_DATA_SOURCE_ID),
      NOTION_WEBHOOK_TOKEN: settings.NOTION_WEBHOOK_TOKEN ?? `secret_${randomBytes(24).toString('base64url')}`,
    });
  }

  get isPlayed(): boolean {
    return this.environment.NOTION_WEBHOOK_TOKEN !== undefined;
  }

  /** Has the gateway told what happens to rows. Both sides know the token, so nobody has to activate the subscription. */
  async subscribe(gatewayUrl: string): Promise<void> {
    if (!this.isPlayed) return;
    const body = { url: `${gatewayUrl}/webhook/notion`, verification_token: this.environment.NOTION_WEBHOOK_TOKEN };
    await call('POST', `${this.simulatorUrl}/simulator/notion/webhooks`, body);
  }
}
