import { SettingsModule, settings, type Settings } from '#config';
import { DatabaseModule } from '#database';
import { Workspace } from '#media';
import { loggerModule } from '#observability';
import { Admission, CallFiles, ChannelControl, Gates, ProviderLimits, QueuesModule, Reconciler } from '#stage';
import { Clock } from '#youtube';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ChannelFiles } from './channels/channel-files.js';
import { ApiTokensController } from './access/api-tokens.controller.js';
import { ApiTokens } from './access/api-tokens.js';
import { RoleGuard } from './access/roles.js';
import { ChannelOAuthController } from './channels/channel-oauth.controller.js';
import { ChannelsController } from './channels/channels.controller.js';
import { VideoCostsController } from './costs/video-costs.controller.js';
import { ForecastController } from './forecast/forecast.controller.js';
import { Forecasts } from './forecast/forecasts.js';
import { HealthController } from './health/health.controller.js';
import { HousekeepingWorker } from './housekeeping/housekeeping.worker.js';
import { JsonOnly } from './http/json-only.js';
import { AlertSender } from './incidents/alert-sender.js';
import { DeadLetterWorker } from './incidents/dead-letter.worker.js';
import { IncidentsController } from './incidents/incidents.controller.js';
import { Watch } from './incidents/watch.js';
import { KieCallbackController } from './kie/kie-callback.controller.js';
import { NotionDatabases } from './notion/databases.js';
import { NotionChannels } from './notion/notion-channels.js';
import { NotionConnection } from './notion/notion-connection.js';
import { NotionInbox } from './notion/notion-inbox.js';
import { NotionIntake } from './notion/notion-intake.js';
import { NotionMirror } from './notion/notion-mirror.js';
import { NotionReview } from './notion/notion-review.js';
import { NotionRows } from './notion/notion-rows.js';
import { NotionScript } from './notion/notion-script.js';
import { NotionSubscriptionsController } from './notion/notion-subscriptions.controller.js';
import { NotionSweep } from './notion/notion-sweep.js';
import { LiveController } from './live/live.controller.js';
import { TaskFeed } from './live/task-feed.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { Metrics } from './metrics/metrics.js';
import { NotionWebhookController } from './notion/notion-webhook.controller.js';
import { NotionWorker } from './notion/notion.worker.js';
import { RowDecisions } from './notion/row-decisions.js';
import { WebhookTokens } from './notion/webhook-tokens.js';
import { AuditLogsController } from './records/audit-logs.controller.js';
import { ReviewsController } from './records/reviews.controller.js';
import { BulkController } from './tasks/bulk.controller.js';
import { TaskPlanner } from './tasks/task-planner.js';
import { TasksController } from './tasks/tasks.controller.js';
import { ChannelConnection } from './youtube/channel-connection.js';
import { ConsentController } from './youtube/consent.controller.js';
import { Consents } from './youtube/consents.js';
import { YouTubeQuotaController } from './youtube/youtube-quota.controller.js';

/** Everything that people and Notion reach, and the chores of the house. */
@Module({
  imports: [SettingsModule, loggerModule('gateway'), DatabaseModule, QueuesModule],
  controllers: [
    TasksController,
    ChannelsController,
    ChannelOAuthController,
    VideoCostsController,
    ForecastController,
    YouTubeQuotaController,
    ConsentController,
    LiveController,
    IncidentsController,
    NotionWebhookController,
    NotionSubscriptionsController,
    KieCallbackController,
    HealthController,
    ApiTokensController,
    BulkController,
    ReviewsController,
    AuditLogsController,
    MetricsController,
  ],
  providers: [
    Admission,
    Gates,
    ChannelControl,
    ChannelFiles,
    Reconciler,
    CallFiles,
    ProviderLimits,
    NotionChannels,
    NotionConnection,
    NotionDatabases,
    NotionInbox,
    NotionIntake,
    NotionMirror,
    NotionReview,
    NotionRows,
    NotionScript,
    NotionSweep,
    TaskFeed,
    Forecasts,
    Metrics,
    NotionWorker,
    RowDecisions,
    WebhookTokens,
    DeadLetterWorker,
    HousekeepingWorker,
    AlertSender,
    Watch,
    ApiTokens,
    TaskPlanner,
    ChannelConnection,
    Consents,
    Clock,
    { provide: APP_GUARD, useClass: RoleGuard },
    { provide: APP_GUARD, useClass: JsonOnly },
    { provide: Workspace, inject: [settings.KEY], useFactory: (values: Settings) => new Workspace(values.WORKSPACE_ROOT) },
  ],
})
export class GatewayModule {}
