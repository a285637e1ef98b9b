import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import type { TokenCipher } from './token-cipher.js';

/** Every column that holds something encrypted, and for whom it is: the row's column, or a name of its own. */
const SECRETS = [
  { table: 'oauth_tokens', column: 'grant_encrypted', owner: 'channel_id' },
  { table: 'oauth_consents', column: 'verifier_encrypted', owner: 'id' },
  { table: 'publications', column: 'session_encrypted', owner: 'task_id' },
  { table: 'notion_subscriptions', column: 'token_encrypted', owner: `'notion_subscriptions'` },
] as const;

const BATCH = 500;

/** What a rotation came to. */
export interface Rotation {
  /** Secrets that are encrypted with the current key now, and were not before. */
  readonly rotated: number;
  /** Those that none of the keys opens: table, id and why. */
  readonly unreadable: readonly { table: string; id: string; why: string }[];
}

/**
 * Encrypts every secret with the cipher's current key that was stored with another. Safe while everything runs: a secret that somebody replaces meanwhile
 * stays as they have written it.
 */
export async function rotateSecrets(databaseUrl: string, cipher: TokenCipher): Promise<Rotation> {
  const dataSource = await new DataSource(dataSourceOptions(databaseUrl)).initialize();
  const unreadable: { table: string; id: string; why: string }[] = [];
  let rotated = 0;
  try {
    for (const { table, column, owner } of SECRETS) {
      for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
        const rows = await dataSource.query<{ id: string; secret: string; owner: string }[]>(
          `SELECT id, ${column} AS secret, ${owner}::text AS owner FROM ${table} WHERE ${column} IS NOT NULL AND id > $1 ORDER BY id LIMIT ${BATCH}`,
          [after],
        );
        for (const row of rows.filter(({ secret }) => !cipher.isCurrent(secret))) {
          try {
            const secret = cipher.encrypt(cipher.decrypt(row.secret, row.owner), row.owner);
            const update = `UPDATE ${table} SET ${column} = $3 WHERE id = $1 AND ${column} = $2`;
            const [, changed] = await dataSource.query<[unknown, number]>(update, [row.id, row.secret, secret]);
            rotated += changed;
          } catch (error) {
            unreadable.push({ table, id: row.id, why: error instanceof Error ? error.message : String(error) });
          }
        }
        const last = rows.at(-1);
        if (!last) break;
        after = last.id;
      }
    }
  } finally {
    await dataSource.destroy();
  }
  return { rotated, unreadable };
}
