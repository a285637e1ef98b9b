import { setTimeout as sleep } from 'node:timers/promises';
import { Publisher } from './publisher.js';

/** A process that needs a channel's access token at a moment that others know, too; prints the token. */
const publisher = await Publisher.open(process.env as Record<string, string>);
await sleep(Math.max(0, Number(process.env.AT) - Date.now()));
process.stdout.write(await publisher.grants.of(process.env.CHANNEL_ID ?? '').current());
await publisher.close();
