import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Ledger } from '../../ledger.js';
import { VERSIONS, recognise } from '../caller.js';
import { Users } from '../content/users.js';
import { NotionError, invalid } from '../errors.js';
import { Settings, type Capability } from '../settings.js';

/** Notion's limit for a request's body (bytes). */
const LARGEST_BODY = 500_000;

/** Demands a token and a version, as Notion does for every request. */
@Injectable()
export class NotionGuard implements CanActivate {
  constructor(
    private readonly ledger: Ledger,
    private readonly users: Users,
    private readonly settings: Settings,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const author = this.users.connection(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!author) throw new NotionError(401, 'unauthorized', 'API token is invalid.');
    const given = request.headers['notion-version'];
    if (!given)
      throw new NotionError(
        400,
        'missing_version',
        `Notion-Version header failed validation: Notion-Version header should be defined, instead was \`undefined\`.`,
      );
    const version = VERSIONS.find((one) => one === given);
    if (!version)
      throw new NotionError(
        400,
        'missing_version',
        `Notion-Version ${String(given)} is not one that is simulated: ${VERSIONS.join(', ')}.`,
      );
    const size = Number(request.headers['content-length'] ?? 0);
    if (request.is('application/json') && size > LARGEST_BODY)
      throw invalid(`body failed validation: body should be at most ${LARGEST_BODY} bytes, instead was ${size}.`);
    if (!this.settings.current.capabilities.includes(neededFor(request)))
      throw new NotionError(403, 'restricted_resource', 'Insufficient permissions for this endpoint.');
    this.ledger.record({ provider: 'notion', operation: request.method, usd: 0 });
    recognise(request, { author, version });
    return true;
  }
}

/** What the connection must be allowed to do. */
function neededFor({ method, path }: Request): Capability {
  if (method === 'GET' || /\/(query|search)$/.test(path)) return 'read';
  return method === 'POST' || path.endsWith('/children') ? 'insert' : 'update';
}
