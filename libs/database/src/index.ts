export { dataSourceOptions, migrate } from './data-source.js';
export { DatabaseModule } from './database.module.js';
export { Database } from './database.js';
export type { ApiTokenRow } from './entities/api-token.js';
export type { ArtifactRow } from './entities/artifact.js';
export type { ChannelRow } from './entities/channel.js';
export type { AlertRow, DeadLetterRow } from './entities/incidents.js';
export { SUBSCRIPTION_STATES, type NotionMirrorRow, type NotionSubscriptionRow, type SubscriptionState } from './entities/notion.js';
export type { AuditLogRow, ReviewRow, WebhookEventRow } from './entities/records.js';
export type { TaskRow } from './entities/task.js';
export type { VideoCostRow } from './entities/video-cost.js';
export { ALERT_TARGETS, type Alert, type AlertTarget } from './repositories/incidents.js';
export type { ItemError, MadeArtifact, NewArtifact } from './repositories/artifacts.js';
export type { MirrorChange } from './repositories/notion.js';
export type { NewEvent } from './repositories/records.js';
export type { ChannelChange } from './repositories/channels.js';
export type { LiveFilter, TaskProgress } from './repositories/live.js';
export type { OutgoingJob } from './repositories/outbox.js';
export type { AuditLogFilter, ReviewFilter } from './repositories/records.js';
export {
  TASK_SORTS,
  ticketPriority,
  type NewTask,
  type TaskCounts,
  type TaskEdit,
  type TaskFilter,
  type TaskSort,
} from './repositories/tasks.js';
export type { CostFilter, DayOfCosts } from './repositories/video-costs.js';
export { TokenCipher } from './token-cipher.js';
