import type { ChannelSettings } from '#config';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { BOOLEAN, JSONB, TEXT, TIME, optional } from './columns.js';

/** A channel as its file last described it. */
@Entity('channels')
export class ChannelRow {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  /** Name of its file without the ending; what Notion rows and people call it. */
  @Column(TEXT)
  key: string;

  @Column(JSONB)
  settings: ChannelSettings;

  /** When its file went away: what is in work goes on, nothing new is begun; null while it has one. */
  @Column(optional(TIME))
  removedAt: Date | null;

  /** Since when nothing of it is begun: no video, no step, no item. Null while it runs. */
  @Column(optional(TIME))
  pausedAt: Date | null;

  @Column(optional(TEXT))
  pausedBy: string | null;

  /** Whether Notion showed it as paused when it was last looked at; null when it never was. */
  @Column(optional(BOOLEAN))
  notionPaused: boolean | null;

  /** Until when YouTube takes no more videos of it, as it has said; null: it has not. */
  @Column(optional(TIME))
  uploadsRefusedUntil: Date | null;

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}
