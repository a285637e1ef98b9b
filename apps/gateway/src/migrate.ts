import { required, settings } from '#config';
import { migrate } from '#database';

await migrate(required(settings(), 'DATABASE_URL'));
process.stdout.write('The database is up to date.\n');
