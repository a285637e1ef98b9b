import { randomUUID } from 'node:crypto';
import type { IntendedCall } from '#database';

/** Writes a paid call down before it is made, as the worker of its item would, whoever has that. */
export async function intendCall(
  database: { query(statement: string, values: unknown[]): Promise<unknown> },
  { channelId, taskId, artifactId, provider, operation, amountUsd, simulated }: IntendedCall,
): Promise<{ id: string }> {
  const id = randomUUID();
  await database.query(
    `INSERT INTO video_costs (id, channel_id, task_id, artifact_id, provider, operation, amount_usd, simulated, state)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'intended')`,
    [id, channelId, taskId, artifactId, provider, operation, amountUsd, simulated],
  );
  return { id };
}
