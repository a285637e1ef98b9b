import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['dist/', '.data/', 'coverage/'] },
  eslint.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only: a thing has the same name everywhere.' },
        { selector: 'ExportAllDeclaration', message: 'Name what is exported: the face of a module is a decision.' },
        { selector: 'TSEnumDeclaration', message: 'String-literal unions, not enums.' },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'The environment is read in libs/config only.' },
      ],
      // Constructor parameters of injectable classes need value imports; with emitDecoratorMetadata the rule leaves those alone.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Numbers and booleans read well in texts; objects do not, and stay forbidden.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // What is read from a file is an instance only because it was checked; it does nothing.
      '@typescript-eslint/no-misused-spread': [
        'error',
        { allow: ['Manifest', 'ManifestScene', 'ManifestBookend', 'ManifestWatermark', 'ChannelWatermark', 'ChannelCaptions'] },
      ],
      // What a handler is given is a plain object, made to be taken apart.
      '@typescript-eslint/unbound-method': 'off',
      // Validated classes describe a shape; our own literals of that shape need no constructor.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // For texts `||` is right as often: an empty one means "not set".
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
    },
  },
  {
    files: ['libs/config/**', 'apps/local/**', 'libs/testing/**', '**/*.test.ts', 'test/**', 'bench/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', module: 'writable' } },
  },
  {
    // The media scripts' one look at the environment: which provider is asked, where, and with which key.
    files: ['scripts/provider.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    // Their tools ask for a default export.
    files: ['*.config.mjs', 'libs/testing/global-*.mjs'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
