import { PRIORITIES, type Priority, type Status, type StepName } from '#pipeline';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { BOOLEAN, INTEGER, SMALLINT, TEXT, TIME, UUID, optional } from './columns.js';

/** A priority of how it is stored: by its place among all, so that the database can sort by it. */
export function storedPriority(place: number): Priority {
  return PRIORITIES[place] ?? 'normal';
}

/** One video on its way through the pipeline. */
@Entity('tasks')
export class TaskRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  @Column(TEXT)
  title: string;

  @Column(TEXT)
  topic: string;

  @Column(TEXT)
  storyDirection: string;

  /** The creator's own narration, which is only broken into scenes; empty when it is to be written. */
  @Column(TEXT)
  ownScript: string;

  @Column({ type: 'smallint', transformer: { to: (value: Priority) => PRIORITIES.indexOf(value), from: storedPriority } })
  priority: Priority;

  /** Which of the thumbnails was chosen, from 1; null: the first. */
  @Column(optional(SMALLINT))
  thumbnail: number | null;

  @Column(TEXT)
  status: Status;

  /** The step whose items are being made, or are made next; null before admission. */
  @Column(optional(TEXT))
  step: StepName | null;

  /** Whether the step's items have been planned. */
  @Column(BOOLEAN)
  stepOpened: boolean;

  /** Counts the tickets that were written to open a step, so that each has a job id of its own. */
  @Column(INTEGER)
  stepGeneration: number;

  /** Items of the step that are not ready yet. */
  @Column(INTEGER)
  itemsLeft: number;

  /** The item at which the task stopped, when it is in an error status and an item was to blame. */
  @Column(optional(UUID))
  failedArtifactId: string | null;

  @Column(optional(TEXT))
  errorCode: string | null;

  /** What the creator should do now. */
  @Column(optional(TEXT))
  errorMessage: string | null;

  /** Whether the creator's own narration has still to be read from the page; the task is not admitted before. */
  @Column(BOOLEAN)
  scriptPending: boolean;

  @Column(optional(TEXT))
  notionPageId: string | null;

  /** Raised by every change that the Notion row should show. */
  @Column(INTEGER)
  version: number;

  /** The version that the Notion row shows. */
  @Column(INTEGER)
  notionVersion: number;

  /** The request or webhook that it goes back to. */
  @Column(optional(TEXT))
  requestId: string | null;

  /** The caller's name for the request that made it; a repetition finds it taken. */
  @Column(optional(TEXT))
  idempotencyKey: string | null;

  /** SHA-256, in hex, of what that request asked for. */
  @Column(optional(TEXT))
  requestHash: string | null;

  @Column(optional(TIME))
  queuedAt: Date | null;

  /** When the creator wants the video to appear; null: as its channel's schedule says, or as soon as it can. */
  @Column(optional(TIME))
  publishAt: Date | null;

  @Column(optional(TIME))
  publishedAt: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}
