import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Items are their own tickets: when each was handed to its queue, which place it has at its provider, and how the channels share the lanes. */
export class FairDispatch1733100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE artifacts
        ADD COLUMN ahead boolean NOT NULL DEFAULT false,
        ADD COLUMN expected_ms integer NOT NULL DEFAULT 1000 CONSTRAINT ck_artifacts_expected_ms CHECK (expected_ms >= 0),
        ADD COLUMN expected_usd numeric(12, 6) NOT NULL DEFAULT 0 CONSTRAINT ck_artifacts_expected_usd CHECK (expected_usd >= 0),
        ADD COLUMN tag double precision,
        ADD COLUMN handed_at timestamptz,
        ADD COLUMN place_until timestamptz;
      DROP INDEX ix_artifacts_next_at;
      CREATE INDEX ix_artifacts_channel_id_step_next_at ON artifacts (channel_id, step, next_at) WHERE state = 'due';
      CREATE INDEX ix_artifacts_step_in_hand ON artifacts (step) WHERE handed_at IS NOT NULL OR place_until IS NOT NULL;

      CREATE TABLE lanes (
        name text PRIMARY KEY,
        clock double precision NOT NULL DEFAULT 0,
        next_start_at timestamptz,
        allowed integer CONSTRAINT ck_lanes_allowed CHECK (allowed >= 1),
        said integer CONSTRAINT ck_lanes_said CHECK (said >= 1),
        said_at timestamptz,
        faults integer NOT NULL DEFAULT 0 CONSTRAINT ck_lanes_faults CHECK (faults >= 0),
        held_until timestamptz,
        held_steps jsonb NOT NULL DEFAULT '{}'
      );
      CREATE TABLE lane_shares (
        lane text NOT NULL REFERENCES lanes (name) ON DELETE CASCADE,
        channel_id uuid NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
        finish double precision NOT NULL,
        PRIMARY KEY (lane, channel_id)
      );
      CREATE INDEX ix_lane_shares_channel_id ON lane_shares (channel_id);

      DROP INDEX ix_outbox_not_before;
      CREATE INDEX ix_outbox_not_before_prompt ON outbox (not_before) WHERE NOT (queue = 'notion' AND priority > 2);
      CREATE INDEX ix_outbox_priority_not_before_patient ON outbox (priority, not_before) WHERE queue = 'notion' AND priority > 2;
      -- What is due has no ticket in the outbox any more.
      DELETE FROM outbox WHERE name = 'make';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX ix_outbox_priority_not_before_patient, ix_outbox_not_before_prompt;
      CREATE INDEX ix_outbox_not_before ON outbox (not_before);
      DROP TABLE lane_shares, lanes;
      DROP INDEX ix_artifacts_step_in_hand, ix_artifacts_channel_id_step_next_at;
      CREATE INDEX ix_artifacts_next_at ON artifacts (next_at) WHERE state = 'due';
      ALTER TABLE artifacts DROP COLUMN place_until, DROP COLUMN handed_at, DROP COLUMN tag, DROP COLUMN expected_usd, DROP COLUMN expected_ms, DROP COLUMN ahead;
    `);
  }
}
