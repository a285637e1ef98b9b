import {
  RETRY_LADDER_MS,
  ROW_PROPERTY_NAMES,
  STAGES,
  STAGE_NAMES,
  VIDEO_ENCODERS,
  YOUTUBE_CALLS,
  type PropertyNames,
  type YouTubeCall,
} from '#pipeline';
import { PORTS, choices, settingsOf, type ModelPort, type ProviderName, type ProviderSetting } from '#providers/registry';
import { isInt, isNumber, isURL } from 'class-validator';

/** One environment variable: how it is read, and everything that `.env.example`, the errors and the documentation say about it. */
interface Setting<T> {
  readonly about: string;
  readonly group: string;
  readonly secret: boolean;
  readonly default: T | undefined;
  /** What stands in `.env.example` for a variable without a default. */
  readonly example?: string;
  /** The value, or throws an Error whose message says what a right value looks like. Never quotes the value: it may be a secret. */
  readonly read: (text: string) => T;
}

type Description<T> = Pick<Setting<T>, 'about' | 'group'> & { default?: T; secret?: boolean; example?: string };

function setting<T>(read: (text: string) => T) {
  function describe(description: Description<T> & { default: T }): Setting<T>;
  function describe(description: Description<T>): Setting<T | undefined>;
  function describe(description: Description<T>): Setting<T | undefined> {
    return { secret: false, default: undefined, ...description, read };
  }
  return describe;
}

function must(holds: boolean, rule: string): void {
  if (!holds) throw new Error(rule);
}

const text = setting((value) => value);
const url = (...protocols: string[]) =>
  setting((value) => {
    must(
      isURL(value, { protocols, require_protocol: true, require_tld: false, require_valid_protocol: true }),
      `must be a URL that begins with ${protocols.map((p) => `${p}://`).join(' or ')}`,
    );
    return value.replace(/\/+$/, '');
  });
const httpUrl = url('http', 'https');
const whole = (min: number, max: number) =>
  setting((value) => {
    const number = Number(value);
    must(isInt(number) && number >= min && number <= max, `must be a whole number from ${min} to ${max}`);
    return number;
  });
const usd = setting((value) => {
  const number = Number(value);
  must(isNumber(number, { allowNaN: false, allowInfinity: false }) && number >= 0, 'must be an amount in USD, such as 0.034');
  return number;
});
const seconds = (value: string): number => {
  const number = Number(value.trim());
  must(
    value.trim() !== '' && isInt(number) && number >= 0 && number <= 604_800,
    'must be whole numbers of seconds, such as 60,300,900,3600',
  );
  return number;
};
const listOfSeconds = setting((value): readonly number[] => value.split(',').map(seconds));
const oneOf = <const V extends string>(...values: V[]) =>
  setting((value): V => {
    const found = values.find((known) => known === value);
    if (!found) throw new Error(`must be one of ${values.join(', ')}`);
    return found;
  });
const listOfHosts = setting((value): readonly ProviderName[] => {
  const names = value.split(',').map((name) => name.trim());
  return names.map((name) => {
    const found = choices('host').find((known) => known === name);
    if (!found) throw new Error(`must be one or more of ${choices('host').join(', ')}, joined by commas`);
    return found;
  });
});
const propertyNameList = setting((value): Partial<PropertyNames> => {
  const pairs = value.split(',').map((pair) => /^\s*(\w+)\s*=\s*(.+?)\s*$/.exec(pair));
  const wrong = pairs.some((pair) => !ROW_PROPERTY_NAMES.some((name) => name === pair?.[1]));
  must(!wrong, `must be pairs such as title=Video,story_direction=Idea; what can be named: ${ROW_PROPERTY_NAMES.join(', ')}`);
  return Object.fromEntries(pairs.map((pair) => [pair?.[1], pair?.[2]])) as Partial<PropertyNames>;
});
/** Names of properties as NOTION_PROPERTIES says them. */
export function propertyNamesText(names: Partial<PropertyNames>): string {
  return Object.entries(names)
    .map((pair) => pair.join('='))
    .join(',');
}
const key = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'base64');
  must(bytes.length === 32, 'must be 32 bytes in base64; make one with: openssl rand -base64 32');
  return bytes;
};
const key32 = setting(key);
const listOfKeys = setting((value): readonly Buffer[] => value.split(',').map((text) => key(text.trim())));
const unitCosts = setting((value): Partial<Record<YouTubeCall, number>> => {
  const pairs = value.split(',').map((pair) => /^\s*([\w.]+)\s*=\s*(\d{1,6})\s*$/.exec(pair));
  const wrong = pairs.some((pair) => !YOUTUBE_CALLS.some((call) => call === pair?.[1]));
  must(!wrong, `must be pairs such as captions.insert=400; calls: ${YOUTUBE_CALLS.join(', ')}`);
  return Object.fromEntries(pairs.map((pair) => [pair?.[1], Number(pair?.[2])])) as Partial<Record<YouTubeCall, number>>;
});

