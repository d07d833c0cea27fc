// Rules for what people touch. The mini-program's are WeChat's: no browser, no globals of its own.

import wxmlParser from '@wxml/parser';
import wxml from 'eslint-plugin-wxml';
import globals from 'globals';

const readonly = (names) => Object.fromEntries(names.map((name) => [name, 'readonly']));
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'];
const WECHAT = readonly(['wx', 'App', 'Page', 'Component', 'Behavior', 'getApp', 'getCurrentPages', 'require', ...TIMERS, 'console']);
const BROWSER = ['window', 'document', 'navigator', 'location', 'history', 'fetch', 'WebSocket', 'XMLHttpRequest', 'localStorage', 'sessionStorage', 'crypto', 'performance', 'requestAnimationFrame', 'URL', 'URLSearchParams', 'Intl', 'structuredClone', 'queueMicrotask', 'Worker', 'globalThis'];

const COMMON = {
  eqeqeq: 'error',
  'no-console': ['error', { allow: ['warn', 'error'] }],
  'no-const-assign': 'error',
  'no-constant-condition': 'error',
  'no-dupe-keys': 'error',
  'no-else-return': 'error',
  'no-empty': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-new-func': 'error',
  'no-redeclare': 'error',
  'no-undef': 'error',
  'no-unreachable': 'error',
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'all' }],
  'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
  'no-var': 'error',
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
  'prefer-const': 'error',
};

const WXML = [
  'no-const-and-let-in-wxs', 'no-duplicate-attributes', 'no-dynamic-wx-key', 'no-unexpected-string-bool',
  'no-vue-directive', 'no-wx-for-with-wx-else', 'no-wx-for-with-wx-if', 'no-wx-if-string', 'report-interpolation-error',
  'report-wxml-syntax-error', 'report-wxs-syntax-error', 'wx-key', 'wxs-module-prop', 'wxs-must-be-top-level',
];
/** A mini-program is any of these folders; those below `lint/tests` are faulty on purpose. */
const PROGRAMS = ['miniprogram', 'web/h5/tests/fixture', 'web/lint/tests/fixture'];
const inPrograms = (pattern) => PROGRAMS.map((folder) => `${folder}/${pattern}`);

export default [
  { ignores: ['web/built/**', 'target/**', 'node_modules/**', 'fuzz/**', 'src/**'] },
  {
    files: inPrograms('**/*.js'),
    languageOptions: { ecmaVersion: 2021, sourceType: 'commonjs', globals: WECHAT },
    rules: { ...COMMON, 'no-restricted-globals': ['error', ...BROWSER.map((name) => ({ name, message: 'There is no such thing on a device.' }))] },
  },
  {
    files: inPrograms('**/*.wxs'),
    languageOptions: { ecmaVersion: 5, sourceType: 'commonjs', globals: readonly(['getDate', 'getRegExp']) },
    rules: { 'no-undef': 'error', 'no-unused-vars': 'error' },
  },
  {
    files: inPrograms('**/*.wxml'),
    plugins: { wxml },
    languageOptions: { parser: wxmlParser.default ?? wxmlParser },
    rules: Object.fromEntries(WXML.map((name) => [`wxml/${name}`, 'error'])),
  },
  {
    files: ['web/h5/runtime/**/*.js', 'web/h5/tags.js', 'start/**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: { ...globals.browser, process: 'off' } },
    rules: COMMON,
  },
  {
    // Tests talk about the page that they drive, too.
    files: ['**/*.mjs'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: { ...globals.node, ...globals.browser, __mp: 'readonly', axe: 'readonly' } },
    rules: { ...COMMON, 'no-console': 'off' },
  },
];
