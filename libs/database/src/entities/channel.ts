import type { ChannelSettings } from '#config';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { JSONB, TEXT, TIME } from './columns.js';

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

  @CreateDateColumn(TIME)
  createdAt: Date;

  @UpdateDateColumn(TIME)
  updatedAt: Date;
}
