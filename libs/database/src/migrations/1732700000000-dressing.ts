import type { MigrationInterface, QueryRunner } from 'typeorm';

const STEPS = `'storyboard','images','composites','clips','narrations','sound_effects','cut'`;
const KINDS = `'storyboard','image','composite','clip','narration','sound_effect','cut'`;

/** Captions and thumbnails, which are made and reviewed with the cut, and the choice of one of the thumbnails. */
export class Dressing1732700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${checks(`${STEPS},'captions','thumbnails','publication'`, `${KINDS},'caption','thumbnail','publication'`)}
      ALTER TABLE tasks ADD COLUMN thumbnail smallint CONSTRAINT ck_tasks_thumbnail CHECK (thumbnail BETWEEN 1 AND 3);
      ALTER TABLE notion_mirrors ADD COLUMN thumbnail smallint;

      -- What waits for its final review is dressed first: the reconciler opens the step.
      UPDATE tasks SET status = 'assembling', step = 'captions', step_opened = false, items_left = 0,
          step_generation = step_generation + 1, version = version + 1
        WHERE status = 'final_review';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM artifacts WHERE step IN ('captions', 'thumbnails');
      UPDATE tasks SET step = 'cut', failed_artifact_id = NULL, step_opened = (status = 'final_review'), items_left = 0,
          step_generation = step_generation + 1
        WHERE step IN ('captions', 'thumbnails');
      ALTER TABLE notion_mirrors DROP COLUMN thumbnail;
      ALTER TABLE tasks DROP COLUMN thumbnail;
      ${checks(`${STEPS},'publication'`, `${KINDS},'publication'`)}
    `);
  }
}

const checks = (steps: string, kinds: string) => `
  ALTER TABLE tasks DROP CONSTRAINT ck_tasks_step, ADD CONSTRAINT ck_tasks_step CHECK (step IN (${steps}));
  ALTER TABLE artifacts
    DROP CONSTRAINT ck_artifacts_step, ADD CONSTRAINT ck_artifacts_step CHECK (step IN (${steps})),
    DROP CONSTRAINT ck_artifacts_kind, ADD CONSTRAINT ck_artifacts_kind CHECK (kind IN (${kinds}));`;
