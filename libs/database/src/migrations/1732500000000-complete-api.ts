import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens with roles, requests that may be repeated, and the indexes of what the API filters and sorts by. */
export class CompleteApi1732500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_tokens (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name text NOT NULL CONSTRAINT uq_api_tokens_name UNIQUE,
        role text NOT NULL CONSTRAINT ck_api_tokens_role CHECK (role IN ('viewer', 'reviewer', 'operator', 'admin')),
        token_hash text NOT NULL CONSTRAINT uq_api_tokens_token_hash UNIQUE
          CONSTRAINT ck_api_tokens_token_hash CHECK (token_hash ~ '^[0-9a-f]{64}$'),
        created_by text NOT NULL,
        last_used_at timestamptz,
        revoked_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      );

      ALTER TABLE tasks
        ADD COLUMN idempotency_key text,
        ADD COLUMN request_hash text,
        ADD CONSTRAINT ck_tasks_request_hash CHECK ((idempotency_key IS NULL) = (request_hash IS NULL));
      CREATE UNIQUE INDEX uq_tasks_idempotency_key ON tasks (idempotency_key) WHERE idempotency_key IS NOT NULL;
      CREATE INDEX ix_tasks_status_created_at ON tasks (status, created_at DESC);
      CREATE INDEX ix_tasks_priority_created_at ON tasks (priority, created_at DESC);
      CREATE INDEX ix_tasks_updated_at_id ON tasks (updated_at, id);

      CREATE INDEX ix_reviews_created_at ON reviews (created_at DESC);
      CREATE INDEX ix_reviews_channel_id_created_at ON reviews (channel_id, created_at DESC);
      CREATE INDEX ix_reviews_reviewer_created_at ON reviews (reviewer, created_at DESC);
      CREATE INDEX ix_audit_logs_created_at ON audit_logs (created_at DESC);
      CREATE INDEX ix_audit_logs_channel_id_created_at ON audit_logs (channel_id, created_at DESC);
      CREATE INDEX ix_audit_logs_actor_created_at ON audit_logs (actor, created_at DESC);
      CREATE INDEX ix_audit_logs_action_created_at ON audit_logs (action, created_at DESC);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX ix_audit_logs_action_created_at, ix_audit_logs_actor_created_at, ix_audit_logs_channel_id_created_at, ix_audit_logs_created_at,
        ix_reviews_reviewer_created_at, ix_reviews_channel_id_created_at, ix_reviews_created_at,
        ix_tasks_updated_at_id, ix_tasks_priority_created_at, ix_tasks_status_created_at, uq_tasks_idempotency_key;
      ALTER TABLE tasks DROP COLUMN request_hash, DROP COLUMN idempotency_key;
      DROP TABLE api_tokens;
    `);
  }
}
