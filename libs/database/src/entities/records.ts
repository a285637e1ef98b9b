import type { Decision, Finding, Gate } from '#pipeline';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { INTEGER, JSONB, TEXT, TIME, UUID, optional } from './columns.js';

/** A person's decision at a gate, bound to the files that were shown. Only ever added. */
@Entity('reviews')
export class ReviewRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  @Column(UUID)
  taskId: string;

  @Column(TEXT)
  gate: Gate;

  @Column(TEXT)
  decision: Decision;

  @Column(TEXT)
  reviewer: string;

  @Column(optional(TEXT))
  note: string | null;

  /** What the reviewer saw: every artifact of the gate with its file's SHA-256, and what was said to be wrong with it, if anything. */
  @Column(JSONB)
  shown: { artifact_id: string; checksum: string | null; findings?: Finding[] }[];

  @CreateDateColumn(TIME)
  createdAt: Date;
}

/** Who did what to which task. Only ever added. */
@Entity('audit_logs')
export class AuditLogRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(optional(UUID))
  channelId: string | null;

  @Column(optional(UUID))
  taskId: string | null;

  @Column(TEXT)
  actor: string;

  @Column(TEXT)
  action: string;

  @Column(JSONB)
  details: object;

  @CreateDateColumn(TIME)
  createdAt: Date;
}

/** An event from outside, stored before it is answered and worked later. */
@Entity('webhook_events')
export class WebhookEventRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  /** The sender's id of the event; a second delivery finds it taken. */
  @Column(TEXT)
  eventId: string;

  @Column(TEXT)
  type: string;

  @Column(JSONB)
  payload: object;

  /** How often it was taken up. */
  @Column(INTEGER)
  attempt: number;

  /** Not to be worked before: it is being worked, or was put off. */
  @Column(TIME)
  nextAt: Date;

  @Column(optional(TIME))
  handledAt: Date | null;

  /** What came of it, in a sentence. */
  @Column(optional(TEXT))
  outcome: string | null;

  @CreateDateColumn(TIME)
  createdAt: Date;
}

/** A job that has to reach its queue; written in the transaction that decided it, deleted once BullMQ has it. */
@Entity('outbox')
export class OutboxRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(TEXT)
  queue: string;

  @Column(TEXT)
  name: string;

  @Column(TEXT)
  jobId: string;

  @Column(JSONB)
  payload: object;

  /** BullMQ priority: from 1, less is sooner. */
  @Column(INTEGER)
  priority: number;

  @Column(TIME)
  notBefore: Date;

  @CreateDateColumn(TIME)
  createdAt: Date;
}
