import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far an item is that takes long, for as long as somebody makes it. */
export class ItemProgress1732900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE artifacts ADD COLUMN progress jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE artifacts DROP COLUMN progress`);
  }
}
