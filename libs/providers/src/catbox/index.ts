import type { Provider } from '../provider.js';

const client = (address: 'catbox' | 'litterbox') => async (access: { baseUrl: string }) =>
  new (await import('./catbox.js')).Catbox(access.baseUrl, address);

/** Public files for an hour, without an account. */
export const litterbox = {
  title: 'Litterbox',
  baseUrl: 'https://litterbox.catbox.moe',
  keyless: true,
  simulated: true,
  host: { open: client('litterbox') },
} as const satisfies Provider;

/** Public files for good: they can never be deleted. */
export const catbox = {
  title: 'Catbox',
  baseUrl: 'https://catbox.moe',
  keyless: true,
  simulated: true,
  host: { open: client('catbox') },
} as const satisfies Provider;
