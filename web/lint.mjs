#!/usr/bin/env node
// What can be known of the mini-program and the console without running them: the compiler's findings,
// types, rules, WeChat's own schemas, and the sizes of packages. Prints `file:line: what` and exits with 1.
//
//   node web/lint.mjs

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { lintConsole, lintMiniProgram, lintTools } from './lint/all.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

const found = (await Promise.all([lintMiniProgram(ROOT, path.join(ROOT, 'miniprogram')), lintConsole(ROOT), lintTools(ROOT)])).flat();
for (const line of [...new Set(found)].sort()) console.error(line);
console.log(found.length === 0 ? 'web lint: nothing found' : `web lint: ${found.length} found`);
process.exitCode = found.length === 0 ? 0 : 1;
