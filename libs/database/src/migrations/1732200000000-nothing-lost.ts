import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Working statuses, in the order of the steps; the storyboard and the images share one. */
const WORKING = ['generating_assets', 'generating_composites', 'generating_video', 'generating_audio', 'generating_sfx', 'assembling'];
/** Ways back to an earlier step: from a gate or an error status to the working statuses before its own step. */
const BACK: [from: string, steps: number][] = [
  ['video_ready', 2],
  ['audio_ready', 3],
  ['final_review', 5],
  ['video_error', 5],
  ['audio_error', 4],
];
const KNOWN = [
  ['video_error', 'generating_composites'],
  ['video_error', 'generating_video'],
  ['audio_error', 'generating_audio'],
];

function waysBack(): string {
  const pairs = BACK.flatMap(([from, steps]) => WORKING.slice(0, steps).map((to) => [from, to]));
  const added = pairs.filter(([from, to]) => !KNOWN.some(([knownFrom, knownTo]) => knownFrom === from && knownTo === to));
  return added.map(([from, to]) => `('${from}', '${to}')`).join(', ');
}

/** Paid calls with what became of them, dead letters, alerts, heartbeats, and the ways back to an earlier step. */
export class NothingLost1732200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE video_costs
        ADD COLUMN state text NOT NULL DEFAULT 'billed'
          CONSTRAINT ck_video_costs_state CHECK (state IN ('intended', 'billed', 'not_billed', 'lost')),
        ADD COLUMN provider_job_id text,
        ADD COLUMN note text,
        ADD COLUMN settled_at timestamptz;
      UPDATE video_costs SET settled_at = created_at;
      ALTER TABLE video_costs ALTER COLUMN state DROP DEFAULT,
        ADD CONSTRAINT ck_video_costs_settled_at CHECK ((state = 'intended') = (settled_at IS NULL));
      CREATE UNIQUE INDEX uq_video_costs_artifact_id_open ON video_costs (artifact_id) WHERE state = 'intended';
      CREATE INDEX ix_video_costs_artifact_id ON video_costs (artifact_id);
      CREATE INDEX ix_video_costs_created_at ON video_costs (created_at DESC);
      CREATE INDEX ix_video_costs_settled_at ON video_costs (settled_at);

      CREATE TABLE dead_letters (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL REFERENCES channels (id),
        task_id uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        artifact_id uuid REFERENCES artifacts (id) ON DELETE CASCADE,
        step text NOT NULL,
        code text NOT NULL,
        message text NOT NULL,
        user_message text NOT NULL,
        attempts integer NOT NULL,
        cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
        closed_at timestamptz,
        closed_by text,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX uq_dead_letters_task_id_open ON dead_letters (task_id) WHERE closed_at IS NULL;
      CREATE INDEX ix_dead_letters_created_at ON dead_letters (created_at DESC);

      CREATE TABLE alerts (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        kind text NOT NULL,
        key text NOT NULL,
        channel_id uuid REFERENCES channels (id),
        task_id uuid REFERENCES tasks (id) ON DELETE CASCADE,
        title text NOT NULL,
        text text NOT NULL,
        state text NOT NULL CONSTRAINT ck_alerts_state CHECK (state IN ('open', 'resolved', 'notice')),
        version integer NOT NULL DEFAULT 1,
        slack_version integer NOT NULL DEFAULT 0,
        discord_version integer NOT NULL DEFAULT 0,
        deliver_at timestamptz NOT NULL DEFAULT now(),
        delivery_attempts integer NOT NULL DEFAULT 0,
        resolved_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX uq_alerts_key_open ON alerts (key) WHERE state = 'open';
      CREATE INDEX ix_alerts_created_at ON alerts (created_at DESC);
      CREATE INDEX ix_alerts_deliver_at ON alerts (deliver_at) WHERE slack_version < version OR discord_version < version;

      CREATE TABLE heartbeats (
        service text PRIMARY KEY,
        beat_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE INDEX ix_tasks_updated_at_behind_in_notion ON tasks (updated_at) WHERE notion_page_id IS NOT NULL AND notion_version < version;
      INSERT INTO task_transitions VALUES ${waysBack()};
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM task_transitions WHERE (from_status, to_status) IN (VALUES ${waysBack()});
      DROP INDEX ix_tasks_updated_at_behind_in_notion;
      DROP TABLE heartbeats, alerts, dead_letters;
      DROP INDEX ix_video_costs_settled_at, ix_video_costs_created_at, ix_video_costs_artifact_id, uq_video_costs_artifact_id_open;
      DELETE FROM video_costs WHERE state IN ('intended', 'not_billed');
      ALTER TABLE video_costs DROP COLUMN settled_at, DROP COLUMN note, DROP COLUMN provider_job_id, DROP COLUMN state;
    `);
  }
}
