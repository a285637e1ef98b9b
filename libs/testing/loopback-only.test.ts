import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const REFUSED = /reach nothing but this machine/;
/** Errors of Node's own are none of the test environment's. */
const causes = (error: unknown): string => {
  const { message, cause } = (error ?? {}) as { message?: string; cause?: unknown };
  return message ? `${message} ${causes(cause)}` : '';
};

it('no test reaches another machine, whichever way it tries', async () => {
  await expect(
    fetch('https://www.googleapis.com/youtube/v3/videos').catch((error: unknown) => Promise.reject(new Error(causes(error)))),
  ).rejects.toThrow(REFUSED);
  const socket = connect(80, '192.0.2.1');
  await expect(new Promise((_, reject) => socket.on('error', reject))).rejects.toThrow(REFUSED);
});

it('neither does a process that a test starts', async () => {
  const script = `fetch('http://192.0.2.1').catch((error) => console.log(error.cause.message))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  expect(stdout).toMatch(REFUSED);
});
