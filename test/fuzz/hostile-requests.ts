import fc from 'fast-check';

/** As much of an OpenAPI document as requests are made from. */
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
interface Operation {
  parameters?: { name: string; in: 'path' | 'query' | 'header'; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: string[];
  items?: Schema;
  allOf?: Schema[];
  required?: string[];
  properties?: Record<string, Schema>;
}

/** What is sent, as it stands on the wire. */
export interface HostileRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

/** Names and values that lead past the first check. */
export interface Known {
  /** By the name of the parameter or field. */
  ids: Readonly<Record<string, readonly string[]>>;
  channels: readonly string[];
  youTubeChannels: readonly string[];
  token: string;
  /** Sent as the parts of grants that must never come back. */
  grantSecret: string;
}

export const HOSTILE_TEXTS = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfff',
  '\u202e\u0000\uffff',
  "' OR 1=1; --",
  '%',
  '\\',
  '../../../etc/passwd',
  '${7*7}{{7*7}}',
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  'NaN',
  '-1',
  '1e309',
  '9'.repeat(400),
  '2026-13-45T99:99:99Z',
  '+275760-09-13T00:00:00Z',
  '0000-00-00',
  'null',
  'true',
  'é'.repeat(3_000),
  '🐳'.repeat(200),
  'x'.repeat(70_000),
];
const HOSTILE_TIMES = [
  '2026-W47',
  '2026-W47-6',
  '2026-325',
  '2026-02-30',
  '2026-11-21T24:00:00Z',
  '2026-11-21T23:59:60Z',
  '2026-11-21T12:00',
  '2026-11-21 12:00:00Z',
  '+020026-11-21T12:00:00Z',
  '0000-01-01',
  '9999-12-31T23:59:59-23:59',
  '1969-12-31',
];
const HOSTILE_NUMBERS = [0, -1, 0.5, 1e308, -1e308, Number.MAX_SAFE_INTEGER + 2, 2 ** 31, 2 ** 63, 5e-324];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];

const text = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ unit: 'binary', maxLength: 60 }), fc.string());
const nested = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);
const wrong: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.constant(null),
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], [{}], ...HOSTILE_NUMBERS),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Requests for every route of an API: right in most places, so that they get far, and hostile in some. */
export function hostileRequests(document: ApiDocument, known: Known): fc.Arbitrary<HostileRequest> {
  const routes = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ template, method: method.toUpperCase(), operation })),
  );
  // Those that change something have more that can go wrong.
  routes.push(...routes.filter(({ method }) => method !== 'GET'));
  return fc.constantFrom(...routes).chain(({ template, method, operation }) => {
    const queries = operation.parameters?.filter((parameter) => parameter.in === 'query') ?? [];
    const schema = operation.requestBody?.content['application/json']?.schema;
    return fc
      .record({
        method: mostly(fc.constant(method), fc.constantFrom(...METHODS), 20),
        path: pathOf(template, known),
        query: mostly(queryOf(queries, document, known), wildQuery),
        headers: headersOf(known),
        body: schema ? bodyOf(schema, document, known) : mostly(fc.constant(null), wildBody, 10),
      })
      .map(({ query, path, body, headers, ...rest }) => ({
        ...rest,
        path: path + (query ? `?${query}` : ''),
        headers: body === null ? headers : { 'content-type': 'application/json', ...headers },
        body,
      }));
  });
}

const mostly = <T>(right: fc.Arbitrary<T>, other: fc.Arbitrary<T>, weight = 6) =>
  fc.oneof({ weight, arbitrary: right }, { weight: 1, arbitrary: other });

function pathOf(template: string, known: Known): fc.Arbitrary<string> {
  const hostile = fc.oneof(
    fc.constantFrom('%00', '%2e%2e', '%2e%2e%2f%2e%2e%2f', '%E0%A4%A', '%ff', '.', '..', '%20', '-', 'x'.repeat(3_000), '%F0%9F%90%B3'),
    text.map((value) => encodeURIComponent(value.toWellFormed()).slice(0, 3_000)),
  );
  const segment = (name: string) =>
    fc.oneof({ weight: 12, arbitrary: idOf(name, known) }, { weight: 1, arbitrary: fc.uuid() }, { weight: 1, arbitrary: hostile });
  const parts = template.split(/(\{[^}]+\})/).map((part) => (part.startsWith('{') ? segment(part.slice(1, -1)) : fc.constant(part)));
  return mostly(
    fc.tuple(...parts).map((made) => made.join('')),
    fc.constantFrom(template, `${template}/`, template.toUpperCase(), `/${template}`, `${template}/..`, `${template}%2f`),
    12,
  );
}

/** An id that there is, of what the name says. */
function idOf(name: string, { ids }: Known): fc.Arbitrary<string> {
  const known = ids[name.replace(/s$/, '')] ?? Object.values(ids).flat();
  return fc.constantFrom(...known);
}

function valueOf(name: string, schema: Schema, document: ApiDocument, known: Known): fc.Arbitrary<unknown> {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference) return objectOf(document.components.schemas[reference.split('/').at(-1) ?? ''] ?? {}, document, known);
  if (name === 'channel') return fc.constantFrom(...known.channels);
  if (name === 'channel_id' && schema.format !== 'uuid') return fc.constantFrom(...known.youTubeChannels);
  if (name === 'refresh_token' || name === 'access_token') return fc.constant(known.grantSecret);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.format === 'uuid') return mostly(idOf(name, known), fc.uuid());
  if (schema.format === 'date-time') {
    const moment = fc
      .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
    return mostly(moment, fc.constantFrom(...HOSTILE_TIMES), 4);
  }
  if (schema.type === 'array') return fc.array(mostly(valueOf(name, schema.items ?? {}, document, known), wrong, 12), { maxLength: 5 });
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'number' || schema.type === 'integer') return fc.integer({ min: 0, max: 60 });
  if (schema.type === 'object' || schema.properties) return objectOf(schema, document, known);
  return fc.oneof(fc.constantFrom('Ebb', 'ann', 'The whale'), fc.string({ minLength: 1, maxLength: 40 }));
}

