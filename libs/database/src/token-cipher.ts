import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const VERSION = 'v1';

/** Encrypts secrets at rest with AES-256-GCM. Text form: `v1.<nonce>.<tag>.<ciphertext>`, each part base64url. */
export class TokenCipher {
  constructor(private readonly key: Buffer) {}

  /** @param owner the row's channel: bound in, so that one channel's secret cannot be put into another's row */
  encrypt(secret: string, owner: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(owner));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return [VERSION, ...[nonce, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('.');
  }

  /** @throws Error when the key is another, or the text was changed or belongs to another owner */
  decrypt(encrypted: string, owner: string): string {
    const [version, nonce, tag, text] = encrypted.split('.');
    if (version !== VERSION || !nonce || !tag || text === undefined)
      throw new Error('The stored secret is not in a form that this release knows');
    const decipher = createDecipheriv('aes-256-gcm', this.key, Buffer.from(nonce, 'base64url'))
      .setAAD(Buffer.from(owner))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString('utf8');
  }
}
