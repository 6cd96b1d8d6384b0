/** Lint: what the compiler cannot see. Layers between rooms are in .dependency-cruiser.cjs. */
import simpleImportSort from 'eslint-plugin-simple-import-sort';
import vue from 'eslint-plugin-vue';
import ts from 'typescript-eslint';
import vueParser from 'vue-eslint-parser';

/** Rooms that may not know the time, chance or waiting: all of it arrives in events. */
const PURE = [
  'src-server/base/**/*.ts',
  'src-server/coordination/model/**/*.ts',
  'src-server/coordination/state/**/*.ts',
  'src-server/coordination/zab/**/*.ts',
  'src-server/console/contract/**/*.ts',
  'src-server/console/rpc/**/*.ts',
  'src-server/storage/control/!(batch|controller|history-shelf|membership|mirror|rebalance-desk|registration|transaction).ts',
  'src-server/storage/replication/*.ts',
  'src-server/storage/ring/**/*.ts',
];
/** Rooms that run on a simulated platform as well: the world comes to them through platform/. */
const HOSTED = [
  'src-server/coordination/**/*.ts',
  'src-server/bytes/**/*.ts',
  'src-server/console/service/**/*.ts',
  'src-server/storage/**/*.ts',
];

const WORLD = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'Time comes from platform/clock.ts.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Chance comes from a seeded generator.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Time comes from platform/clock.ts.',
  },
  {
    selector: 'CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate)$/]',
    message: 'Timers come from platform/clock.ts.',
  },
];

export default ts.config(
  { ignores: ['node_modules/', 'out/', 'dist/', '.cache/'] },
  ...ts.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts', '**/*.vue'] })),
  {
    files: ['**/*.ts', '**/*.vue'],
    plugins: { 'simple-import-sort': simpleImportSort },
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A read that was just bounds-checked is marked with `!`, which costs nothing and shows the spot.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSEnumDeclaration',
          message: 'Node runs these files as they are: a constant object instead of an enum.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'One searchable name for each thing.' },
      ],
      'simple-import-sort/imports': [
        'error',
        { groups: [['^node:'], ['^@?\\w'], ['^#'], ['^\\.']] },
      ],
      'simple-import-sort/exports': 'error',
    },
  },
  { files: HOSTED, rules: { 'no-restricted-syntax': ['error', ...WORLD] } },
  {
    files: PURE,
    rules: {
      'no-restricted-syntax': [
        'error',
        ...WORLD,
        { selector: 'AwaitExpression', message: 'The core does not wait.' },
      ],
    },
  },
  {
    files: ['src-server/console/rpc/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...WORLD] },
  },
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: {
      parser: vueParser,
      parserOptions: { parser: ts.parser, projectService: true, extraFileExtensions: ['.vue'] },
    },
    rules: {
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'error',
      'vue/html-self-closing': [
        'error',
        { html: { void: 'always', normal: 'always', component: 'always' } },
      ],
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/multi-word-component-names': 'off',
      // Line breaks are Prettier's.
      'vue/multiline-html-element-content-newline': 'off',
      'vue/no-v-html': 'error',
      'vue/require-default-prop': 'off',
    },
  },
  {
    files: ['tests/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'describe', 'suite'], package: 'vitest' },
          ],
        },
      ],
    },
  },
  {
    // Tools insist on a default export.
    files: ['*.config.ts', '**/*.d.ts', 'tests/failures.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.js', '**/*.mjs', '**/*.cjs'], ...ts.configs.disableTypeChecked },
);
