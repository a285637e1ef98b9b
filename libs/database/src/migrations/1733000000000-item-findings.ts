import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is wrong with an item's file, and whether the item was made again by itself for that. */
export class ItemFindings1733000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE artifacts
        ADD COLUMN findings jsonb NOT NULL DEFAULT '[]' CONSTRAINT ck_artifacts_findings CHECK (jsonb_typeof(findings) = 'array'),
        ADD COLUMN remade boolean NOT NULL DEFAULT false;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE artifacts DROP COLUMN remade, DROP COLUMN findings`);
  }
}
