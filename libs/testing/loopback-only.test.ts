import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const REFUSED = /reach nothing but this machine/;
const causes = (error: unknown): string => (error instanceof Error ? `${error.message} ${causes(error.cause)}` : '');

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
