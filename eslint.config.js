import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What the directories of src must not import, so that dependencies point one way: cli → metrics → gateways → coordinator → streams → ports, and cli → client. */
const directions = {
  proto: [only('^(\\./|@bufbuild/protobuf(/|$))', 'src/proto imports nothing but itself')],
  auth: [not('streams', 'gateways', 'metrics', 'client', 'cli', 'testing', 'db/postgres')],
  client: [
    not('auth', 'db', 'coordinator', 'metrics', 'cli', 'testing'),
    none('^\\.\\./(streams/(?!operators/)|gateways/(?!tailnetService\\.js$))', 'a client is no part of the server'),
  ],
  db: [not('streams', 'gateways', 'metrics', 'client', 'cli', 'testing')],
  streams: [
    not('gateways', 'metrics', 'client', 'cli', 'testing', 'db/postgres'),
    none('^(node:|pg$|pg-listen$|ws$|prom-client$)', 'src/streams knows the ports, not what stands behind them'),
  ],
  gateways: [not('streams', 'metrics', 'client', 'cli', 'testing', 'db/postgres')],
  metrics: [not('streams', 'client', 'cli', 'testing', 'db/postgres')],
  testing: [not('metrics', 'client', 'cli')],
  cli: [not('testing')],
};

const everywhere = [
  {
    selector: 'TSAsExpression > TSAsExpression.expression[typeAnnotation.type="TSUnknownKeyword"]',
    message: 'A cast by way of unknown hides what is wrong with the types: say what the value is.',
  },
  {
    selector: 'CallExpression[callee.name="catchError"] > ArrowFunctionExpression[params.length=0][body.name="EMPTY"]',
    message: 'Say which errors are dropped here and why: take the error and decide.',
  },
];

/** The core runs in virtual time: it waits on the scheduler, and draws its chances from what it is given. */
const core = [
  ...everywhere,
  { selector: ':function[async=true]', message: 'No promises in the core: compose Observables.' },
  { selector: 'AwaitExpression', message: 'No promises in the core: compose Observables.' },
  { selector: 'NewExpression[callee.name="Promise"]', message: 'No promises in the core: compose Observables.' },
  { selector: 'MemberExpression[object.name="Promise"]', message: 'No promises in the core: compose Observables.' },
  { selector: 'CallExpression > MemberExpression.callee[property.name="then"]', message: 'No promises in the core.' },
  {
    selector: 'CallExpression > MemberExpression.callee[object.name=/^(Date|performance)$/][property.name="now"]',
    message: 'Time comes from the scheduler: scheduler.now().',
  },
  { selector: 'NewExpression[callee.name="Date"]', message: 'Time comes from the scheduler: scheduler.now().' },
  {
    selector: 'CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate|queueMicrotask)$/]',
    message: 'Waiting happens on the scheduler: timer(delay, scheduler).',
  },
  {
    selector: 'CallExpression > MemberExpression.callee[object.name="process"][property.name="nextTick"]',
    message: 'Waiting happens on the scheduler: timer(0, scheduler).',
  },
  {
    selector: 'CallExpression > MemberExpression.callee[object.name="Math"][property.name="random"]',
    message: 'Chance is injected: use the `random` of the options.',
  },
  {
    selector: 'NewExpression[callee.name=/^(Subject|BehaviorSubject|ReplaySubject|AsyncSubject)$/]',
    message:
      'Compose streams first. Where a value must be pushed: // eslint-disable-next-line no-restricted-syntax -- and why.',
  },
];

/** Parts of the core hand out streams; the coordinator turns its ends into promises. */
const streams = [
  ...core,
  {
    selector: 'ImportSpecifier[imported.name=/^(firstValueFrom|lastValueFrom)$/]',
    message: 'No promises in the core: compose Observables.',
  },
];

export default defineConfig(
  { ignores: ['dist/', '.api/', '.bench/', '.mutant-*/', '.simulation/', '.soak/', 'src/proto/gen/', '.tailnet/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { project: { rules: { 'reasons-for-exceptions': reasonsForExceptions() } } },
    rules: {
      'project/reasons-for-exceptions': 'error',
      'no-restricted-syntax': ['error', ...everywhere],
      eqeqeq: 'error',
      // NaN is the only value that differs from itself: the shortest way to ask, and the fastest.
      'no-self-compare': 'off',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A function that does nothing is a fine default.
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/only-throw-error': ['error', { allowRethrowing: true, allowThrowingUnknown: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  ...Object.entries(directions).map(([directory, patterns]) => ({
    files: [`src/${directory}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  })),
  { files: ['src/coordinator.ts', 'src/client/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...core] } },
  { files: ['src/streams/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...streams] } },
  {
    files: ['test/**/*.ts', 'src/testing/contracts/**/*.ts'],
    rules: {
      // `expect(…).to.be.empty` is an assertion.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['examples/**/*.test.ts'],
    rules: {
      // What they return is for those who want to wait for a test.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['describe', 'it'] }] },
      ],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: Object.fromEntries(
        ['Buffer', 'console', 'performance', 'process', 'URL'].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['src/gateways/debug/page/*.js'],
    rules: {
      // The compiler knows the names of a browser: tsconfig.page.json.
      'no-undef': 'off',
      'no-restricted-syntax': [
        'error',
        ...everywhere,
        {
          selector: 'Identifier[name=/^(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|write|writeln|eval)$/]',
          message: 'What a peer says is text: make elements with element().',
        },
      ],
    },
  },
);

/** A pattern that refuses imports from these directories of src. */
function not(...directories) {
  return {
    regex: `^\\.\\.?/(.*/)?(${directories.join('|')})(/|\\.js$)`,
    message: `Dependencies point the other way: this may not import ${directories.join(', ')}.`,
  };
}

/** A pattern that refuses what matches. */
function none(regex, message) {
  return { regex, message };
}

/** A pattern that refuses what does not match. */
function only(regex, message) {
  return { regex: `^(?!${regex.slice(1)})`, message };
}

/** An exception to a rule is a decision: its comment must say why, after two hyphens. */
function reasonsForExceptions() {
  return {
    meta: { type: 'suggestion', schema: [], messages: { reason: 'Say why, after two hyphens: {{directive}} -- …' } },
    create(context) {
      return {
        Program() {
          for (const comment of context.sourceCode.getAllComments()) {
            const directive = /^\s*(eslint-disable[\w-]*)/.exec(comment.value)?.[1];
            if (directive && !/\s--\s+\S/.test(comment.value)) {
              context.report({ loc: comment.loc, messageId: 'reason', data: { directive } });
            }
          }
        },
      };
    },
  };
}
