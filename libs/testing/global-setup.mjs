import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

/**
 * Jest's global setup: starts the engines once for the run. Jest loads this file outside its own module system, so the
 * sources are compiled here as they are for tests, and a test run needs no build.
 */
export default async function setUp() {
  // The contract tests of real providers are the one exception.
  if (!process.env.CONTRACT_LIVE) await keepToThisMachine();
  const hooks = compileSources();
  const { startTestRun } = await import('./src/test-run.ts');
  const stop = await startTestRun();
  hooks.deregister();
  globalThis.stopTestRun = stop;
}

/** In this process, in which tests run in band, and in all that it starts. */
async function keepToThisMachine() {
  const guard = new URL('loopback-only.mjs', import.meta.url).href;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${guard}`.trim();
  await import(guard);
}

function compileSources() {
  const { transform } = JSON.parse(readFileSync(new URL('../../jest.config.json', import.meta.url), 'utf8'));
  const [, options] = transform['\\.ts$'];
  return registerHooks({
    resolve(specifier, context, next) {
      const ours = context.parentURL?.endsWith('.ts');
      if (ours && specifier.startsWith('#')) return next(specifier, { ...context, conditions: ['types', ...context.conditions] });
      if (ours && specifier.startsWith('.')) return next(specifier.replace(/\.js$/, '.ts'), context);
      return next(specifier, context);
    },
    load(url, context, next) {
      if (!url.endsWith('.ts')) return next(url, context);
      const filename = fileURLToPath(url);
      const { code } = transformSync(readFileSync(filename, 'utf8'), { ...options, filename });
      return { format: 'module', source: code, shortCircuit: true };
    },
  });
}
