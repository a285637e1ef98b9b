import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STAGE_NAMES, type Ticket } from '#pipeline';
import { createTestDatabase, testRedis, type TestDatabase } from '#testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Queue } from 'bullmq';
import { chromium, type Browser, type Page } from 'playwright-core';
import { createGateway } from '../../apps/gateway/src/main.js';

// Chromium looks for its makers' hosts at every start unless it is told not to.
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe('the queue page', () => {
  let database: TestDatabase;
  let app: NestExpressApplication;
  let queue: Queue;
  let browser: Browser;
  let page: Page;
  let url: string;
  const ticket: Ticket = {
    task_id: '11111111-2222-4333-8444-555555555555',
    channel_id: '66666666-7777-4888-8999-000000000000',
    step: 'narrations',
    generation: 1,
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    const { url: redisUrl, prefix } = testRedis();
    Object.assign(process.env, {
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      QUEUE_PREFIX: prefix,
      SIMULATOR_URL: 'http://127.0.0.1:9',
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      LOG_LEVEL: 'silent',
      HOST: '127.0.0.1',
      API_TOKEN: '',
    });
    app = await createGateway();
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    queue = new Queue('audio', { connection: { url: redisUrl }, prefix });
    await queue.add('open', ticket, { jobId: 'ticket-to-look-at', priority: 1 });
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: QUIET });
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await queue.close();
    await app.close();
    await database.drop();
  });

  it('lists the six stage queues, opens one, and shows a ticket that points at its row', async () => {
    await page.goto(`${url}/queues`);
    for (const stage of STAGE_NAMES) await page.getByRole('link', { name: stage, exact: false }).first().waitFor();
    await page.goto(`${url}/queues/queue/audio?status=prioritized`);
    await page.getByText('ticket-to-look-at').first().waitFor();
    const shown = await page.locator('body').innerText();
    expect(shown).toContain('open');
    expect(shown).toContain(ticket.task_id);
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  }, 60_000);

  it('shows the API with its routes', async () => {
    await page.goto(`${url}/docs`);
    await page.getByText('/api/v1/tasks/{task_id}/approve').first().waitFor();
    expect(await page.getByText('Plan a video').first().isVisible()).toBe(true);
  }, 60_000);
});
