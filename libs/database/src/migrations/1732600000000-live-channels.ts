import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Channels that come, go and pause while everything runs; the indexes of a fair admission, of live updates and of the house's figures. */
export class LiveChannels1732600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE channels
        ADD COLUMN removed_at timestamptz,
        ADD COLUMN paused_at timestamptz,
        ADD COLUMN paused_by text,
        ADD CONSTRAINT ck_channels_paused_by CHECK ((paused_at IS NULL) = (paused_by IS NULL));

      DROP INDEX ix_tasks_priority_queued_at, ix_tasks_updated_at;
      CREATE INDEX ix_tasks_channel_id_priority_queued_at_id ON tasks (channel_id, priority, queued_at, id) WHERE status = 'queued';
      CREATE INDEX ix_tasks_status_channel_id ON tasks (status, channel_id);
      CREATE INDEX ix_tasks_published_at ON tasks (published_at) WHERE published_at IS NOT NULL;
      CREATE INDEX ix_artifacts_step_state ON artifacts (step, state) WHERE state IN ('due', 'running', 'failed');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX ix_artifacts_step_state, ix_tasks_published_at, ix_tasks_status_channel_id,
        ix_tasks_channel_id_priority_queued_at_id;
      CREATE INDEX ix_tasks_priority_queued_at ON tasks (priority, queued_at) WHERE status = 'queued';
      CREATE INDEX ix_tasks_updated_at ON tasks (updated_at) WHERE status NOT IN ('draft', 'published');
      ALTER TABLE channels DROP COLUMN paused_by, DROP COLUMN paused_at, DROP COLUMN removed_at;
    `);
  }
}
