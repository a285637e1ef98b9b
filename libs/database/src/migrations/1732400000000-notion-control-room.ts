import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What Notion rows are known to show, an inbox that is worked in batches, and webhook subscriptions. */
export class NotionControlRoom1732400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tasks ADD COLUMN script_pending boolean NOT NULL DEFAULT false;
      ALTER TABLE channels ADD COLUMN notion_paused boolean;

      CREATE TABLE notion_mirrors (
        task_id uuid PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
        channel_id uuid NOT NULL REFERENCES channels (id),
        data_source_id text,
        status text,
        sent_status text,
        priority text,
        redo text NOT NULL DEFAULT '',
        note text NOT NULL DEFAULT '',
        notice jsonb,
        review text,
        storyboard_id uuid,
        attention boolean NOT NULL DEFAULT false,
        status_set_by text,
        read_at timestamptz,
        written_at timestamptz,
        lease_token uuid,
        lease_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_notion_mirrors_updated_at_attention ON notion_mirrors (updated_at) WHERE attention;
      INSERT INTO notion_mirrors (task_id, channel_id, status, priority)
        SELECT id, channel_id, status, (ARRAY['high', 'normal', 'low'])[priority + 1] FROM tasks WHERE notion_page_id IS NOT NULL;

      CREATE TABLE notion_sweeps (
        data_source_id text PRIMARY KEY,
        swept_until timestamptz NOT NULL
      );

      CREATE TABLE notion_subscriptions (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        token_encrypted text NOT NULL,
        token_hash text NOT NULL CONSTRAINT uq_notion_subscriptions_token_hash UNIQUE,
        state text NOT NULL DEFAULT 'pending' CONSTRAINT ck_notion_subscriptions_state CHECK (state IN ('pending', 'active', 'retired')),
        decided_at timestamptz,
        decided_by text,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_notion_subscriptions_state ON notion_subscriptions (state, created_at);

      DELETE FROM webhook_events WHERE type = 'handshake';
      ALTER TABLE webhook_events
        ADD COLUMN attempt integer NOT NULL DEFAULT 0,
        ADD COLUMN next_at timestamptz NOT NULL DEFAULT now();
      DROP INDEX ix_webhook_events_created_at;
      CREATE INDEX ix_webhook_events_next_at ON webhook_events (next_at) WHERE handled_at IS NULL;
      CREATE INDEX ix_webhook_events_handled_at ON webhook_events (handled_at) WHERE handled_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX ix_webhook_events_handled_at, ix_webhook_events_next_at;
      CREATE INDEX ix_webhook_events_created_at ON webhook_events (created_at) WHERE handled_at IS NULL;
      ALTER TABLE webhook_events DROP COLUMN next_at, DROP COLUMN attempt;
      DROP TABLE notion_subscriptions, notion_sweeps, notion_mirrors;
      ALTER TABLE channels DROP COLUMN notion_paused;
      ALTER TABLE tasks DROP COLUMN script_pending;
    `);
  }
}
