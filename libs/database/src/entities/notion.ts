import type { Priority, Status } from '#pipeline';
import { Column, CreateDateColumn, Entity, PrimaryColumn, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { BOOLEAN, JSONB, SMALLINT, TEXT, TIME, UUID, optional } from './columns.js';

/** A word to the person about their last change of a row; shown as long as the task's status is the one it was about. */
export interface Notice {
  text: string;
  status: Status;
}

/** What a task's row in Notion is known to show. Whoever holds its lease is the only one to read the row for decisions, or to write it. */
@Entity('notion_mirrors')
export class NotionMirrorRow {
  @PrimaryColumn('uuid')
  taskId: string;

  @Column(UUID)
  channelId: string;

  /** Where the row stands, which decides what its properties are called; null when it was not told yet. */
  @Column(optional(TEXT))
  dataSourceId: string | null;

  /** The status that the row showed when it was last read or written. Another one there is a person's decision. */
  @Column(optional(TEXT))
  status: Status | null;

  /** A status that was sent and whose answer was lost: the row may show it, and then nobody has decided anything. */
  @Column(optional(TEXT))
  sentStatus: Status | null;

  /** The priority that the row showed last. */
  @Column(optional(TEXT))
  priority: Priority | null;

  /** The choice of a thumbnail that the row showed last; null: none. */
  @Column(optional(SMALLINT))
  thumbnail: number | null;

  /** The wish for items to be made again that was dealt with and still stands in the row. */
  @Column(TEXT)
  redo: string;

  /** The reviewer's note that was recorded with a decision; it stands in the row until they change it. */
  @Column(TEXT)
  note: string;

  @Column(optional(JSONB))
  notice: Notice | null;

  /** Fingerprint of what the row shows to be reviewed. */
  @Column(optional(TEXT))
  review: string | null;

  /** The storyboard that the page holds. */
  @Column(optional(UUID))
  storyboardId: string | null;

  /** A person may have changed the row: it has to be read. */
  @Column(BOOLEAN)
  attention: boolean;

  /** Who set the status last, as an event told (a Notion user's id): the row itself names only who changed anything last. Null since we wrote one. */
  @Column(optional(TEXT))
  statusSetBy: string | null;

  /** When the row was read before its status was written last, and when that was; a change in between was overwritten. */
  @Column(optional(TIME))
  readAt: Date | null;

  @Column(optional(TIME))
  writtenAt: Date | null;

  @Column(optional(UUID))
  leaseToken: string | null;

  @Column(optional(TIME))
  leaseUntil: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}

/** Up to when a data source was looked through for changed rows. */
@Entity('notion_sweeps')
export class NotionSweepRow {
  @PrimaryColumn('text')
  dataSourceId: string;

  @Column(TIME)
  sweptUntil: Date;
}

export const SUBSCRIPTION_STATES = ['pending', 'active', 'retired'] as const;
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

/** A webhook subscription, by the verification token that Notion sent for it. Only an operator makes it count. */
@Entity('notion_subscriptions')
export class NotionSubscriptionRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  /** See `TokenCipher`. */
  @Column(TEXT)
  tokenEncrypted: string;

  /** SHA-256 of the token, in hex: the same handshake twice is one subscription. */
  @Column(TEXT)
  tokenHash: string;

  @Column(TEXT)
  state: SubscriptionState;

  @Column(optional(TIME))
  decidedAt: Date | null;

  @Column(optional(TEXT))
  decidedBy: string | null;

  @CreateDateColumn(TIME)
  createdAt: Date;
}