/** Concurrency of each stage's service, named `ASSET_CONCURRENCY` and so on. */
type ConcurrencyName = `${Uppercase<keyof typeof STAGES>}_CONCURRENCY`;
const concurrency = Object.fromEntries(
  STAGE_NAMES.map((stage) => [
    `${stage.toUpperCase()}_CONCURRENCY`,
    whole(1, 200)({ group: 'Scale', about: `Items that one ${stage} process works on at once.`, default: STAGES[stage].concurrency }),
  ]),
) as Record<ConcurrencyName, Setting<number>>;

const WORK: Readonly<Record<ModelPort, string>> = {
  text: 'writes storyboards',
  image: 'draws images',
  clip: 'makes clips',
  speech: 'speaks narrations',
  effect: 'makes sound effects',
};
type ChoiceName = `${Uppercase<ModelPort>}_PROVIDER`;
/** Who serves each port, named `IMAGE_PROVIDER` and so on. */
const providerChoices = Object.fromEntries(
  PORTS.map((port) => {
    const [first, ...rest] = choices(port);
    const about = `Who ${WORK[port]}: ${[first, ...rest].join(' or ')}.`;
    return [`${port.toUpperCase()}_PROVIDER`, oneOf(first, ...rest)({ group: 'Providers', about, default: first })];
  }),
) as Record<ChoiceName, Setting<ProviderName>>;

const PROVIDER_GROUP = 'Provider';
const KNOWN_PROVIDERS = [...new Set([...PORTS, 'host' as const].flatMap(choices))];
/** What each provider of the registry needs. */
const providerSettings = Object.fromEntries(
  KNOWN_PROVIDERS.flatMap((provider) =>
    settingsOf(provider).map(({ name, kind, about, default: fallback }): [string, Setting<unknown>] => {
      const common = { group: `${PROVIDER_GROUP} ${provider}`, about };
      if (kind === 'key') return [name, text({ ...common, secret: true })];
      if (kind === 'count') return [name, whole(0, 100_000)({ ...common, default: Number(fallback) })];
      return [name, kind === 'url' ? httpUrl({ ...common, default: String(fallback) }) : text({ ...common, default: String(fallback) })];
    }),
  ),
) as Record<ProviderSetting, Setting<string | number | undefined>>;

const OWN_PRICE = 'Left out: what the chosen model cost on 2026-11-20; of a model that is not known the dearest is expected.';

