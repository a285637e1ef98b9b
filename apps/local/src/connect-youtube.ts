import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { SIMULATOR_PATHS, readChannels, youtubeAccess, type Settings } from '#config';
import { SIMULATED_KEY } from '#providers/registry';
import { scriptPath } from '#stage';
import { execa } from 'execa';
import { call } from './gateway-client.js';
import type { Local } from './local.js';

/** Connects those channels whose YouTube channel is one of the simulator's, if that plays YouTube. */
export async function connectSimulatedChannels(local: Pick<Local, 'gatewayUrl' | 'simulatorUrl'>, settings: Settings): Promise<void> {
  if (!youtubeAccess(settings).baseUrl.startsWith(local.simulatorUrl)) return;
  const simulated = await call<string[]>('GET', `${local.simulatorUrl}/simulator/youtube/channels`);
  const channels = await readChannels(settings.CHANNELS_DIR);
  const ours = channels.filter((channel) => simulated.includes(channel.settings.youtube.channel_id));
  await Promise.all(ours.map(({ key }) => connectYouTube(local, key, settings.API_TOKEN)));
}

/** Gets the channel's grant from the simulated Google the way an operator gets a real one: the script prints the consent page, a person agrees. */
export async function connectYouTube(
  { gatewayUrl, simulatorUrl }: Pick<Local, 'gatewayUrl' | 'simulatorUrl'>,
  channelKey: string,
  apiToken?: string,
): Promise<void> {
  const url = `${gatewayUrl}/api/v1/channels`;
  const channels = await call<{ id: string; key: string; youtube_channel_id: string }[]>('GET', url, undefined, apiToken);
  const channel = channels.find(({ key }) => key === channelKey);
  if (!channel) throw new Error(`The gateway has no channel ${channelKey}`);
  const out = join(tmpdir(), `grant-${randomUUID()}.json`);
  const script = execa(process.execPath, [scriptPath('youtube-auth'), '--channel-id', channel.youtube_channel_id, '--out', out], {
    env: {
      GOOGLE_CLIENT_ID: SIMULATED_KEY,
      GOOGLE_CLIENT_SECRET: SIMULATED_KEY,
      GOOGLE_AUTH_URL: simulatorUrl + SIMULATOR_PATHS.googleAuth,
      GOOGLE_TOKEN_URL: simulatorUrl + SIMULATOR_PATHS.googleToken,
      YOUTUBE_BASE_URL: simulatorUrl + SIMULATOR_PATHS.youtube,
    },
  });
  try {
    for await (const line of script.iterable()) {
      const consent = /https?:\/\/\S+/.exec(line)?.[0];
      if (consent) await fetch(`${consent}&channel_id=${channel.youtube_channel_id}&approve=1`);
    }
    await script;
    await call('PUT', `${url}/${channel.id}/oauth-token`, JSON.parse(await readFile(out, 'utf8')) as object, apiToken);
  } finally {
    await rm(out, { force: true });
  }
}
