import type { Role } from '#pipeline';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { TEXT, TIME, optional } from './columns.js';

/** A bearer token of the API. The token itself is known to its bearer only. */
@Entity('api_tokens')
export class ApiTokenRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  /** Whose it is: what stands in reviews and audit logs. Never given twice, not even after it was revoked. */
  @Column(TEXT)
  name: string;

  @Column(TEXT)
  role: Role;

  /** SHA-256 of the token, in hex. */
  @Column(TEXT)
  tokenHash: string;

  @Column(TEXT)
  createdBy: string;

  /** To the minute. */
  @Column(optional(TIME))
  lastUsedAt: Date | null;

  @Column(optional(TIME))
  revokedAt: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;
}
