import { SettingsModule, required, settings, type Settings } from '#config';
import { Database, DatabaseModule } from '#database';
import { Workspace } from '#media';
import { loggerModule } from '#observability';
import { STAGES, isStepName, type ItemKind, type StageName, type Ticket, type TicketName } from '#pipeline';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type Provider,
  type Type,
} from '@nestjs/common';
import type { Job } from 'bullmq';
import { Heartbeat } from './heartbeat.js';
import { ItemFiles } from './item-files.js';
import { LaneHealth } from './lane-health.js';
import { Leases } from './lease.js';
import { PaidCalls } from './paid-calls.js';
import { ProviderLimits } from './provider-limits.js';
import { QueuesModule } from './queues.module.js';
import { ScriptRunner } from './script-runner.js';
import type { Stage, StepHandler } from './stage.js';
import { STEP_HANDLERS, TicketHandler, type StepHandlers } from './ticket-handler.js';

/** Everything that a stage's service is besides its stage: queue, worker, machinery. */
@Module({})
export class StageModule {
  /** @param providers what the stage class injects */
  static forStage<S extends StageName>(name: S, stage: Type<Stage<S>>, providers: Provider[] = []): DynamicModule {
    return {
      module: StageModule,
      imports: [SettingsModule, loggerModule(name), DatabaseModule, QueuesModule],
      providers: [
        ...providers,
        stage,
        ProviderLimits,
        ScriptRunner,
        { provide: Workspace, inject: [settings.KEY], useFactory: (values: Settings) => new Workspace(values.WORKSPACE_ROOT) },
        ItemFiles,
        PaidCalls,
        Leases,
        LaneHealth,
        { provide: Heartbeat, inject: [Database], useFactory: (database: Database) => new Heartbeat(database, name) },
        { provide: STEP_HANDLERS, inject: [stage], useFactory: (instance: Stage<S>): StepHandlers => handlersOf(name, instance) },
        TicketHandler,
        workerFor(name),
      ],
    };
  }
}

/** A stage's handlers by step. The compiler has seen that none is missing; this sees to a stage that was not written in TypeScript's sight. */
function handlersOf<S extends StageName>(name: S, stage: Stage<S>): StepHandlers {
  const steps = Object.keys(STAGES[name].steps).filter(isStepName);
  const handlers = new Map(Object.entries(stage).filter(([key]) => isStepName(key)) as [string, StepHandler<ItemKind>][]);
  const missing = steps.filter((step) => !handlers.has(step));
  const foreign = [...handlers.keys()].filter((step) => !steps.some((known) => known === step));
  if (missing.length + foreign.length > 0) {
    throw new Error(
      `The ${name} stage must handle exactly the steps ${steps.join(', ')}; missing: ${missing.join(', ') || 'none'}, not its own: ${foreign.join(', ') || 'none'}`,
    );
  }
  return handlers;
}

function workerFor(name: StageName): Type {
  const { queue, lockMs, stalledCheckMs, shutdownGraceMs } = STAGES[name];

  // The settings were measured to survive kills and an emptied Redis; Postgres counts the tries, so BullMQ must not give up on its own.
  @Processor(queue, { autorun: false, lockDuration: lockMs, stalledInterval: stalledCheckMs, maxStalledCount: 20, drainDelay: 1 })
  class StageWorker extends WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
    private readonly stopping = new AbortController();

    constructor(
      private readonly tickets: TicketHandler,
      @Inject(settings.KEY) private readonly settings: Settings,
    ) {
      super();
    }

    onApplicationBootstrap(): void {
      required(this.settings, 'REDIS_URL');
      this.worker.concurrency = this.settings[`${name.toUpperCase() as Uppercase<StageName>}_CONCURRENCY`];
      this.worker.on('error', () => undefined);
      void this.worker.run();
    }

    async process(job: Job<Ticket, void, TicketName>): Promise<void> {
      await this.tickets.handle(job.name, job.data, this.stopping.signal);
    }

    /** Stops taking tickets, lets the items in hand finish within the grace, then hands the rest back: while queues and database are still there. */
    async beforeApplicationShutdown(): Promise<void> {
      const grace = setTimeout(() => this.stopping.abort(new Error('The service is stopping')), shutdownGraceMs);
      await this.worker.close();
      clearTimeout(grace);
    }
  }
  return StageWorker;
}
