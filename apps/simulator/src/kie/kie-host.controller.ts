import { Body, Controller, Headers, HttpCode, Post, Req, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { Request } from 'express';
import { text } from '../answer.js';
import { Files, urlOf } from '../files.js';
import { Ledger } from '../ledger.js';
import { Scenarios } from '../scenarios/scenarios.js';
import { KIE_ERRORS, demandKey, kieError } from './answers.js';

/** KIE's own place for files, in its three forms. A name that is used again is overwritten. */
@Controller('kie-host/api')
export class KieHostController {
  private readonly named = new Map<string, string>();

  constructor(
    private readonly ledger: Ledger,
    private readonly files: Files,
    private readonly scenarios: Scenarios,
  ) {
    scenarios.declare('upload', Object.keys(KIE_ERRORS));
  }

  @Post('file-stream-upload')
  @HttpCode(200)
  @UseInterceptors(FileInterceptor('file'))
  async stream(
    @Headers('authorization') authorization: string | undefined,
    @UploadedFile() file: Express.Multer.File | undefined,
    @Req() request: Request,
  ): Promise<object> {
    this.begin(authorization);
    if (!file) throw kieError(400, 'file is required');
    return this.keep(request, file.buffer, text(request.body, 'fileName') || file.originalname, file.mimetype);
  }

  @Post('file-base64-upload')
  @HttpCode(200)
  async base64(
    @Headers('authorization') authorization: string | undefined,
    @Body() body: unknown,
    @Req() request: Request,
  ): Promise<object> {
    this.begin(authorization);
    const [, mimeType = 'image/png', data = ''] = /^(?:data:([^;]+);base64,)?(.+)$/s.exec(text(body, 'base64Data')) ?? [];
    if (!data) throw kieError(400, 'base64Data is required');
    return this.keep(request, Buffer.from(data, 'base64'), text(body, 'fileName') || 'file.png', mimeType);
  }

  @Post('file-url-upload')
  @HttpCode(200)
  async url(@Headers('authorization') authorization: string | undefined, @Body() body: unknown, @Req() request: Request): Promise<object> {
    this.begin(authorization);
    const response = await fetch(text(body, 'fileUrl')).catch(() => null);
    if (!response?.ok) throw kieError(400, 'The file cannot be fetched');
    const bytes = Buffer.from(await response.arrayBuffer());
    return this.keep(
      request,
      bytes,
      text(body, 'fileName') || 'file.png',
      response.headers.get('content-type') ?? 'application/octet-stream',
    );
  }

  private begin(authorization: string | undefined): void {
    demandKey(authorization);
    const ordered = this.scenarios.take('upload', '');
    if (ordered && KIE_ERRORS[ordered]) throw KIE_ERRORS[ordered]();
  }

  private async keep(request: Request, bytes: Buffer, fileName: string, mimeType: string): Promise<object> {
    const filePath = `${text(request.body, 'uploadPath')}/${fileName}`;
    const before = this.named.get(filePath);
    const name = before ? await this.files.replace(before, bytes) : (await this.files.save(fileName, bytes)).name;
    this.named.set(filePath, name);
    this.ledger.record({ provider: 'kie', operation: 'upload', usd: 0, file: `/files/${name}` });
    const data = { fileName, filePath, downloadUrl: urlOf(request, `/files/${name}`), fileSize: bytes.length, mimeType };
    return { success: true, code: 200, msg: 'success', data: { ...data, uploadedAt: new Date().toISOString() } };
  }
}
