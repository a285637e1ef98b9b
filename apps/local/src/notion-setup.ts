import { existsSync } from 'node:fs';
import { readSettings } from '#config';
import { Failure } from '#pipeline';
import { Command, Option } from 'commander';
import { setUpNotion, type SetUpOptions } from './set-up-notion.js';

const ENV_FILE = '.env';

const program = new Command('npm run notion:setup --')
  .description(
    'Makes the database for your videos in Notion, or adds what one lacks: properties, statuses, views, an example. ' +
      'Takes away, renames and overwrites nothing; run again, it does nothing that is done.',
  )
  .addOption(new Option('--page <link or id>', 'the page in which a database is made').conflicts('database'))
  .option('--database <link or id>', 'the database, or data source, to mend; left out: that of .env, or one that the connection sees')
  .addOption(new Option('--channel <key>', 'for the rows of this channel alone').conflicts('writeEnv'))
  .option('--dry-run', 'say what would be done, and do nothing')
  .option('--write-env', `write the ids into ${ENV_FILE}`)
  .addHelpText(
    'after',
    '\nNOTION_TOKEN is the connection; without it, and with SIMULATOR_URL, the simulator plays Notion.\n' +
      'To share a page with the connection, choose ··· > Connections in Notion.\n\nExample:\n' +
      '  npm run notion:setup -- --page https://www.notion.so/Studio-0123456789abcdef0123456789abcdef --write-env',
  );
const options = program.parse().opts<SetUpOptions>();

if (existsSync(ENV_FILE)) process.loadEnvFile(ENV_FILE);
try {
  const say = (text: string) => void process.stdout.write(text);
  process.exitCode = await setUpNotion(readSettings(process.env), options, { envFile: ENV_FILE, say, showsSteps: true });
} catch (error) {
  const text = error instanceof Failure ? error.userMessage : error instanceof Error ? error.message : String(error);
  process.stderr.write(`\n${text}\n`);
  process.exitCode = 1;
}
