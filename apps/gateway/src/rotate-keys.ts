import { required, settings } from '#config';
import { TokenCipher, rotateSecrets } from '#database';

/** Encrypts everything with TOKEN_ENCRYPTION_KEY that was stored with one of TOKEN_ENCRYPTION_FURTHER_KEYS. */
export async function rotateKeys(): Promise<void> {
  const { rotated, unreadable } = await rotateSecrets(required(settings(), 'DATABASE_URL'), TokenCipher.of(settings()));
  process.stdout.write(`${rotated} secret(s) are encrypted with the new key now.\n`);
  for (const { table, id, why } of unreadable) process.stderr.write(`${table} ${id}: ${why}\n`);
  if (unreadable.length > 0) {
    process.stderr.write(
      `${unreadable.length} cannot be read with any key that is set; keep the old keys, and connect those channels again.\n`,
    );
    process.exitCode = 1;
  } else process.stdout.write('TOKEN_ENCRYPTION_FURTHER_KEYS can be taken away once every service has the new key.\n');
}

if (import.meta.main) await rotateKeys();
