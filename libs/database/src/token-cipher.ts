import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { required, type Settings } from '#config';

/** Text form: `v2.<key id>.<nonce>.<tag>.<ciphertext>`, each part but the first two base64url. The first release wrote `v1` without a key id. */
const VERSION = 'v2';

/**
 * Encrypts secrets at rest with AES-256-GCM. The first key writes, all of them read: that is how one key takes over from another while everything runs.
 */
export class TokenCipher {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly current: string;

  constructor(key: Buffer, ...further: Buffer[]) {
    this.current = keyId(key);
    this.keys = new Map([key, ...further].map((one) => [keyId(one), one]));
  }

  /** @throws SettingsError when there is no key */
  static of(settings: Settings): TokenCipher {
    return new TokenCipher(required(settings, 'TOKEN_ENCRYPTION_KEY'), ...(settings.TOKEN_ENCRYPTION_FURTHER_KEYS ?? []));
  }

  /** @param owner whose row it is: bound in, so that one's secret cannot be put into another's row */
  encrypt(secret: string, owner: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key(this.current), nonce).setAAD(Buffer.from(owner));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return [VERSION, this.current, ...[nonce, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('.');
  }

  /** @throws Error when none of the keys is the right one, or the text was changed or belongs to another owner */
  decrypt(encrypted: string, owner: string): string {
    const [version, ...parts] = encrypted.split('.');
    if (version === VERSION && parts.length === 4) return open(this.key(parts[0] ?? ''), parts.slice(1), owner);
    if (version !== 'v1' || parts.length !== 3) throw new Error('The stored secret is not in a form that this release knows');
    return this.withAnyKey((key) => open(key, parts, owner));
  }

  /** Whether a text was written with the first key. */
  isCurrent(encrypted: string): boolean {
    return encrypted.startsWith(`${VERSION}.${this.current}.`);
  }

  private key(id: string): Buffer {
    const key = this.keys.get(id);
    if (key) return key;
    throw new Error(
      `The secret was stored with the key ${id}, which is not among those that are set (${[...this.keys.keys()].join(', ')})`,
    );
  }

  private withAnyKey(read: (key: Buffer) => string): string {
    const failures: unknown[] = [];
    for (const key of this.keys.values()) {
      try {
        return read(key);
      } catch (error) {
        failures.push(error);
      }
    }
    throw new AggregateError(failures, 'None of the keys that are set opens the stored secret');
  }
}

/** Names a key without telling anything of it. */
function keyId(key: Buffer): string {
  return createHash('sha256').update('key id').update(key).digest('hex').slice(0, 8);
}

function open(key: Buffer, parts: readonly string[], owner: string): string {
  const [nonce = Buffer.alloc(0), tag = Buffer.alloc(0), text = Buffer.alloc(0)] = parts.map((part) => Buffer.from(part, 'base64url'));
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner)).setAuthTag(tag);
  return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
}
