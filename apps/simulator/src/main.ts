import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Command } from 'commander';
import { WireErrorFilter } from './answer.js';
import { Faults } from './faults/faults.js';
import { Edge } from './notion/edge/edge.js';
import { SimulatorModule } from './simulator.module.js';
import { Traffic } from './traffic/traffic.js';

/** How long a connection stays open between two requests (ms); as long as the providers' load balancers keep it. */
const KEEP_ALIVE_MS = 60_000;

/** Starts the simulator on a port of this machine (0: a free one). */
export async function startSimulator({
  port,
  host = '127.0.0.1',
}: {
  port: number;
  host?: string;
}): Promise<{ url: string; app: NestExpressApplication }> {
  const app = await NestFactory.create<NestExpressApplication>(SimulatorModule, {
    logger: ['warn', 'error'],
    forceCloseConnections: true,
  });
  app.useBodyParser('json', { limit: '30mb' });
  app.use(app.get(Traffic).middleware);
  app.use('/notion/v1', app.get(Edge).middleware);
  app.use(app.get(Faults).middleware);
  app.useGlobalFilters(new WireErrorFilter());
  await app.listen(port, host);
  // With Node's 5 s a client on a busy machine finds its connection closed just when it asks again.
  app.getHttpServer().keepAliveTimeout = KEEP_ALIVE_MS;
  return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), app };
}

if (import.meta.main) {
  const { port, host } = new Command('simulator')
    .description(
      'Plays every provider of the pipeline: Gemini, OpenAI, KIE, catbox, ElevenLabs, Notion, Google and YouTube, Slack and Discord.',
    )
    .option('--port <number>', 'port; 0 takes a free one', Number, 4010)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .parse()
    .opts<{ port: number; host: string }>();
  const { url, app } = await startSimulator({ port, host });
  app.enableShutdownHooks();
  process.stdout.write(`The simulator listens on ${url}; what it receives is shown at ${url}/simulator\n`);
}