/** Every setting of the product. Providers' models and prices are those known on 2026-11-20; look them up before spending money. */
export const SETTINGS = {
  DATABASE_URL: url(
    'postgres',
    'postgresql',
  )({
    group: 'Engines',
    about: 'Postgres, the system of record.',
    secret: true,
    example: 'postgres://user:password@localhost:5432/videos',
  }),
  REDIS_URL: url(
    'redis',
    'rediss',
  )({
    group: 'Engines',
    about: 'Redis, the engine of the queues (maxmemory-policy noeviction).',
    secret: true,
    example: 'redis://localhost:6379',
  }),
  QUEUE_PREFIX: text({
    group: 'Engines',
    about: 'Prefix of every Redis key, so that several installations can share one Redis.',
    default: 'videos',
  }),

  HOST: text({ group: 'Gateway', about: 'Address the gateway listens on. Anything but loopback needs API_TOKEN.', default: '127.0.0.1' }),
  PORT: whole(0, 65_535)({ group: 'Gateway', about: 'Port of the gateway; 0 takes a free one.', default: 3000 }),
  API_TOKEN: text({
    group: 'Gateway',
    about:
      'Bearer token with which a new installation begins: an admin, also as password of the queue page. Others are made through the API.',
    secret: true,
    example: 'a long random text',
  }),
  TRUST_PROXY: whole(
    0,
    10,
  )({
    group: 'Gateway',
    about: 'Proxies in front of the gateway. Behind one and with 0, all clients count as one address: its limits are then those of all.',
    default: 0,
  }),
  OPEN_ROUTE_FAILURES_PER_MINUTE: whole(
    0,
    1_000_000,
  )({
    group: 'Gateway',
    about:
      'Refused requests that one address may send in a minute, to the webhooks or with a wrong token, before nothing more is taken from it for the rest of that minute; 0 is no limit.',
    default: 120,
  }),
  LOG_LEVEL: oneOf(
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'fatal',
    'silent',
  )({ group: 'Gateway', about: 'Least level that is logged.', default: 'info' }),

  WORKSPACE_ROOT: text({ group: 'Files', about: 'Folder of all media; shared by every service.', default: '.data/workspace' }),
  CHANNELS_DIR: text({ group: 'Files', about: 'Folder of the channel files (*.yaml).', default: 'channels' }),
  BRAND_DIR: text({
    group: 'Files',
    about: 'Folder of what channels put into their videos (intro, outro, watermark, music); the gateway and the assembly read it.',
    default: 'brand',
  }),
  CUT_ENCODER: oneOf(...VIDEO_ENCODERS)({
    group: 'Files',
    about: 'What encodes the pictures of a cut; the others than libx264 need a graphics card, and where they do not work libx264 does it.',
    default: 'libx264',
  }),
  PROMPTS_DIR: text({ group: 'Files', about: 'Folder of the writing instructions for the LLM.', default: 'prompts' }),

  KEEP_AFTER_PUBLISHING: oneOf(
    'video',
    'everything',
    'nothing',
  )({
    group: 'Files',
    about: 'What stays of the files of a published video once YouTube can play it: `video` keeps the storyboard and the final files.',
    default: 'video',
  }),
  CLEAN_AFTER_HOURS: whole(0, 87_600)({ group: 'Files', about: 'How long after that the other files are removed (h).', default: 24 }),

  TASKS_IN_WORK: whole(
    1,
    10_000,
  )({
    group: 'Scale',
    about: 'Videos in work at once over all channels; the rest stay queued. A channel that has none in work gets one beyond that.',
    default: 20,
  }),
  WORK_AHEAD_MINUTES: whole(
    1,
    100_000,
  )({
    group: 'Scale',
    about:
      'Videos are let in until the busiest provider has work for so many minutes, going by how long its items took of late: more in work would only wait there, with its images paid for.',
    default: 120,
  }),
  ...concurrency,
  BUDGET_DAY_USD: usd({
    group: 'Scale',
    about:
      'What all channels together may spend in a day of UTC; the rest waits for the next. Left out: no limit but those in channel files.',
    example: '250',
  }),

  RETRY_LADDER_SECONDS: listOfSeconds({
    group: 'Recovery',
    about: 'Waits before the second and each further try of an item that failed in passing; after the last the task stops.',
    default: RETRY_LADDER_MS.map((ms) => ms / 1_000),
  }),
  REPEAT_LOST_CALLS_UP_TO_USD: usd({
    group: 'Recovery',
    about:
      'A paid call whose answer was lost and that cannot be looked for is made again by itself if it costs no more than this; above it, a person decides. Every one is reported.',
    default: 0.15,
  }),
  PUBLIC_URL: httpUrl({
    group: 'Recovery',
    about: 'Address of the gateway that KIE can reach; with it, a submission whose answer was lost is found by its callback.',
    example: 'https://videos.example.com',
  }),
  KIE_CALLBACK_WAIT_SECONDS: whole(
    1,
    86_400,
  )({
    group: 'Recovery',
    about: 'How long such a submission is waited for before it is taken for lost; clips take up to 15 minutes.',
    default: 1_200,
  }),

  SLACK_WEBHOOK_URL: httpUrl({ group: 'Alerts', about: "Slack's incoming webhook for alerts.", secret: true }),
  DISCORD_WEBHOOK_URL: httpUrl({ group: 'Alerts', about: "Discord's webhook for alerts.", secret: true }),

  SIMULATOR_URL: httpUrl({
    group: 'Providers',
    about: 'The simulator. A provider without a key is played by it; videos made so can never go to the real YouTube.',
    example: 'http://127.0.0.1:4010',
  }),
  ...providerChoices,
  IMAGE_HOSTS: listOfHosts({
    group: 'Providers',
    about: `Where composites are put for the clip model to fetch, the first that takes them: ${choices('host').join(', ')}. Litterbox and catbox are public; catbox keeps files for good.`,
    default: ['kie', 'litterbox'],
  }),
  CLIP_SUBMIT_SPACING_MS: whole(
    0,
    60_000,
  )({ group: 'Providers', about: 'Time between two submissions of clips over all processes (ms); KIE takes 20 in 10 s.', default: 500 }),
  CLIP_ASK_SPACING_MS: whole(
    0,
    60_000,
  )({
    group: 'Providers',
    about: 'Time between two questions after running clips over all processes (ms); KIE takes 10 in 1 s.',
    default: 110,
  }),
  KIE_WEBHOOK_KEY: text({
    group: 'Providers',
    about: "KIE's webhook HMAC key. With it, callbacks that are not signed with it are refused.",
    secret: true,
  }),
  ...providerSettings,

  NOTION_TOKEN: text({ group: 'Notion', about: 'Token of the Notion connection.', secret: true }),
  NOTION_BASE_URL: httpUrl({ group: 'Notion', about: 'Notion API.', default: 'https://api.notion.com' }),
  NOTION_DATA_SOURCE_ID: text({
    group: 'Notion',
    about:
      'Data source whose rows are videos; npm run notion:setup makes one. Once a minute it is looked through for changes that no webhook told of. Left out: every row the connection can see, by webhook only.',
  }),
  NOTION_CHANNELS_DATA_SOURCE_ID: text({
    group: 'Notion',
    about: 'Data source that shows the channels and where they are paused; made by npm run notion:setup, too. Left out: there is none.',
  }),
  NOTION_PROPERTIES: propertyNameList({
    group: 'Notion',
    about: "What the rows' properties are called, where that is not their usual name.",
    example: 'title=Video,story_direction=Idea',
  }),
  NOTION_WEBHOOK_TOKEN: text({
    group: 'Notion',
    about: 'Verification token of the webhook subscription, if it is not activated by API; signs every event.',
    secret: true,
  }),
  NOTION_AUTOMATION_SECRET: text({
    group: 'Notion',
    about: 'What the action "Send webhook" of a database automation sends in the header X-Webhook-Secret. Left out: none is accepted.',
    secret: true,
    example: 'a long random text',
  }),
  NOTION_REQUEST_SPACING_MS: whole(
    0,
    60_000,
  )({
    group: 'Notion',
    about: 'Time between two requests over all processes (ms); 400 is 2.5/s. Notion takes 180 a minute, of business plans 600.',
    default: 400,
  }),
  NOTION_SWEEP_SECONDS: whole(
    1,
    3_600,
  )({ group: 'Notion', about: 'How often rows are looked through for what webhooks missed.', default: 60 }),
  NOTION_RETRY_SECONDS: whole(
    1,
    3_600,
  )({
    group: 'Notion',
    about: 'Wait before something that Notion did not take is tried again; doubled each time, up to an hour.',
    default: 60,
  }),

  GOOGLE_CLIENT_ID: text({ group: 'YouTube', about: 'OAuth client of the Google project.' }),
  GOOGLE_CLIENT_SECRET: text({ group: 'YouTube', about: 'Secret of the OAuth client.', secret: true }),
  GOOGLE_AUTH_URL: httpUrl({ group: 'YouTube', about: "Google's consent page.", default: 'https://accounts.google.com/o/oauth2/v2/auth' }),
  GOOGLE_TOKEN_URL: httpUrl({ group: 'YouTube', about: "Google's token endpoint.", default: 'https://oauth2.googleapis.com/token' }),
  YOUTUBE_BASE_URL: httpUrl({ group: 'YouTube', about: 'YouTube Data API.', default: 'https://www.googleapis.com' }),
  YOUTUBE_CHUNK_KIB: whole(
    256,
    1_048_576,
  )({
    group: 'YouTube',
    about: 'Size of the pieces of an upload (KiB, a multiple of 256); larger ones lose more when they break.',
    default: 16_384,
  }),
  YOUTUBE_UPLOADS_A_DAY: whole(
    1,
    1_000_000,
  )({ group: 'YouTube', about: 'Videos that the Google project may upload in a day of Pacific time; 100 as of 2026-06-01.', default: 100 }),
  YOUTUBE_UNITS_A_DAY: whole(
    1,
    1_000_000_000,
  )({
    group: 'YouTube',
    about: 'Units that all other requests of the Google project may cost in a day of Pacific time; 10,000 as of 2026-06-01.',
    default: 10_000,
  }),
  YOUTUBE_UNIT_COSTS: unitCosts({
    group: 'YouTube',
    about: 'What single requests cost (units), where that is not what YouTube asked for on 2026-06-03.',
    example: 'captions.insert=400,videos.update=50',
  }),
  TOKEN_ENCRYPTION_KEY: key32({
    group: 'YouTube',
    about: "Encrypts the channels' OAuth tokens and upload sessions (32 bytes, base64).",
    secret: true,
    example: 'output of: openssl rand -base64 32',
  }),
  TOKEN_ENCRYPTION_FURTHER_KEYS: listOfKeys({
    group: 'YouTube',
    about: 'Keys that secrets can be read with besides, joined by commas; for the time in which one key takes over from another.',
    secret: true,
  }),

  PRICE_IMAGE_USD: usd({ group: 'Prices', about: `One image. ${OWN_PRICE}` }),
  PRICE_TEXT_INPUT_USD: usd({ group: 'Prices', about: `A million input tokens of the text model. ${OWN_PRICE}` }),
  PRICE_TEXT_OUTPUT_USD: usd({ group: 'Prices', about: `A million output tokens of the text model. ${OWN_PRICE}` }),
  PRICE_CLIP_SECOND_USD: usd({ group: 'Prices', about: `A second of clip. ${OWN_PRICE}` }),
  PRICE_SPEECH_USD: usd({ group: 'Prices', about: `A thousand characters of narration. ${OWN_PRICE}` }),
  PRICE_EFFECT_USD: usd({ group: 'Prices', about: `One sound effect. ${OWN_PRICE}` }),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;
/** All settings, parsed. Optional ones that are not set are undefined. */
export type Settings = { readonly [N in SettingName]: (typeof SETTINGS)[N] extends Setting<infer T> ? T : never };

/** Everything that is wrong with the environment, in one error. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}

/**
 * The settings from an environment; an empty variable counts as not set.
 * @throws SettingsError naming every wrong variable and what a right value looks like, never a value
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const entries = Object.entries<Setting<unknown>>(SETTINGS).map(([name, { read, default: fallback }]): [string, unknown] => {
    const value = environment[name]?.trim();
    if (!value) return [name, fallback];
    try {
      return [name, read(value)];
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`);
      return [name, undefined];
    }
  });
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.fromEntries(entries) as Settings;
}

/**
 * A setting that this process cannot do without.
 * @throws SettingsError when it is not set
 */
export function required<N extends SettingName>(settings: Settings, name: N): NonNullable<Settings[N]> {
  const value = settings[name];
  if (value === undefined) throw new SettingsError([`${name} is not set. ${SETTINGS[name].about}`]);
  return value as NonNullable<Settings[N]>;
}

/** Settings by which something outside is reached: without them nothing real can be asked or paid, and the simulator plays everybody. */
export const OUTSIDE_SETTINGS = Object.entries<Setting<unknown>>(SETTINGS)
  .filter(([, { group }]) => ['Providers', 'Notion', 'YouTube', 'Alerts'].includes(group) || group.startsWith(`${PROVIDER_GROUP} `))
  .map(([name]) => name);

/** The text of `.env.example`: every setting with what it is for, its default or an example. */
export function environmentExample(): string {
  const groups = Map.groupBy(Object.entries<Setting<unknown>>(SETTINGS), ([, { group }]) => group);
  const blocks = [...groups].map(([group, settings]) => {
    const lines = settings.map(([name, { about, default: fallback, example }]) => {
      const value = fallback === undefined ? '' : shown(fallback);
      return `# ${about}${example ? ` Example: ${example}` : ''}\n${fallback === undefined ? '# ' : ''}${name}=${value}`;
    });
    return `## ${group}\n\n${lines.join('\n')}`;
  });
  return `# Copy to .env. Lines that begin with # are optional or have no default.\n\n${blocks.join('\n\n')}\n`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
