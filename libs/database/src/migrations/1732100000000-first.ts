import type { MigrationInterface, QueryRunner } from 'typeorm';

// A migration is history: it repeats the lists of libs/pipeline as they were, and a test compares the database with today's.
const STATUSES = `'draft','queued','claimed','generating_assets','assets_ready','assets_approved','generating_composites','composites_ready',
  'generating_video','video_ready','video_approved','generating_audio','audio_ready','audio_approved','generating_sfx','sfx_ready','assembling',
  'assembly_ready','final_review','approved','uploading','published','asset_error','video_error','audio_error','upload_error'`;
const STEPS = `'storyboard','images','composites','clips','narrations','sound_effects','cut','publication'`;
const KINDS = `'storyboard','image','composite','clip','narration','sound_effect','cut','publication'`;

const FORWARD: [string, string][] = [
  ['draft', 'queued'],
  ['queued', 'claimed'],
  ['claimed', 'generating_assets'],
  ['generating_assets', 'assets_ready'],
  ['assets_ready', 'assets_approved'],
  ['assets_ready', 'generating_assets'],
  ['assets_approved', 'generating_composites'],
  ['generating_composites', 'composites_ready'],
  ['composites_ready', 'generating_video'],
  ['generating_video', 'video_ready'],
  ['video_ready', 'video_approved'],
  ['video_ready', 'generating_video'],
  ['video_approved', 'generating_audio'],
  ['generating_audio', 'audio_ready'],
  ['audio_ready', 'audio_approved'],
  ['audio_ready', 'generating_audio'],
  ['audio_approved', 'generating_sfx'],
  ['generating_sfx', 'sfx_ready'],
  ['sfx_ready', 'assembling'],
  ['assembling', 'assembly_ready'],
  ['assembly_ready', 'final_review'],
  ['final_review', 'approved'],
  ['final_review', 'assembling'],
  ['approved', 'uploading'],
  ['uploading', 'published'],
  ['generating_assets', 'asset_error'],
  ['generating_composites', 'video_error'],
  ['generating_video', 'video_error'],
  ['generating_audio', 'audio_error'],
  ['generating_sfx', 'audio_error'],
  ['assembling', 'video_error'],
  ['uploading', 'upload_error'],
];
const CANNOT_BE_CANCELLED = ['draft', 'uploading', 'published'];

