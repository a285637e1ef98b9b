import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { probe } from '#media';
import { execa } from 'execa';
import sharp from 'sharp';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '../..');
const FILE = 'libs/providers/src/lumen/index';
const REGISTRY = 'libs/providers/src/registry/providers';

let folder: string;
let server: Server;
let asked: { model: string; prompt: string; ratio: string; look_like: string[] }[];
/** The two pieces that the documentation tells one to write, and nothing else. */
let sources: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'new-provider-'));
  const page = await readFile(join(ROOT, 'docs/providers.md'), 'utf8');
  const [file = '', line = ''] = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const registry = await readFile(join(ROOT, `${REGISTRY}.ts`), 'utf8');
  sources = {
    [FILE]: file,
    [REGISTRY]: `import { lumen } from '../lumen/index.js';\n${registry.replace(/^export const PROVIDERS = .*$/m, line.trim())}`,
  };
  asked = [];
  const picture = await sharp({ create: { width: 64, height: 36, channels: 3, background: 'teal' } })
    .webp()
    .toBuffer();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.headers.authorization !== 'Bearer a-key') response.writeHead(401).end();
      else {
        asked.push(JSON.parse(Buffer.concat(chunks).toString()) as (typeof asked)[number]);
        response.end(picture);
      }
    });
  }).listen(0, '127.0.0.1');
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

it('is one file and one line, as the documentation shows it: they compile, its settings follow, and it draws', async () => {
  expect(problems()).toEqual([]);
  await built();
  const settings = await execa(
    process.execPath,
    ['-e', `import('#config').then(({ environmentExample }) => console.log(environmentExample()))`],
    {
      cwd: folder,
    },
  );
  expect(settings.stdout).toContain('# Who draws images: gemini or lumen.');
  expect(settings.stdout).toMatch(/## Provider lumen[\s\S]*# LUMEN_API_KEY=[\s\S]*LUMEN_IMAGE_MODEL=lumen-2/);
  await sharp({ create: { width: 64, height: 36, channels: 3, background: 'red' } })
    .png()
    .toFile(join(folder, 'whale.png'));
  const draw = (key: string) =>
    execa(process.execPath, ['dist/scripts/generate-asset.js', '--prompt=a whale', '--reference=whale.png', '--out=drawn.png'], {
      cwd: folder,
      extendEnv: false,
      reject: false,
      env: {
        PATH: process.env.PATH ?? '',
        IMAGE_PROVIDER: 'lumen',
        LUMEN_API_KEY: key,
        LUMEN_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      },
    });
  expect((await draw('wrong')).stderr).toContain('"code":"LUMEN_401"');
  const { stdout, stderr } = await draw('a-key');
  expect([stdout, stderr]).toEqual(['Wrote drawn.png', '']);
  expect(asked).toMatchObject([{ model: 'lumen-2', prompt: 'a whale', ratio: '16:9', look_like: [expect.any(String)] }]);
  expect(await probe(join(folder, 'drawn.png'))).toMatchObject({ kind: 'image', width: 64, height: 36 });
}, 120_000);

/** What the compiler says of the project with the two pieces in their places. */
function problems(): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ['libs/config/src/index.ts'] }, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const given = (path: string) => Object.entries(sources).find(([name]) => path === join(ROOT, `${name}.ts`))?.[1];
  const { readFile: read, fileExists } = host;
  host.readFile = (path) => given(path) ?? read(path);
  host.fileExists = (path) => given(path) !== undefined || fileExists(path);
  const folders = host.directoryExists?.bind(host);
  host.directoryExists = (path) => path === dirname(join(ROOT, FILE)) || (folders?.(path) ?? true);
  const program = ts.createProgram([join(ROOT, 'libs/config/src/index.ts')], { ...options, noEmit: true, incremental: false }, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** The built project with the two pieces added to it. */
async function built(): Promise<void> {
  for (const part of ['libs', 'scripts']) await cp(join(ROOT, 'dist', part), join(folder, 'dist', part), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, source] of Object.entries(sources)) {
    const compiled = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2024 } });
    const path = join(folder, 'dist', `${name}.js`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, compiled.outputText);
  }
}
