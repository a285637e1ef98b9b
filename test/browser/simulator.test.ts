import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { reach } from '#providers/registry';
import type { Browser, Page } from 'playwright-core';
import { startSimulator } from '../../apps/simulator/src/main.js';
import { startBrowser } from './chromium.js';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1300, height: 800 } });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await simulator.app.close();
});

it('shows what the simulated providers received while it comes, with what was made and what it would have cost', async () => {
  await page.goto(`${simulator.url}/simulator`);
  await page.getByText('Nothing yet.').waitFor();
  const values = { SIMULATOR_URL: simulator.url };
  const [image, speech] = [reach('image', values), reach('speech', values)];
  const painter = await image.open();
  const draw = (prompt: string) => painter.drawImage({ model: image.model, prompt, aspectRatio: '16:9', references: [] });
  await draw('A cold reef at dawn <b>wide</b>');
  await expect(draw('A reef sim:unavailable')).rejects.toThrow();
  await (await speech.open()).speak({ model: speech.model, voice: 'JBFqnCBsd6RMkjVDRZzb', text: 'The sea is old.', language: 'en' });

  await page.getByText('3 requests, USD 0.04 if they had been real.').waitFor();
  const rows = page.locator('tbody tr');
  expect(await rows.count()).toBe(3);
  // Newest first; what a prompt says is text, whatever it looks like.
  expect(await rows.nth(0).innerText()).toMatch(/elevenlabs\s+narration\s+The sea is old\.\s+200/);
  expect(await rows.nth(1).getAttribute('class')).toBe('bad');
  expect(await rows.nth(1).locator('.status').innerText()).toBe('503');
  expect(await rows.nth(2).innerText()).toContain('A cold reef at dawn <b>wide</b>');
  const shown = rows.nth(2).locator('img');
  await shown.evaluate((element) => (element as unknown as { decode(): Promise<void> }).decode());
  expect(await shown.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth)).toBe(1_344);
  expect(await rows.nth(0).locator('audio').count()).toBe(1);

  await page.getByRole('button', { name: /gemini image/ }).click();
  expect(await rows.count()).toBe(2);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
}, 60_000);
