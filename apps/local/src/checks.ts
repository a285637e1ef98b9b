import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SETTINGS, SettingsError, notionAccess, providerOf, readChannels, readSettings, youtubeAccess, type Settings } from '#config';
import { dataSourceOptions } from '#database';
import { encoderWorks } from '#media';
import { Failure } from '#pipeline';
import { NotionClient } from '#providers/notion';
import { PORTS, check, reachHosts, type ModelPort } from '#providers/registry';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { notionDatabases } from './check-notion.js';
import { fault, ok, warning, type Finding } from './finding.js';

const run = promisify(execFile);
const PATIENCE_MS = 10_000;
const GIB = 2 ** 30;
/** A finished video of 18 scenes leaves about 0.6 GB behind; below the second nothing should be begun. */
const ROOM = { comfortable: 20 * GIB, least: 2 * GIB };
const LEAST = { ffmpeg: 5.1, postgres: 14, redis: 6 };
const NOTION = 'NOTION_TOKEN';
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** Looks at everything that a start and a first video need. Costs nothing and changes nothing. */
export async function* findings(environment: Readonly<Record<string, string | undefined>>): AsyncGenerator<Finding> {
  const { settings, problems } = readable(environment);
  if (problems.length === 0) yield ok('settings', 'every one that is set can be read');
  for (const problem of problems) yield fault('settings', problem, 'Mend it in .env; .env.example says what each setting is for.');
  yield* exposure(settings);
  yield await ffmpeg();
  yield* await encoder(settings);
  yield await postgres(settings);
  yield await redis(settings);
  yield await workspace(settings);
  yield* await channels(settings);
  for (const provider of providers(settings)) {
    const finding = await provider;
    yield finding;
    if (finding.about === NOTION && finding.state === 'ok') yield* notionDatabases(settings);
  }
}

/** The settings without those that are wrong: one mistake must not hide what else there is to find. */
function readable(environment: Readonly<Record<string, string | undefined>>): { settings: Settings; problems: readonly string[] } {
  try {
    return { settings: readSettings(environment), problems: [] };
  } catch (error) {
    const problems = problemsOf(error);
    const wrong = problems.map((problem) => problem.split(' ')[0]);
    const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !wrong.includes(name)));
    return { settings: readSettings(rest), problems };
  }
}

function* exposure({ HOST, API_TOKEN, PUBLIC_URL }: Settings): Generator<Finding> {
  if (!API_TOKEN && !LOOPBACK.includes(HOST))
    yield fault(
      'HOST',
      `the gateway would listen on ${HOST}, where others can reach it, without API_TOKEN`,
      'Set API_TOKEN to a long random text, or HOST to 127.0.0.1.',
    );
  if (!PUBLIC_URL)
    yield warning(
      'PUBLIC_URL',
      'not set',
      'Set it to the address under which KIE reaches the gateway; a clip whose submission was never answered is found again only then.',
    );
}

/** One that does not work is no fault: libx264 draws then. */
async function encoder({ CUT_ENCODER }: Settings): Promise<Finding[]> {
  const about = 'CUT_ENCODER';
  if (CUT_ENCODER === SETTINGS.CUT_ENCODER.default) return [];
  if (await encoderWorks(CUT_ENCODER)) return [ok(about, CUT_ENCODER)];
  return [
    warning(about, `${CUT_ENCODER} does not work on this machine; libx264 draws the cuts`, 'Install its driver, or leave CUT_ENCODER out.'),
  ];
}

async function ffmpeg(): Promise<Finding> {
  const about = 'FFmpeg';
  const fix = 'Install the package ffmpeg, version 5.1 or later, with libx264.';
  try {
    const [{ stdout: version }, { stdout: encoders }] = await Promise.all([
      run('ffmpeg', ['-version']),
      run('ffmpeg', ['-v', 'error', '-encoders']),
    ]);
    await run('ffprobe', ['-version']);
    const name = /version (\S+)/.exec(version)?.[1] ?? 'unknown';
    const release = Number(/\d+(\.\d+)?/.exec(name)?.[0] ?? LEAST.ffmpeg);
    if (release < LEAST.ffmpeg) return fault(about, `version ${name}`, fix);
    return encoders.includes('libx264') ? ok(about, `version ${name}`) : fault(about, `version ${name} cannot encode H.264`, fix);
  } catch (error) {
    return fault(about, `ffmpeg or ffprobe cannot be run: ${reasonOf(error)}`, fix);
  }
}

async function postgres({ DATABASE_URL }: Settings): Promise<Finding> {
  const about = 'Postgres';
  if (!DATABASE_URL) return ok(about, 'DATABASE_URL is not set: npm start brings its own');
  const source = new DataSource(dataSourceOptions(DATABASE_URL));
  try {
    await source.initialize();
    const [row] = await source.query<{ number: number; name: string }[]>(
      `SELECT current_setting('server_version_num')::int / 10000 AS number, current_setting('server_version') AS name`,
    );
    if ((row?.number ?? 0) < LEAST.postgres)
      return fault(about, `version ${row?.name ?? 'unknown'}`, `Use Postgres ${LEAST.postgres} or later.`);
    const behind = await source.showMigrations();
    return behind
      ? warning(
          about,
          `version ${row?.name ?? ''}, whose tables are not up to date`,
          'Run the migrations: node dist/apps/gateway/src/migrate.js (npm start and the containers do it by themselves).',
        )
      : ok(about, `version ${row?.name ?? ''}, tables up to date`);
  } catch (error) {
    return fault(about, `does not let us in: ${reasonOf(error)}`, 'Check DATABASE_URL: host, port, user, password and database.');
  } finally {
    if (source.isInitialized) await source.destroy();
  }
}

