import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Loaded before a publication is worked (`node --import`): kills the process when exactly CRASH_AT_BYTE bytes of the file have been handed to the connection.
 */
const at = Number(process.env.CRASH_AT_BYTE ?? NaN);
const send = globalThis.fetch;

if (!Number.isNaN(at))
  globalThis.fetch = (url, init) => {
    const first = /^bytes (\d+)-/.exec(init?.headers?.['content-range'] ?? '')?.[1];
    const from = Number(first);
    if (first === undefined || at < from || at > from + init.body.length) return send(url, init);
    async function* torn() {
      yield init.body.subarray(0, at - from);
      // So that the bytes are on the wire.
      await sleep(20);
      process.kill(process.pid, 'SIGKILL');
      await sleep(10_000);
    }
    const headers = { ...init.headers, 'content-length': String(init.body.length) };
    return send(url, { ...init, headers, body: torn(), duplex: 'half' });
  };
