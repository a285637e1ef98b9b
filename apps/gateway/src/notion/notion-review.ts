import { Database } from '#database';
import { Injectable } from '@nestjs/common';

/** Shows a reviewer what there is to look at, in the row. */
@Injectable()
export class NotionReview {
  constructor(private readonly database: Database) {}

  async show(taskId: string): Promise<void> {
    await this.database.tasks.find(taskId);
  }

  async showStoryboard(taskId: string): Promise<void> {
    await this.database.tasks.find(taskId);
  }
}
