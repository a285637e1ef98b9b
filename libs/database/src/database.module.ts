import { required, settings, type Settings } from '#config';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import { Database } from './database.js';

/** Makes `Database` injectable. */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [settings.KEY],
      useFactory: (values: Settings) => ({ ...dataSourceOptions(required(values, 'DATABASE_URL')), retryAttempts: 5, retryDelay: 1_000 }),
    }),
  ],
  providers: [{ provide: Database, inject: [DataSource], useFactory: (dataSource: DataSource) => new Database(dataSource.manager) }],
  exports: [Database],
})
export class DatabaseModule {}
