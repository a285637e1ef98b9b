import 'reflect-metadata';
import { DataSource, DefaultNamingStrategy, type DataSourceOptions } from 'typeorm';
import { ApiTokenRow } from './entities/api-token.js';
import { ArtifactRow } from './entities/artifact.js';
import { ChannelRow } from './entities/channel.js';
import { AlertRow, DeadLetterRow, HeartbeatRow } from './entities/incidents.js';
import { NotionMirrorRow, NotionSubscriptionRow, NotionSweepRow } from './entities/notion.js';
import { AuditLogRow, OutboxRow, ReviewRow, WebhookEventRow } from './entities/records.js';
import { TaskRow } from './entities/task.js';
import { VideoCostRow } from './entities/video-cost.js';
import { OAuthConsentRow, OAuthTokenRow, PublicationRow, PublicationStepRow } from './entities/youtube.js';
import { First1732100000000 } from './migrations/1732100000000-first.js';
import { NothingLost1732200000000 } from './migrations/1732200000000-nothing-lost.js';
import { OwnScript1732300000000 } from './migrations/1732300000000-own-script.js';
import { NotionControlRoom1732400000000 } from './migrations/1732400000000-notion-control-room.js';
import { CompleteApi1732500000000 } from './migrations/1732500000000-complete-api.js';
import { LiveChannels1732600000000 } from './migrations/1732600000000-live-channels.js';
import { Dressing1732700000000 } from './migrations/1732700000000-dressing.js';
import { Publications1732800000000 } from './migrations/1732800000000-publications.js';
import { ItemProgress1732900000000 } from './migrations/1732900000000-item-progress.js';
import { ItemFindings1733000000000 } from './migrations/1733000000000-item-findings.js';
import { FairDispatch1733100000000 } from './migrations/1733100000000-fair-dispatch.js';
import { Forecasts1733200000000 } from './migrations/1733200000000-forecasts.js';

/** Columns are the properties' names in snake_case. */
class SnakeCase extends DefaultNamingStrategy {
  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    const name = given ?? property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [...prefixes, name].join('_');
  }
}

/** Connection options for one database. Nothing in them needs a session: they work behind a transaction-mode pooler. */
export function dataSourceOptions(url: string): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    applicationName: 'ai-video-generator',
    namingStrategy: new SnakeCase(),
    entities: [
      ChannelRow,
      TaskRow,
      ArtifactRow,
      VideoCostRow,
      ReviewRow,
      OAuthTokenRow,
      OAuthConsentRow,
      PublicationRow,
      PublicationStepRow,
      DeadLetterRow,
      AlertRow,
      HeartbeatRow,
      AuditLogRow,
      WebhookEventRow,
      OutboxRow,
      NotionMirrorRow,
      NotionSweepRow,
      NotionSubscriptionRow,
      ApiTokenRow,
    ],
    migrations: [
      First1732100000000,
      NothingLost1732200000000,
      OwnScript1732300000000,
      NotionControlRoom1732400000000,
      CompleteApi1732500000000,
      LiveChannels1732600000000,
      Dressing1732700000000,
      Publications1732800000000,
      ItemProgress1732900000000,
      ItemFindings1733000000000,
      FairDispatch1733100000000,
      Forecasts1733200000000,
    ],
    migrationsTransactionMode: 'each',
    synchronize: false,
    // Postgres makes UUIDs by itself; an extension would need rights that a managed database may not give.
    installExtensions: false,
    poolSize: 10,
    connectTimeoutMS: 10_000,
  };
}

/** Brings a database's tables up to date; several processes may do it at once, one does the work. */
export async function migrate(url: string): Promise<void> {
  const dataSource = await new DataSource(dataSourceOptions(url)).initialize();
  try {
    const runner = dataSource.createQueryRunner();
    // A session lock held on one connection: the migration command talks to Postgres itself, not through the pooler.
    await runner.query(`SELECT pg_advisory_lock(hashtext('ai-video-generator migrations'))`);
    try {
      await dataSource.runMigrations();
    } finally {
      await runner.query(`SELECT pg_advisory_unlock(hashtext('ai-video-generator migrations'))`);
      await runner.release();
    }
  } finally {
    await dataSource.destroy();
  }
}
