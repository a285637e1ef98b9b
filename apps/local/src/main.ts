import { once } from 'node:events';
import { Command } from 'commander';
import { startLocal } from './local.js';

const program = new Command('npm start --')
  .description('Runs the whole product on this machine until Ctrl-C: engines, simulator, gateway and the six services.')
  .option('--data <folder>', 'where everything is kept between starts', '.data/local')
  .option('--port <number>', 'port of the gateway', process.env.PORT ?? '3000')
  .addHelpText('after', '\nSettings come from .env (see .env.example). A provider without a key is played by the simulator.');
const { data, port } = program.parse().opts<{ data: string; port: string }>();

const local = await startLocal({
  dataDir: data,
  simulateAll: false,
  environment: { PORT: port, LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' },
  onStep: (what) => process.stdout.write(`starting ${what}\n`),
});
process.stdout.write(`
Everything is up.
  API          ${local.gatewayUrl}/api/v1/tasks
  API docs     ${local.gatewayUrl}/docs
  Queues       ${local.gatewayUrl}/queues
  Simulator    ${local.simulatorUrl}/simulator/summary
  Videos       ${local.workspaceRoot}
Stop with Ctrl-C.
`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
process.stdout.write('stopping\n');
await local.close();
process.exit(0);
