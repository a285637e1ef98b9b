import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OpenAi } from './openai.js';

let server: Server;
let client: OpenAi;
let answer: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new OpenAi({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: 'key' });
});
afterAll(() => {
  server.close();
});

const ask = () => client.writeJson({ model: 'm', instructions: 'i', prompt: 'p', schema: {} });

it.each([
  '',
  'null',
  '[]',
  '{}',
  '7',
  '{"choices":"x"}',
  '{"choices":[{}]}',
  '{"choices":[null]}',
  '{"choices":[{"message":{"content":7}}]}',
])('an answer of %j is one that broke off, not a fault of ours', async (body) => {
  answer = body;
  await expect(ask()).rejects.toMatchObject({ code: 'OPENAI_NO_TEXT', kind: 'transient', billed: 'yes' });
});

it('an answer with the least that there can be is taken', async () => {
  answer = '{"choices":[{"message":{"content":"{\\"a\\":1}"}}]}';
  expect(await ask()).toEqual({ data: { a: 1 }, model: 'm', inputTokens: 0, outputTokens: 0 });
});
