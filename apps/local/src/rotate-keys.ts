import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startPostgres } from '#engines';
import { Command } from 'commander';
import { rotateKeys } from '../../gateway/src/rotate-keys.js';

const program = new Command('npm run keys:rotate --')
  .description(
    "Encrypts the channels' grants and everything else that is secret with TOKEN_ENCRYPTION_KEY, where it was stored with one of TOKEN_ENCRYPTION_FURTHER_KEYS. Services may go on running; docs/operations.md says in which order.",
  )
  .option('--data <folder>', 'where npm start keeps its data; used when DATABASE_URL is not set', '.data');
const { data } = program.parse().opts<{ data: string }>();

if (existsSync('.env')) process.loadEnvFile('.env');
const root = resolve(data);
process.env.TOKEN_ENCRYPTION_KEY ||= await readFile(join(root, 'token-encryption-key'), 'utf8').catch(() => '');
if (process.env.DATABASE_URL) await rotateKeys();
else {
  const postgres = await startPostgres({ dataDir: join(root, 'postgres'), durable: true });
  process.env.DATABASE_URL = postgres.url;
  try {
    await rotateKeys();
  } finally {
    await postgres.stop();
  }
}
