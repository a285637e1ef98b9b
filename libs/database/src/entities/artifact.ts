import type { ArtifactState, Finding, ItemInputs, ItemKind, ItemProgress, ItemResults, StepName } from '#pipeline';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { BOOLEAN, BYTES, DOUBLE, INTEGER, JSONB, TEXT, TIME, USD, UUID, optional } from './columns.js';

/** One item of a video: the unit of work, of payment and of review. */
@Entity('artifacts')
export class ArtifactRow<K extends ItemKind = ItemKind> {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  @Column(UUID)
  taskId: string;

  @Column(TEXT)
  step: StepName;

  @Column(TEXT)
  kind: K;

  /** Place among the items of its kind, from 0. */
  @Column(INTEGER)
  position: number;

  /** 1, and one more each time a reviewer asks for it again. */
  @Column(INTEGER)
  revision: number;

  @Column(TEXT)
  state: ArtifactState;

  /** One more with each ticket, so that older tickets are void. */
  @Column(INTEGER)
  generation: number;

  /** Tries so far. */
  @Column(INTEGER)
  attempt: number;

  /** Who works on it: a commit that does not hold this token changes nothing. */
  @Column(optional(UUID))
  leaseToken: string | null;

  @Column(optional(TIME))
  leaseUntil: Date | null;

  /** What its worker has said of how far it is; null when nobody works on it, or nothing was said. */
  @Column(optional(JSONB))
  progress: ItemProgress | null;

  /** When its worker began, or an earlier one began the provider's job that is picked up; null before the first try. */
  @Column(optional(TIME))
  startedAt: Date | null;

  /** How long its making took from then on; null until it is ready, and of what was made before anybody looked. */
  @Column(optional(INTEGER))
  madeInMs: number | null;

  /** Not to be tried before. */
  @Column(TIME)
  nextAt: Date;

  /** Made before its step begins, while the task is at something else or waits for a person. */
  @Column(BOOLEAN)
  ahead: boolean;

  /** How long it is expected to take (ms) and to cost (USD). */
  @Column(INTEGER)
  expectedMs: number;

  @Column(USD)
  expectedUsd: number;

  /** Its place in its lane's virtual time (s), when it was last handed over. */
  @Column(optional(DOUBLE))
  tag: number | null;

  /** When it was handed to its queue; null: it waits to be, or nobody has anything to do with it. */
  @Column(optional(TIME))
  handedAt: Date | null;

  /** Until when it has a place at its provider, whatever becomes of its worker; null: it has none. */
  @Column(optional(TIME))
  placeUntil: Date | null;

  @Column(JSONB)
  input: ItemInputs[K];

  @Column(optional(JSONB))
  result: ItemResults[K] | null;

  /** File, relative to the workspace. */
  @Column(optional(TEXT))
  path: string | null;

  /** SHA-256 of the file, in hex. */
  @Column(optional(TEXT))
  checksum: string | null;

  @Column(optional(BYTES))
  bytes: number | null;

  @Column(optional(INTEGER))
  durationMs: number | null;

  /** The provider's name for a job that was accepted and will be billed; with it, a new worker picks the job up. */
  @Column(optional(TEXT))
  providerJobId: string | null;

  @Column(USD)
  costUsd: number;

  /** What is wrong with the file, though it is whole; the reviewer decides. */
  @Column(JSONB)
  findings: Finding[];

  /** Made again by itself, as its first file was too bad to be shown. Once a revision. */
  @Column(BOOLEAN)
  remade: boolean;

  @Column(optional(TEXT))
  errorCode: string | null;

  @Column(optional(TEXT))
  errorMessage: string | null;

  /** Made by the simulator, and so never to be published on the real YouTube. */
  @Column(BOOLEAN)
  simulated: boolean;

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}
