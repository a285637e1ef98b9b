import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { Response } from 'express';
import { text } from '../../answer.js';
import { FromConnection, type Caller } from '../caller.js';
import { ACCESS_DENIED, UPLOAD_STATES, Uploads } from '../content/file-uploads.js';
import { paged } from '../content/query.js';
import { Field } from '../field.js';
import { NotionApi } from './notion-api.js';
import { idIn } from './databases.controller.js';

@Controller('notion/v1/file_uploads')
@NotionApi()
export class FileUploadsController {
  constructor(private readonly uploads: Uploads) {}

  @Post()
  @HttpCode(200)
  create(@Body() body: unknown, @FromConnection() caller: Caller): object {
    return this.uploads.view(this.uploads.create(new Field(body ?? {}), caller.author), caller);
  }

  @Get()
  list(@Query() query: Record<string, unknown>, @FromConnection() caller: Caller): object {
    const state = new Field(query.status, 'query.status').orNull((field) => field.oneOf(UPLOAD_STATES));
    return paged(this.uploads.list(state), query, 'file_upload', (upload) => this.uploads.view(upload, caller));
  }

  @Get(':id')
  retrieve(@Param('id') id: string, @FromConnection() caller: Caller): object {
    return this.uploads.view(this.uploads.find(idIn(id, 'file_upload_id')), caller);
  }

  @Post(':id/send')
  @HttpCode(200)
  @UseInterceptors(FileInterceptor('file'))
  async send(
    @Param('id') id: string,
    @UploadedFile() file: Express.Multer.File | undefined,
    @Body() body: unknown,
    @FromConnection() caller: Caller,
  ): Promise<object> {
    return this.uploads.view(await this.uploads.send(idIn(id, 'file_upload_id'), file, text(body, 'part_number')), caller);
  }

  @Post(':id/complete')
  @HttpCode(200)
  async complete(@Param('id') id: string, @FromConnection() caller: Caller): Promise<object> {
    return this.uploads.view(await this.uploads.complete(idIn(id, 'file_upload_id')), caller);
  }
}

/** Where the addresses of files lead: to the bytes, as long as they are good. */
@Controller('notion/files')
export class HostedFilesController {
  constructor(private readonly uploads: Uploads) {}

  @Get(':id/:name')
  async read(
    @Param('id') id: string,
    @Query('expires') expires: string | undefined,
    @Query('signature') signature: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const file = await this.uploads.open(id, expires ?? '', signature ?? '');
    if (!file) response.status(403).type('application/xml').send(ACCESS_DENIED);
    else response.type(file.contentType).sendFile(file.path, { dotfiles: 'allow' });
  }
}