/** What a schema asks for, with at times a property or two that are not, or that nobody asked for. */
function objectOf({ properties = {}, required = [] }: Schema, document: ApiDocument, known: Known): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(properties);
  const right = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valueOf(name, schema, document, known)])),
    { requiredKeys: required },
  );
  const spoilt = fc
    .subarray(names, { maxLength: Math.min(2, names.length) })
    .chain((some) => fc.record(Object.fromEntries(some.map((name) => [name, wrong]))));
  const extra = mostly(fc.constant({}), fc.dictionary(text, wrong, { maxKeys: 3 }), 10);
  return fc.tuple(right, mostly(fc.constant({}), spoilt, 2), extra).map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);
}

type Parameters = NonNullable<Operation['parameters']>;

function queryOf(parameters: Parameters, document: ApiDocument, known: Known): fc.Arbitrary<string> {
  const pair = ({ name, schema = {} }: Parameters[number]) =>
    mostly(valueOf(name, schema, document, known).map(textOf), text, 5).map(
      (value) => `${name}=${encodeURIComponent(value.toWellFormed())}`,
    );
  // Repeated now and then.
  const pairs = parameters.map((parameter) => fc.array(pair(parameter), { maxLength: 2, size: 'xsmall' }));
  return fc.tuple(...pairs).map((made) => made.flat().join('&').slice(0, 6_000));
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const wildQuery = fc.oneof(
  fc.constantFrom(
    'a[b][c]=1',
    'limit[]=1',
    '__proto__[x]=1',
    'constructor=1',
    '&&&',
    '=',
    '%',
    '%zz=%E0',
    'limit=1&limit=2',
    'offset=%00',
    'status=,,,',
  ),
  fc.array(fc.tuple(text, text), { maxLength: 4 }).map((pairs) =>
    pairs
      .map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`)
      .join('&')
      .slice(0, 6_000),
  ),
);

const wildBody = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '1',
    '{"a":1,"a":2}',
    '\ufeff{}',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{}}}',
    'not json',
  ),
  fc.constantFrom(nested(5_000, '[', ']'), nested(20_000, '{"a":', '}').replace(/\}/, '1}'), `{"title":${nested(3_000, '[', ']')}}`),
  fc.constantFrom(
    `{"title":"${'x'.repeat(1_200_000)}"}`,
    `[${'0,'.repeat(200_000)}0]`,
    `{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":0`).join()}}`,
  ),
  fc.json({ maxDepth: 4 }),
  text,
);

function bodyOf(schema: Schema, document: ApiDocument, known: Known): fc.Arbitrary<string | null> {
  const right = valueOf('', schema, document, known).map((value) => JSON.stringify(value));
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 2, arbitrary: wildBody }, { weight: 1, arbitrary: fc.constant(null) });
}

/** Characters that Node lets through in a header. */
const headerText = fc.oneof(
  fc.constantFrom('', ',', '*', 'x'.repeat(2_000), 'a, b', '"', '\t', 'é', '../..', 'undefined'),
  fc.string({ maxLength: 40 }).map((value) => value.replace(/[^\x20-\x7e]/g, '?')),
);

function headersOf({ token }: Known): fc.Arbitrary<Record<string, string>> {
  const basic = (value: string) => `Basic ${Buffer.from(value).toString('base64')}`;
  const authorization = mostly(
    fc.constant(`Bearer ${token}`),
    fc.oneof(
      fc.constantFrom('', 'Bearer', 'Bearer ', basic(`:${token}`), basic('no colon'), 'Basic %%%', `Bearer avg_${'A'.repeat(43)}`),
      headerText,
    ),
    20,
  );
  const odd: Record<string, fc.Arbitrary<string>> = {
    'x-request-id': headerText,
    'idempotency-key': headerText,
    'x-forwarded-for': headerText,
    'x-notion-signature': headerText,
    'x-webhook-secret': headerText,
    'x-webhook-timestamp': headerText,
    'x-webhook-signature': headerText,
    'x-http-method-override': fc.constantFrom('DELETE', 'PUT'),
    'content-type': fc.constantFrom(
      'text/plain',
      'application/json; charset=utf-7',
      'application/json; charset=utf-16',
      'multipart/form-data',
      'x',
      '',
    ),
    'content-encoding': fc.constantFrom('gzip', 'br', 'deflate', 'identity', 'zip', 'gzip, gzip'),
    accept: fc.constantFrom('*/*', 'text/html', 'application/xml', ''),
    range: fc.constantFrom('bytes=0-', 'bytes=5-1', 'bytes=-9999999999', 'x'),
    'if-match': headerText,
    'if-none-match': fc.constantFrom('*', '"x"', 'W/"1"'),
    'if-modified-since': headerText,
  };
  const few = fc
    .subarray(Object.keys(odd), { minLength: 1, maxLength: 3 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, odd[name] ?? headerText]))));
  return fc.tuple(authorization, fc.ipV4(), mostly(fc.constant({}), few, 5)).map(([given, address, more]) => ({
    authorization: given,
    'x-forwarded-for': address,
    ...more,
  }));
}
