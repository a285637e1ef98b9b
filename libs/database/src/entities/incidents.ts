import type { StepName } from '#pipeline';
import { Column, CreateDateColumn, Entity, PrimaryColumn, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { INTEGER, TEXT, TIME, USD, UUID, optional } from './columns.js';

/** A task that stopped for good until a person acts: what failed, why, and what it had cost by then. A task has at most one that is open. */
@Entity('dead_letters')
export class DeadLetterRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  @Column(UUID)
  taskId: string;

  /** The item that failed; null when the step itself could not be opened. */
  @Column(optional(UUID))
  artifactId: string | null;

  @Column(TEXT)
  step: StepName;

  @Column(TEXT)
  code: string;

  /** For engineers: what happened. */
  @Column(TEXT)
  message: string;

  /** For the creator: what to do now. */
  @Column(TEXT)
  userMessage: string;

  @Column(INTEGER)
  attempts: number;

  /** What the failed item had cost. */
  @Column(USD)
  costUsd: number;

  /** When a person retried, remade or cancelled the task. */
  @Column(optional(TIME))
  closedAt: Date | null;

  @Column(optional(TEXT))
  closedBy: string | null;

  @CreateDateColumn(TIME)
  createdAt: Date;
}

/** An incident that people are told of, once and again only when it changes. */
@Entity('alerts')
export class AlertRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(TEXT)
  kind: string;

  /** What it is about: while an alert of this key is open, the same incident raises no other. */
  @Column(TEXT)
  key: string;

  @Column(optional(UUID))
  channelId: string | null;

  @Column(optional(UUID))
  taskId: string | null;

  @Column(TEXT)
  title: string;

  @Column(TEXT)
  text: string;

  /** `notice`: told once, there is nothing to be resolved. */
  @Column(TEXT)
  state: 'open' | 'resolved' | 'notice';

  /** Raised by every change that people should hear of. */
  @Column(INTEGER)
  version: number;

  /** The version that was told in Slack, and in Discord; 0 before the first. */
  @Column(INTEGER)
  slackVersion: number;

  @Column(INTEGER)
  discordVersion: number;

  /** Not to be delivered before. */
  @Column(TIME)
  deliverAt: Date;

  @Column(INTEGER)
  deliveryAttempts: number;

  @Column(optional(TIME))
  resolvedAt: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}

/** When a service was last heard of; one row for all processes of a kind. */
@Entity('heartbeats')
export class HeartbeatRow {
  @PrimaryColumn('text')
  service: string;

  @Column(TIME)
  beatAt: Date;
}