/** The tables of the first release. */
export class First1732100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE channels (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        key text NOT NULL CONSTRAINT uq_channels_key UNIQUE,
        settings jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE tasks (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL REFERENCES channels (id),
        title text NOT NULL,
        topic text NOT NULL DEFAULT '',
        story_direction text NOT NULL DEFAULT '',
        priority smallint NOT NULL DEFAULT 1 CONSTRAINT ck_tasks_priority CHECK (priority BETWEEN 0 AND 2),
        status text NOT NULL CONSTRAINT ck_tasks_status CHECK (status IN (${STATUSES})),
        step text CONSTRAINT ck_tasks_step CHECK (step IN (${STEPS})),
        step_opened boolean NOT NULL DEFAULT false,
        step_generation integer NOT NULL DEFAULT 0,
        items_left integer NOT NULL DEFAULT 0 CONSTRAINT ck_tasks_items_left CHECK (items_left >= 0),
        failed_artifact_id uuid,
        error_code text,
        error_message text,
        notion_page_id text CONSTRAINT uq_tasks_notion_page_id UNIQUE,
        version integer NOT NULL DEFAULT 1,
        notion_version integer NOT NULL DEFAULT 0,
        request_id text,
        queued_at timestamptz,
        published_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_tasks_channel_id_created_at ON tasks (channel_id, created_at DESC);
      CREATE INDEX ix_tasks_created_at ON tasks (created_at DESC);
      CREATE INDEX ix_tasks_priority_queued_at ON tasks (priority, queued_at) WHERE status = 'queued';
      CREATE INDEX ix_tasks_updated_at ON tasks (updated_at) WHERE status NOT IN ('draft', 'published');

      CREATE TABLE task_transitions (from_status text NOT NULL, to_status text NOT NULL, PRIMARY KEY (from_status, to_status));
    `);
    const errors = FORWARD.filter(([, to]) => to.endsWith('_error'));
    const cancels = STATUSES.split(',')
      .map((quoted) => quoted.trim().replaceAll("'", ''))
      .filter((status) => !CANNOT_BE_CANCELLED.includes(status))
      .map((status): [string, string] => [status, 'draft']);
    const all = [...FORWARD, ...errors.map(([from, to]): [string, string] => [to, from]), ...cancels];
    await runner.query(`INSERT INTO task_transitions VALUES ${all.map(([from, to]) => `('${from}', '${to}')`).join(', ')}`);
    await runner.query(`
      CREATE FUNCTION check_task_transition() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NOT EXISTS (SELECT FROM task_transitions WHERE from_status = OLD.status AND to_status = NEW.status) THEN
          RAISE EXCEPTION 'task % cannot go from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER tr_tasks_status BEFORE UPDATE OF status ON tasks
        FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION check_task_transition();

      CREATE TABLE artifacts (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL REFERENCES channels (id),
        task_id uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        step text NOT NULL CONSTRAINT ck_artifacts_step CHECK (step IN (${STEPS})),
        kind text NOT NULL CONSTRAINT ck_artifacts_kind CHECK (kind IN (${KINDS})),
        position integer NOT NULL CONSTRAINT ck_artifacts_position CHECK (position >= 0),
        revision integer NOT NULL DEFAULT 1 CONSTRAINT ck_artifacts_revision CHECK (revision >= 1),
        state text NOT NULL DEFAULT 'due' CONSTRAINT ck_artifacts_state CHECK (state IN ('due', 'running', 'ready', 'failed', 'superseded')),
        generation integer NOT NULL DEFAULT 1,
        attempt integer NOT NULL DEFAULT 0,
        lease_token uuid,
        lease_until timestamptz,
        next_at timestamptz NOT NULL DEFAULT now(),
        input jsonb NOT NULL,
        result jsonb,
        path text,
        checksum text,
        bytes bigint,
        duration_ms integer,
        provider_job_id text,
        cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
        error_code text,
        error_message text,
        simulated boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_artifacts_task_id_kind_position_revision UNIQUE (task_id, kind, position, revision),
        CONSTRAINT ck_artifacts_lease CHECK (state <> 'running' OR (lease_token IS NOT NULL AND lease_until IS NOT NULL)),
        CONSTRAINT ck_artifacts_ready CHECK (state <> 'ready' OR (path IS NOT NULL AND checksum IS NOT NULL))
      );
      CREATE UNIQUE INDEX ix_artifacts_current ON artifacts (task_id, kind, position) WHERE state <> 'superseded';
      CREATE INDEX ix_artifacts_next_at ON artifacts (next_at) WHERE state = 'due';
      CREATE INDEX ix_artifacts_lease_until ON artifacts (lease_until) WHERE state = 'running';

      CREATE TABLE reviews (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL REFERENCES channels (id),
        task_id uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        gate text NOT NULL CONSTRAINT ck_reviews_gate CHECK (gate IN ('assets_ready', 'video_ready', 'audio_ready', 'final_review')),
        decision text NOT NULL CONSTRAINT ck_reviews_decision CHECK (decision IN ('approve', 'reject')),
        reviewer text NOT NULL,
        note text,
        shown jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_reviews_task_id ON reviews (task_id);

      CREATE TABLE oauth_tokens (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL CONSTRAINT uq_oauth_tokens_channel_id UNIQUE REFERENCES channels (id),
        grant_encrypted text NOT NULL,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE video_costs (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL REFERENCES channels (id),
        task_id uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        artifact_id uuid NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
        provider text NOT NULL,
        operation text NOT NULL,
        amount_usd numeric(12, 6) NOT NULL CONSTRAINT ck_video_costs_amount_usd CHECK (amount_usd >= 0),
        simulated boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_video_costs_task_id ON video_costs (task_id);
      CREATE INDEX ix_video_costs_channel_id_created_at ON video_costs (channel_id, created_at);

      CREATE TABLE audit_logs (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid REFERENCES channels (id),
        task_id uuid,
        actor text NOT NULL,
        action text NOT NULL,
        details jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_audit_logs_task_id ON audit_logs (task_id);

      CREATE TABLE webhook_events (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        event_id text NOT NULL CONSTRAINT uq_webhook_events_event_id UNIQUE,
        type text NOT NULL,
        payload jsonb NOT NULL,
        handled_at timestamptz,
        outcome text,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_webhook_events_created_at ON webhook_events (created_at) WHERE handled_at IS NULL;

      CREATE TABLE outbox (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        queue text NOT NULL,
        name text NOT NULL,
        job_id text NOT NULL CONSTRAINT uq_outbox_job_id UNIQUE,
        payload jsonb NOT NULL,
        priority integer NOT NULL CONSTRAINT ck_outbox_priority CHECK (priority BETWEEN 1 AND 2097151),
        not_before timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_outbox_not_before ON outbox (not_before);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE outbox, webhook_events, audit_logs, video_costs, oauth_tokens, reviews, artifacts, tasks, task_transitions, channels;
      DROP FUNCTION check_task_transition;
    `);
  }
}
