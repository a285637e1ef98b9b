import { Publisher } from './publisher.js';

/** Works one publication once, on the settings of this process: what the upload service does with its ticket, in a process that may be killed. */
const publisher = await Publisher.open(process.env as Record<string, string>);
await publisher.publish(process.env.TASK_ID ?? '');
await publisher.close();
