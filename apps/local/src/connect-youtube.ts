import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { SIMULATOR_PATHS } from '#config';
import { SIMULATED_KEY } from '#providers/registry';
import { scriptPath } from '#stage';
import { execa } from 'execa';
import { call } from './gateway-client.js';
import type { Local } from './local.js';

/** Gets the channel's grant from the simulated Google the way an operator gets a real one: the script prints the consent page, a person agrees. */
export async function connectYouTube(
  { gatewayUrl, simulatorUrl }: Pick<Local, 'gatewayUrl' | 'simulatorUrl'>,
  channelKey: string,
): Promise<void> {
  const channels = await call<{ id: string; key: string; youtube_channel_id: string }[]>('GET', `${gatewayUrl}/api/v1/channels`);
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
    await call('PUT', `${gatewayUrl}/api/v1/channels/${channel.id}/oauth-token`, JSON.parse(await readFile(out, 'utf8')) as object);
  } finally {
    await rm(out, { force: true });
  }
}
