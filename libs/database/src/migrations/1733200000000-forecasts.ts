import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long items take, so that it can be said when those that wait will be done. */
export class Forecasts1733200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE artifacts
        ADD COLUMN started_at timestamptz,
        ADD COLUMN made_in_ms integer CONSTRAINT ck_artifacts_made_in_ms CHECK (made_in_ms >= 0);
      -- By when they were planned: an index on a time that changes would make every change of an item dearer.
      CREATE INDEX ix_artifacts_kind_simulated_created_at ON artifacts (kind, simulated, created_at DESC) WHERE made_in_ms IS NOT NULL;
      -- Those few that are queued once more after they were in work.
      CREATE INDEX ix_tasks_queued_at_again ON tasks (queued_at) WHERE status = 'queued' AND step_generation > 0;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX ix_tasks_queued_at_again, ix_artifacts_kind_simulated_created_at;
      ALTER TABLE artifacts DROP COLUMN made_in_ms, DROP COLUMN started_at;
    `);
  }
}
