import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STAGE_NAMES } from '#pipeline';
import { createTestDatabase, testRedis, type TestDatabase } from '#testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Browser, Page } from 'playwright-core';
import { call, type DemoTask } from '../../apps/local/src/gateway-client.js';
import { createGateway } from '../../apps/gateway/src/main.js';
import { startBrowser } from './chromium.js';

describe('the queue page', () => {
  let database: TestDatabase;
  let app: NestExpressApplication;
  let browser: Browser;
  let page: Page;
  let url: string;
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
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await app.close();
    await database.drop();
  });

  it('lists the six stage queues, opens one, and shows a ticket that points at its row', async () => {
    const body = { channel: 'deep_sea', title: 'A video nobody works on' };
    const task = await call<DemoTask>('POST', `${url}/api/v1/tasks`, body);
    await page.goto(`${url}/queues`);
    for (const stage of STAGE_NAMES) await page.getByRole('link', { name: stage }).first().waitFor();
    await page.getByRole('link', { name: 'asset' }).first().click();
    await page.getByRole('link', { name: /prioritized/i }).click();
    await page.getByText(`${task.id}-storyboard-g1`).first().waitFor();
    const shown = await page.locator('body').innerText();
    expect(shown).toContain('open');
    expect(shown).toContain('storyboard');
    expect(shown).toContain(task.id);
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  }, 60_000);

  it('shows the API with its routes', async () => {
    await page.goto(`${url}/docs`);
    await page.getByText('/api/v1/tasks/{task_id}/approve').first().waitFor();
    expect(await page.getByText('Plan a video').first().isVisible()).toBe(true);
  }, 60_000);
});
