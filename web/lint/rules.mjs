// ESLint's findings, by the settings in eslint.config.mjs.

import path from 'node:path';
import { ESLint } from 'eslint';

const STRING_OF_TRUE = 'wxml/no-unexpected-string-bool';
/** The values of ARIA are texts: `aria-hidden="true"` is as it should be. */
const ARIA = /aria-[\w-]+\s*=?\s*["']?[\w"']*$/;
const ARIA_ROOM = 5;

/** @param {string} root the repository's @param {string[]} patterns */
export async function checkRules(root, patterns) {
  const eslint = new ESLint({ cwd: root, overrideConfigFile: path.join(root, 'eslint.config.mjs'), errorOnUnmatchedPattern: false });
  const results = await eslint.lintFiles(patterns);
  return results.flatMap(({ filePath, messages, source = '' }) => {
    const place = path.relative(root, filePath).split(path.sep).join('/');
    const lines = source.split('\n');
    return messages
      .filter(({ ruleId, line, column }) => !(ruleId === STRING_OF_TRUE && ARIA.test(lines[line - 1].slice(0, column + ARIA_ROOM))))
      .map(({ line = 1, column = 1, message, ruleId }) => `${place}:${line}:${column}: ${message} (${ruleId ?? 'syntax'})`);
  });
}