async function redis({ REDIS_URL }: Settings): Promise<Finding> {
  const about = 'Redis';
  if (!REDIS_URL) return ok(about, 'REDIS_URL is not set: npm start brings its own');
  const client = new Redis(REDIS_URL, {
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const info = await client.info();
    const value = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
    const version = value('valkey_version') || value('redis_version');
    if (Number.parseInt(version, 10) < LEAST.redis)
      return fault(about, `version ${version}`, `Use Redis ${LEAST.redis} or later, or Valkey.`);
    if (value('maxmemory_policy') === 'noeviction') return ok(about, `version ${version}, noeviction`);
    return fault(
      about,
      `maxmemory-policy is ${value('maxmemory_policy')}: when memory runs short, it would drop jobs`,
      'Set maxmemory-policy noeviction.',
    );
  } catch (error) {
    return fault(about, `does not let us in: ${reasonOf(error)}`, 'Check REDIS_URL: host, port and password.');
  } finally {
    client.disconnect();
  }
}

async function workspace({ WORKSPACE_ROOT }: Settings): Promise<Finding> {
  const about = 'WORKSPACE_ROOT';
  const root = resolve(WORKSPACE_ROOT);
  try {
    const folder = nearestFolder(root);
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const found = `${root}, ${(free / GIB).toFixed(1)} GiB free`;
    if (free >= ROOM.comfortable) return ok(about, found);
    const fix = 'Make room, or point WORKSPACE_ROOT to a larger disk: a video needs about 0.6 GB.';
    return free < ROOM.least ? fault(about, found, fix) : warning(about, found, fix);
  } catch (error) {
    return fault(
      about,
      `${root} cannot be written to: ${reasonOf(error)}`,
      'Give the user of the services the right to write there, or choose another folder.',
    );
  }
}

/** The folder itself, or the one above it that is there and in which it would be made. */
function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

async function channels({ CHANNELS_DIR, BRAND_DIR }: Settings): Promise<Finding[]> {
  const about = 'channels';
  try {
    const found = await readChannels(CHANNELS_DIR, BRAND_DIR);
    if (found.length > 0) return [ok(about, found.map(({ key }) => key).join(', '))];
    return [
      fault(
        about,
        `there is no channel file in ${CHANNELS_DIR}`,
        'Copy channels/deep_sea.yaml and change it; docs/channels.md explains the keys.',
      ),
    ];
  } catch (error) {
    return problemsOf(error).map((problem) => fault(about, problem, 'Mend the channel file; docs/channels.md explains the keys.'));
  }
}

/** One free question to each provider that is used. */
function providers(settings: Settings): Promise<Finding>[] {
  const signal = AbortSignal.timeout(PATIENCE_MS * 3);
  return [
    ...[...Map.groupBy(PORTS, (port) => settings[`${port.toUpperCase() as Uppercase<ModelPort>}_PROVIDER`])].map(([name, ports]) =>
      ask(
        `${name.toUpperCase()}_API_KEY`,
        () => ports.map((port) => providerOf(port, settings)),
        async ([access, ...others]) => {
          const models = [access, ...others].flatMap((reached) => (reached ? [reached.model] : []));
          const question = check(name);
          const answer = access && question ? await question(access, models, signal) : 'is not asked: it has no free question';
          return { answer, simulated: access?.simulated ?? false };
        },
      ),
    ),
    ask(
      'IMAGE_HOSTS',
      () => reachHosts(settings, providerOf('clip', settings)),
      (hosts) => Promise.resolve({ answer: hosts.map(({ title }) => title).join(', then '), simulated: false }),
    ),
    ask(
      NOTION,
      () => notionAccess(settings),
      async (access) => ({ answer: `accepted, as ${await new NotionClient(access).botId()}`, simulated: access.simulated }),
    ),
    google(settings),
  ];
}

async function ask<A>(
  about: string,
  access: () => A,
  question: (access: A) => Promise<{ answer: string; simulated: boolean }>,
): Promise<Finding> {
  let reached: A;
  try {
    reached = access();
  } catch {
    return warning(
      about,
      'not set, and neither is SIMULATOR_URL',
      `Set ${about}; npm start plays a provider without a key by the simulator.`,
    );
  }
  try {
    const { answer, simulated } = await question(reached);
    return ok(about, simulated ? `simulated: ${answer}` : answer);
  } catch (error) {
    const { message, userMessage } = Failure.from(error);
    return fault(about, message, userMessage);
  }
}

function google(settings: Settings): Promise<Finding> {
  const about = 'GOOGLE_CLIENT_ID';
  try {
    const { simulated, clientId } = youtubeAccess(settings);
    if (!settings.TOKEN_ENCRYPTION_KEY && !simulated)
      return Promise.resolve(
        fault(
          'TOKEN_ENCRYPTION_KEY',
          "not set, so the channels' grants cannot be kept",
          'Set it to the output of: openssl rand -base64 32',
        ),
      );
    return Promise.resolve(ok(about, simulated ? 'simulated' : clientId));
  } catch (error) {
    const [problem = ''] = problemsOf(error);
    return Promise.resolve(warning(about, problem, 'Set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET; README, "Run it for real", step 4.'));
  }
}

function problemsOf(error: unknown): readonly string[] {
  return error instanceof SettingsError ? error.problems : [reasonOf(error)];
}

/** Never a whole URL: it may hold a password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' && message ? (message.split('\n')[0] ?? '') : String(code);
  return text.replace(/\/\/[^\s@/]*@/g, '//…@');
}
