import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The creator's own narration of a video; and what storyboards and items know since characters look the same everywhere, for those that are older. */
export class OwnScript1732300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tasks ADD COLUMN own_script text NOT NULL DEFAULT '';

      UPDATE artifacts SET input = input || '{"references": []}' WHERE kind = 'image';
      UPDATE artifacts SET input = input || '{"before": "", "after": ""}' WHERE kind = 'narration';
      UPDATE artifacts SET result = jsonb_build_object(
          'model', result -> 'model',
          'estimate', '{"scenes": 0, "images": 0, "seconds": 0, "usd": 0}'::jsonb,
          'storyboard', result -> 'storyboard' || '{"research": [], "characters": []}' || jsonb_build_object('images',
            (SELECT jsonb_agg(image || '{"characters": []}') FROM jsonb_array_elements(result -> 'storyboard' -> 'images') AS image)))
        WHERE kind = 'storyboard' AND result IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tasks DROP COLUMN own_script`);
  }
}
