import type { CallState } from '#pipeline';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { BOOLEAN, TEXT, TIME, USD, UUID, optional } from './columns.js';

/** One paid call: written before it is made, settled when its outcome is known. An item has at most one that is open. */
@Entity('video_costs')
export class VideoCostRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  @Column(UUID)
  taskId: string;

  @Column(UUID)
  artifactId: string;

  @Column(TEXT)
  provider: string;

  @Column(TEXT)
  operation: string;

  /** What it costs: expected while it is intended, exact once it is billed. */
  @Column(USD)
  amountUsd: number;

  /** Billed by the simulator: what it would have cost. */
  @Column(BOOLEAN)
  simulated: boolean;

  @Column(TEXT)
  state: CallState;

  /** The provider's name for the job, where it has one. */
  @Column(optional(TEXT))
  providerJobId: string | null;

  /** Why it was not billed, or is lost. */
  @Column(optional(TEXT))
  note: string | null;

  @Column(optional(TIME))
  settledAt: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;
}
