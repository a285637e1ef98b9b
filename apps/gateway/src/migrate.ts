import { readSettings, required } from '#config';
import { migrate } from '#database';

await migrate(required(readSettings(process.env), 'DATABASE_URL'));
process.stdout.write('The database is up to date.\n');
