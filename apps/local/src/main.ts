import { once } from 'node:events';
import { readSettings } from '#config';
import { Command, InvalidArgumentError } from 'commander';
import { connectSimulatedChannels } from './connect-youtube.js';
import { startLocal } from './local.js';

const program = new Command('npm start --')
  .description('Runs the whole product on this machine until Ctrl-C: engines, simulator, gateway and the six services.')
  .option('--data <folder>', 'where everything is kept between starts', '.data/local')
  .option('--port <number>', 'port of the gateway', process.env.PORT ?? '3000')
  .option('--simulator-port <number>', 'port of the simulator; a free one, when it is taken', portNumber, 4010)
  .addHelpText('after', '\nSettings come from .env (see .env.example). A provider without a key is played by the simulator.');
const { data, port, simulatorPort } = program.parse().opts<{ data: string; port: string; simulatorPort: number }>();

const onStep = (what: string) => void process.stdout.write(`starting ${what}\n`);
const local = await startLocal({
  dataDir: data,
  simulateAll: false,
  simulatorPort,
  environment: { PORT: port, LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' },
  onStep,
});
onStep("the simulator's YouTube channels");
await connectSimulatedChannels(local, readSettings(process.env)).catch(async (error: unknown) => {
  await local.close();
  throw error;
});
process.stdout.write(`
Everything is up.${local.playsNotion ? `\n  Notion       ${local.simulatorUrl}/simulator/notion    simulated: add a row here and set it to Queued` : ''}
  API          ${local.gatewayUrl}/api/v1/tasks
  API docs     ${local.gatewayUrl}/docs
  Queues       ${local.gatewayUrl}/queues
  Simulator    ${local.simulatorUrl}/simulator
  Videos       ${local.workspaceRoot}
Stop with Ctrl-C.
`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
process.stdout.write('stopping\n');
await local.close();
process.exit(0);

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('must be a whole number from 0 to 65535');
  return port;
}
