import { Controller, HttpCode, Module, Post, Req, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { WireError, text } from '../answer.js';
import { Files, urlOf } from '../files.js';
import { Ledger } from '../ledger.js';
import { Scenarios } from '../scenarios/scenarios.js';

const HOUR_MS = 3_600_000;
const LIFETIMES: Readonly<Record<string, number>> = { '1h': HOUR_MS, '12h': 12 * HOUR_MS, '24h': 24 * HOUR_MS, '72h': 72 * HOUR_MS };
/** Largest files (bytes). */
const LARGEST = { catbox: 200 * 2 ** 20, litterbox: 2 ** 30 };
const FORBIDDEN = /\.(exe|scr|cpl|docx?|jar)$/i;

const ANSWERS = ['empty_answer', 'uploader_refused', 'dead_link', 'internal'];

/** catbox.moe, which keeps files for good, and litterbox, which does not. Both answer with a link, in plain text. */
@Controller()
class CatboxController {
  constructor(
    private readonly ledger: Ledger,
    private readonly files: Files,
    private readonly scenarios: Scenarios,
  ) {
    scenarios.declare('catbox_upload', ANSWERS);
    scenarios.declare('litterbox_upload', ANSWERS);
  }

  @Post('catbox/user/api.php')
  @HttpCode(200)
  @UseInterceptors(FileInterceptor('fileToUpload'))
  async catbox(@UploadedFile() file: Express.Multer.File | undefined, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.upload('catbox', file, request, response);
  }

  @Post('litterbox/resources/internals/api.php')
  @HttpCode(200)
  @UseInterceptors(FileInterceptor('fileToUpload'))
  async litterbox(
    @UploadedFile() file: Express.Multer.File | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.upload('litterbox', file, request, response);
  }

  private async upload(
    host: 'catbox' | 'litterbox',
    file: Express.Multer.File | undefined,
    request: Request,
    response: Response,
  ): Promise<void> {
    if (!request.get('user-agent')) {
      request.socket.destroy();
      return;
    }
    const ordered = this.scenarios.take(`${host}_upload`, '');
    if (ordered === 'uploader_refused') throw new WireError(412, 'Invalid uploader');
    if (ordered === 'internal') throw new WireError(500, '<html>Internal Server Error</html>');
    if (text(request.body, 'reqtype') !== 'fileupload') throw new WireError(412, 'Unknown request type');
    if (!file) throw new WireError(412, 'No file given');
    if (FORBIDDEN.test(file.originalname)) throw new WireError(412, 'File type not allowed');
    if (file.size > LARGEST[host]) throw new WireError(412, 'File too large');
    const lifetimeMs = LIFETIMES[text(request.body, 'time')];
    if (host === 'litterbox' && !lifetimeMs) throw new WireError(412, 'No expire time specified');
    const { name } = await this.files.save(file.originalname, file.buffer);
    this.ledger.record({ provider: host, operation: 'upload', usd: 0, file: `/files/${name}` });
    const until = host === 'litterbox' ? `?until=${Date.now() + (lifetimeMs ?? 0)}` : '';
    const link = urlOf(request, ordered === 'dead_link' ? '/files/nothing.png' : `/files/${name}${until}`);
    response.type('text/plain').send(ordered === 'empty_answer' ? '' : link);
  }
}

@Module({ controllers: [CatboxController] })
export class CatboxModule {}
