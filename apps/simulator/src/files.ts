import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Global, Injectable, Module, Param, Query, Res, type OnModuleDestroy } from '@nestjs/common';
import type { Request, Response } from 'express';
import { WireError } from './answer.js';

/** Files that the simulator keeps while it runs and serves under `/files`. */
@Injectable()
export class Files implements OnModuleDestroy {
  private folder: Promise<string> | null = null;

  /** A new file's path, for somebody to write to. */
  async reserve(name: string): Promise<{ name: string; path: string }> {
    this.folder ??= mkdtemp(join(tmpdir(), 'simulator-'));
    const unique = `${randomUUID()}-${name.replace(/[^A-Za-z0-9._-]/g, '_').slice(-60)}`;
    return { name: unique, path: join(await this.folder, unique) };
  }

  async save(name: string, bytes: Buffer): Promise<{ name: string; path: string }> {
    const file = await this.reserve(name);
    await writeFile(file.path, bytes);
    return file;
  }

  /** Puts other bytes under a name that is in use. */
  async replace(name: string, bytes: Buffer): Promise<string> {
    await writeFile(await this.path(name), bytes);
    return name;
  }

  async path(name: string): Promise<string> {
    if (!this.folder || !/^[\w.-]+$/.test(name)) throw new WireError(404, 'no such file');
    return join(await this.folder, name);
  }

  async onModuleDestroy(): Promise<void> {
    if (this.folder) await rm(await this.folder, { recursive: true, force: true });
  }
}

/** The address under which a client reached the simulator, with a path. */
export function urlOf(request: Request, path: string): string {
  return `${request.protocol}://${request.get('host') ?? ''}${path}`;
}

@Controller('files')
class FilesController {
  constructor(private readonly files: Files) {}

  @Get(':name')
  async serve(@Param('name') name: string, @Query('until') until: string | undefined, @Res() response: Response): Promise<void> {
    if (until && Number(until) < Date.now()) throw new WireError(403, 'the link has expired');
    const path = await this.files.path(name);
    response.sendFile(path, { dotfiles: 'allow' }, (error) => {
      if (error && !response.headersSent) response.status(404).send('no such file');
    });
  }
}

@Global()
@Module({ controllers: [FilesController], providers: [Files], exports: [Files] })
export class FilesModule {}
