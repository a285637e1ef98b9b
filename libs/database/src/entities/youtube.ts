import { Column, CreateDateColumn, Entity, PrimaryColumn, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import type { Privacy } from '#config';
import type { PublicationState, PublicationStepName, PublicationStepState, PublishedMetadata, YouTubeVideo } from '#pipeline';
import { BOOLEAN, BYTES, INTEGER, JSONB, TEXT, TIME, UUID, optional } from './columns.js';

/** A channel's Google grant, encrypted. */
@Entity('oauth_tokens')
export class OAuthTokenRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  /** The grant as JSON under AES-256-GCM; see `TokenCipher`. */
  @Column(TEXT)
  grantEncrypted: string;

  /** When the access token inside ends. */
  @Column(TIME)
  expiresAt: Date;

  /** When the grant itself ends, which Google tells of apps that are in "Testing"; null: it was not told. */
  @Column(optional(TIME))
  grantExpiresAt: Date | null;

  /** Since when Google no longer honours it; nobody asks again until the channel is connected anew. */
  @Column(optional(TIME))
  refusedAt: Date | null;

  @Column(optional(TEXT))
  refusedCode: string | null;

  @Column(optional(TEXT))
  refusedMessage: string | null;

  /** Who renews it now: one process at a time. */
  @Column(optional(UUID))
  leaseToken: string | null;

  @Column(optional(TIME))
  leaseUntil: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}

/** A video on its way to YouTube and after: written before anything is sent, so that no crash can make it go up twice. */
@Entity('publications')
export class PublicationRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  @Column(UUID)
  taskId: string;

  @Column(UUID)
  artifactId: string;

  @Column(TEXT)
  state: PublicationState;

  /** SHA-256 of the file that is sent, in hex: the one that was approved. */
  @Column(TEXT)
  checksum: string;

  @Column(BYTES)
  bytes: number;

  @Column(JSONB)
  metadata: PublishedMetadata;

  /** What the video is switched to once it is whole; with `publishAt`, YouTube does it. */
  @Column(TEXT)
  privacy: Privacy;

  @Column(optional(TIME))
  publishAt: Date | null;

  /** Whether that moment is one of the channel's schedule, which no other video of it may have. */
  @Column(BOOLEAN)
  fromSchedule: boolean;

  /** Address of the upload session, a secret; see `TokenCipher`. */
  @Column(optional(TEXT))
  sessionEncrypted: string | null;

  /** What YouTube is known to have. */
  @Column(BYTES)
  sentBytes: number;

  /** Since when the last piece may have arrived: from here on the video may exist although nobody has told us. */
  @Column(optional(TIME))
  endingAt: Date | null;

  /** How often the channel was searched for a video of which no answer came. */
  @Column(INTEGER)
  searches: number;

  @Column(optional(TEXT))
  videoId: string | null;

  @Column(optional(TIME))
  uploadedAt: Date | null;

  /** The video as YouTube showed it when it was read last. */
  @Column(optional(JSONB))
  shown: YouTubeVideo | null;

  @Column(optional(TIME))
  releasedAt: Date | null;

  /** When YouTube said that it can play the video: from then on our files are no longer needed. */
  @Column(optional(TIME))
  processedAt: Date | null;

  @Column(optional(TIME))
  cleanedAt: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}

/** Something that is done for a video on YouTube besides its upload, and may have to wait. */
@Entity('publication_steps')
export class PublicationStepRow {
  @PrimaryColumn('uuid')
  publicationId: string;

  @PrimaryColumn('text')
  name: PublicationStepName;

  @Column(TEXT)
  state: PublicationStepState;

  @Column(INTEGER)
  attempt: number;

  @Column(TIME)
  nextAt: Date;

  @Column(optional(TEXT))
  errorCode: string | null;

  @Column(optional(TEXT))
  errorMessage: string | null;

  @Column(optional(TIME))
  doneAt: Date | null;
}

/** A consent that an operator has asked for: from the ticket that opens Google's page to the answer that comes back. Secrets as SHA-256, in hex. */
@Entity('oauth_consents')
export class OAuthConsentRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column(UUID)
  channelId: string;

  /** Who asked for it. */
  @Column(TEXT)
  actor: string;

  @Column(TEXT)
  ticketHash: string;

  /** Null until Google's page was opened. */
  @Column(optional(TEXT))
  stateHash: string | null;

  /** Of the cookie of the browser that has opened it: the answer has to come from there. */
  @Column(optional(TEXT))
  browserHash: string | null;

  @Column(optional(TEXT))
  verifierEncrypted: string | null;

  /** Where Google sends the browser back to. */
  @Column(TEXT)
  redirectUri: string;

  @Column(TIME)
  expiresAt: Date;

  @CreateDateColumn(TIME)
  createdAt: Date;
}
