import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Publications step by step, YouTube's quota by the day, grants that one process renews at a time, consents under way; a log that nobody can change. */
export class Publications1732800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE publications (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL REFERENCES channels (id),
        task_id uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        artifact_id uuid NOT NULL CONSTRAINT uq_publications_artifact_id UNIQUE REFERENCES artifacts (id) ON DELETE CASCADE,
        state text NOT NULL DEFAULT 'sending'
          CONSTRAINT ck_publications_state CHECK (state IN ('sending', 'unknown', 'uploaded', 'released', 'gone', 'given_up')),
        checksum text NOT NULL,
        bytes bigint NOT NULL,
        metadata jsonb NOT NULL,
        privacy text NOT NULL CONSTRAINT ck_publications_privacy CHECK (privacy IN ('private', 'unlisted', 'public')),
        publish_at timestamptz,
        from_schedule boolean NOT NULL DEFAULT false,
        session_encrypted text,
        sent_bytes bigint NOT NULL DEFAULT 0,
        ending_at timestamptz,
        searches integer NOT NULL DEFAULT 0,
        video_id text CONSTRAINT uq_publications_video_id UNIQUE,
        uploaded_at timestamptz,
        shown jsonb,
        released_at timestamptz,
        processed_at timestamptz,
        cleaned_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT ck_publications_video CHECK ((video_id IS NULL) = (state IN ('sending', 'unknown', 'given_up')))
      );
      CREATE INDEX ix_publications_task_id ON publications (task_id);
      CREATE UNIQUE INDEX uq_publications_slot ON publications (channel_id, publish_at) WHERE from_schedule;
      CREATE INDEX ix_publications_unreleased ON publications (state) WHERE state IN ('sending', 'unknown', 'uploaded');
      CREATE INDEX ix_publications_uncleaned ON publications (processed_at) WHERE state = 'released' AND cleaned_at IS NULL;

      CREATE TABLE publication_steps (
        publication_id uuid NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
        name text NOT NULL CONSTRAINT ck_publication_steps_name CHECK (name IN ('thumbnail', 'playlist', 'captions', 'processing', 'appearance')),
        state text NOT NULL DEFAULT 'due' CONSTRAINT ck_publication_steps_state CHECK (state IN ('due', 'done', 'given_up')),
        attempt integer NOT NULL DEFAULT 0,
        next_at timestamptz NOT NULL DEFAULT now(),
        error_code text,
        error_message text,
        done_at timestamptz,
        PRIMARY KEY (publication_id, name)
      );
      CREATE INDEX ix_publication_steps_next_at ON publication_steps (next_at) WHERE state = 'due';

      CREATE TABLE youtube_quota_days (
        project text NOT NULL,
        day date NOT NULL,
        uploads_used integer NOT NULL DEFAULT 0 CONSTRAINT ck_youtube_quota_days_uploads_used CHECK (uploads_used >= 0),
        units_used integer NOT NULL DEFAULT 0 CONSTRAINT ck_youtube_quota_days_units_used CHECK (units_used >= 0),
        uploads_refused_until timestamptz,
        units_refused_until timestamptz,
        calls jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (project, day)
      );

      CREATE TABLE oauth_consents (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel_id uuid NOT NULL REFERENCES channels (id),
        actor text NOT NULL,
        ticket_hash text NOT NULL CONSTRAINT uq_oauth_consents_ticket_hash UNIQUE,
        state_hash text CONSTRAINT uq_oauth_consents_state_hash UNIQUE,
        browser_hash text,
        verifier_encrypted text,
        redirect_uri text NOT NULL,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );

      ALTER TABLE oauth_tokens
        ADD COLUMN grant_expires_at timestamptz,
        ADD COLUMN refused_at timestamptz,
        ADD COLUMN refused_code text,
        ADD COLUMN refused_message text,
        ADD COLUMN lease_token uuid,
        ADD COLUMN lease_until timestamptz,
        ADD CONSTRAINT ck_oauth_tokens_refused CHECK ((refused_at IS NULL) = (refused_code IS NULL));
      ALTER TABLE channels ADD COLUMN uploads_refused_until timestamptz;
      ALTER TABLE tasks ADD COLUMN publish_at timestamptz;

      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'check_violation';
      END $$;
      CREATE TRIGGER tr_reviews_append_only BEFORE UPDATE OR DELETE ON reviews FOR EACH ROW EXECUTE FUNCTION refuse_change();
      CREATE TRIGGER tr_audit_logs_append_only BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION refuse_change();
    `);
    // As long as nothing was sent, a failed upload is no reason to keep what is wrong.
    await runner.query(`
      INSERT INTO task_transitions SELECT 'upload_error', unnest(ARRAY['generating_assets', 'generating_composites', 'generating_video',
        'generating_audio', 'generating_sfx', 'assembling']) ON CONFLICT DO NOTHING
    `);
    // What was published, or was on its way, before there was this record of it.
    await runner.query(`
      INSERT INTO publications (channel_id, task_id, artifact_id, state, checksum, bytes, metadata, privacy, session_encrypted, video_id,
        uploaded_at, released_at, processed_at, cleaned_at)
      SELECT publication.channel_id, publication.task_id, publication.id, CASE publication.state WHEN 'ready' THEN 'released' ELSE 'sending' END,
        cut.checksum, coalesce(cut.bytes, 0),
        publication.input || jsonb_build_object(
          'category_id', channels.settings -> 'youtube' -> 'category_id', 'language', channels.settings -> 'language',
          'made_for_kids', channels.settings -> 'youtube' -> 'made_for_kids', 'synthetic_media', channels.settings -> 'youtube' -> 'synthetic_media'),
        channels.settings -> 'youtube' ->> 'privacy', publication.provider_job_id,
        CASE publication.state WHEN 'ready' THEN publication.result ->> 'video_id' END,
        CASE publication.state WHEN 'ready' THEN publication.updated_at END, CASE publication.state WHEN 'ready' THEN publication.updated_at END,
        CASE publication.state WHEN 'ready' THEN publication.updated_at END, CASE publication.state WHEN 'ready' THEN publication.updated_at END
      FROM artifacts AS publication
        JOIN channels ON channels.id = publication.channel_id
        JOIN artifacts AS cut ON cut.task_id = publication.task_id AND cut.kind = 'cut' AND cut.state = 'ready'
      WHERE publication.kind = 'publication' AND (publication.state = 'ready' OR publication.provider_job_id IS NOT NULL)
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM task_transitions WHERE from_status = 'upload_error' AND to_status NOT IN ('uploading', 'draft');
      DROP TRIGGER tr_audit_logs_append_only ON audit_logs;
      DROP TRIGGER tr_reviews_append_only ON reviews;
      DROP FUNCTION refuse_change;
      ALTER TABLE tasks DROP COLUMN publish_at;
      ALTER TABLE channels DROP COLUMN uploads_refused_until;
      ALTER TABLE oauth_tokens DROP COLUMN lease_until, DROP COLUMN lease_token, DROP COLUMN refused_message, DROP COLUMN refused_code,
        DROP COLUMN refused_at, DROP COLUMN grant_expires_at;
      DROP TABLE oauth_consents, youtube_quota_days, publication_steps, publications;
    `);
  }
}
