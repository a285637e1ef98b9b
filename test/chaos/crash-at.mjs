import { mkdirSync } from 'node:fs';
import { subscribe } from 'node:diagnostics_channel';

/*
 * Loaded before a service or a script (`node --import`): kills the process, or the service that started the script, at a named waypoint.
 * CRASH_AT is `<waypoint>[:<how many times it is reached before>][@parent]`. CRASH_MARK is a folder that is made first: it crashes once.
 */
const [, wanted, passes = '0', whose] = /^(\w+)(?::(\d+))?(@parent)?$/.exec(process.env.CRASH_AT ?? '') ?? [];

if (wanted) {
  let left = Number(passes);
  subscribe('ai-video-generator:waypoint', (waypoint) => {
    if (waypoint !== wanted || left-- > 0) return;
    try {
      mkdirSync(process.env.CRASH_MARK);
    } catch {
      return;
    }
    process.kill(whose ? process.ppid : process.pid, 'SIGKILL');
    // A signal to oneself takes a moment; nothing more may happen in it.
    while (!whose) continue;
  });
}
