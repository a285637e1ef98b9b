import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { permanent } from '#pipeline';
import { GoogleOAuth, YouTubeClient, fixedToken, serializeGrant } from '#providers/youtube';
import { Command } from 'commander';
import { execute, fromEnvironment, number } from './cli.js';

interface Options {
  channelId: string;
  out: string;
  port: number;
  clientId: string;
  clientSecret: string;
  authUrl: string;
  tokenUrl: string;
  youtubeBaseUrl: string;
}

const command = new Command('youtube-auth')
  .description(
    "Connects a YouTube channel: prints Google's consent page, waits until you have agreed there, and writes the grant to a file that only you can read.",
  )
  .requiredOption('--channel-id <id>', 'the YouTube channel; a grant for any other is refused')
  .requiredOption('--out <file>', 'the file to write')
  .option('--port <number>', "port on this machine for Google's answer; 0 takes a free one", number(0, 65_535), 0)
  .addOption(fromEnvironment('--client-id <id>', 'OAuth client', 'GOOGLE_CLIENT_ID'))
  .addOption(fromEnvironment('--client-secret <secret>', 'its secret', 'GOOGLE_CLIENT_SECRET').hideHelp())
  .addOption(fromEnvironment('--auth-url <url>', 'consent page', 'GOOGLE_AUTH_URL').default('https://accounts.google.com/o/oauth2/v2/auth'))
  .addOption(fromEnvironment('--token-url <url>', 'token endpoint', 'GOOGLE_TOKEN_URL').default('https://oauth2.googleapis.com/token'))
  .addOption(fromEnvironment('--youtube-base-url <url>', 'YouTube API', 'YOUTUBE_BASE_URL').default('https://www.googleapis.com'))
  .addHelpText(
    'after',
    '\nExample:\n  youtube-auth --channel-id UCxxxxxxxxxxxxxxxxxxxxxx --out grant.json\n\nOn a server without a browser, forward the port: ssh -L 8085:127.0.0.1:8085 server, and use --port 8085.',
  );

await execute(command, async (signal) => {
  const { channelId, out, port, youtubeBaseUrl, ...client } = command.opts<Options>();
  const oauth = new GoogleOAuth(client);
  const state = randomBytes(16).toString('hex');
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  try {
    const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
    const { url, codeVerifier } = await oauth.consent(redirectUri, state);
    process.stdout.write(`Open this page and agree for ${channelId}:\n${url}\n`);
    const code = await answer(server, state, signal);
    const grant = await oauth.exchange(redirectUri, code, codeVerifier);
    const { id: granted } = await new YouTubeClient(youtubeBaseUrl, fixedToken(grant.accessToken)).ownChannel();
    if (granted !== channelId) {
      throw permanent({
        code: 'WRONG_YOUTUBE_CHANNEL',
        message: `The grant is for ${granted}, wanted was ${channelId}`,
        userMessage: `You chose the channel ${granted} on the consent page, not ${channelId}. Run the command again and choose that one.`,
      });
    }
    await writeFile(out, serializeGrant({ ...grant, channelId }), { mode: 0o600 });
    if (grant.grantExpiresAt) {
      const until = grant.grantExpiresAt.toISOString();
      process.stderr.write(
        `This grant ends on ${until}: the Google app is in "Testing". Publish it ("In production"), then connect the channel again.\n`,
      );
    }
    process.stdout.write(`Wrote ${out}; store it with PUT /api/v1/channels/{channel_id}/oauth-token, then delete it.\n`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

/** Waits for Google to send the browser back with a code. Anything that does not bear our state is turned away. */
async function answer(server: ReturnType<typeof createServer>, state: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
    server.on('request', (request, response) => {
      const query = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams;
      const [code, refusal] = [query.get('code'), query.get('error')];
      if (query.get('state') !== state || (!code && !refusal)) {
        response.writeHead(400).end('This is not the answer that youtube-auth waits for.');
        return;
      }
      response.end(code ? 'Connected. You can close this page.' : 'Not connected. You can close this page.');
      if (code) resolve(code);
      else
        reject(
          permanent({
            code: 'CONSENT_REFUSED',
            message: `Google answered ${refusal ?? ''}`,
            userMessage: 'The consent was refused. Run the command again and agree.',
          }),
        );
    });
  });
}
