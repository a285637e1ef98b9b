import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '#testing';
import type { Browser, Page } from 'playwright-core';
import { startNotion, words, type ShownRow, type SimulatedNotion } from '../notion/simulated-notion.js';
import { startBrowser } from './chromium.js';

let workspace: SimulatedNotion;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  workspace = await startNotion();
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1500, height: 700 } });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await workspace.close();
});

const rows = () => workspace.person<ShownRow[]>('GET', 'rows');
const until = (test: (row: ShownRow | undefined) => boolean, what: string) =>
  eventually(async () => test((await rows())[0]), { what, timeoutMs: 10_000 });

it('a person adds a row, follows it, and decides, without leaving the page', async () => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${workspace.url}/simulator/notion`);
  await page.getByText('No rows yet.').waitFor();
  await page.getByRole('textbox', { name: 'Title' }).fill('Why owls <b>turn</b> their heads');
  await page.getByRole('combobox', { name: 'Channel' }).fill('north');
  await page.getByRole('textbox', { name: 'Topic' }).fill('Owls');
  await page.getByRole('button', { name: 'Add and queue' }).click();
  await page.getByText('1 row', { exact: true }).waitFor();
  const [row] = await rows();
  expect(row).toMatchObject({ title: 'Why owls <b>turn</b> their heads', channel: 'north', topic: 'Owls', status: 'Queued' });
  const line = page.locator('tbody tr');
  expect(await line.locator('.title').innerText()).toContain('Why owls <b>turn</b> their heads');

  // What the system writes appears by itself, and links lead where they should.
  await workspace.notion.pages.update({
    page_id: row?.id ?? '',
    properties: {
      Status: { status: { name: 'Assets Ready' } },
      Progress: { rich_text: words('images 9/9') },
      Cost: { number: 1.236 },
      Review: { files: [{ name: 'sheet.png', external: { url: `${workspace.url}/simulator` } }] },
    },
  });
  await line.getByText('images 9/9').waitFor();
  expect(await line.getByRole('link', { name: 'sheet.png' }).getAttribute('href')).toBe(`${workspace.url}/simulator`);
  expect(await line.locator('.number').first().innerText()).toBe('1.24');
  const status = line.getByRole('combobox', { name: 'Status' });
  expect([await status.inputValue(), await status.getAttribute('class')]).toEqual(['Assets Ready', 'waiting']);

  // Whoever is typing is not disturbed by what happens meanwhile.
  const redo = line.getByRole('textbox', { name: 'Redo' });
  await redo.pressSequentially('images 3');
  await workspace.notion.pages.update({ page_id: row?.id ?? '', properties: { Error: { rich_text: words('A file is missing') } } });
  await page.waitForResponse(/rows\?/);
  await page.waitForResponse(/rows\?/);
  expect(await redo.inputValue()).toBe('images 3');
  await redo.press('Enter');
  await line.getByText('A file is missing').waitFor();
  await line.getByRole('textbox', { name: 'Review Note' }).fill('Too dark');
  await status.selectOption('Assets Approved');
  await until((one) => one?.status === 'Assets Approved', 'the decision');
  expect((await rows())[0]).toMatchObject({ redo: 'images 3', review_note: 'Too dark', edited_by: { type: 'person' } });
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

  // Other data sources look like what they are.
  await workspace.person('POST', 'rows', { data_source_id: await sourceNamed('Channels'), title: 'tide' });
  await page.getByRole('combobox', { name: 'Data source' }).selectOption({ label: 'Videos / Channels' });
  await line.getByText('tide').waitFor();
  await line.getByRole('checkbox', { name: 'Paused' }).check();
  await page.waitForResponse(/rows\?/);
  expect(await line.getByRole('checkbox', { name: 'Paused' }).isChecked()).toBe(true);
  expect(await page.locator('#add').isVisible()).toBe(false);
  expect(errors).toEqual([]);
}, 60_000);

async function sourceNamed(name: string): Promise<string> {
  const databases = await workspace.person<{ data_sources: { id: string; name: string }[] }[]>('GET', 'databases');
  return databases.flatMap(({ data_sources }) => data_sources).find((source) => source.name === name)?.id ?? '';
}
