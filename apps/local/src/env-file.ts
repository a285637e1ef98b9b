import { existsSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';

/** Who may read a new file: it will hold secrets. */
const FOR_THE_OWNER = 0o600;

/**
 * Sets variables in a file like `.env`; it is made if it is not there. A variable that it has gets its new value where it stands, other lines stay as they
 * are, byte for byte.
 * @returns the names of those that were not so before
 */
export async function setInEnvFile(path: string, values: Readonly<Record<string, string>>): Promise<string[]> {
  const before = existsSync(path) ? await readFile(path, 'utf8') : '';
  let after = before;
  const changed: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const line = envLine(name, value);
    const existing = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=.*$`, 'gm');
    const was = after;
    if (existing.test(was)) after = was.replace(existing, () => line);
    else after = `${was}${was === '' || was.endsWith('\n') ? '' : '\n'}${line}\n`;
    if (after !== was) changed.push(name);
  }
  if (after === before) return changed;
  const mode = before === '' ? FOR_THE_OWNER : (await stat(path)).mode;
  // Never half a file: it may hold keys that stand nowhere else.
  await writeFile(`${path}.new`, after, { mode });
  await rename(`${path}.new`, path);
  return changed;
}

/** A variable as a file like `.env` has it; in quotes where it would be read as something else. */
export function envLine(name: string, value: string): string {
  if (/^[\w./:=,@-]*$/.test(value)) return `${name}=${value}`;
  return `${name}=${value.includes("'") ? `"${value}"` : `'${value}'`}`;
}
