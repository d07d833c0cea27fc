#!/usr/bin/env node
// Runs the unit tests of what people touch: every *.test.mjs, *.test.ts and *.test.tsx under web/.
//
//   node web/test.mjs [a part of a path…] [options of node --test]

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TEST = /\.test\.(mjs|tsx?)$/;

const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const files = readdirSync(HERE, { recursive: true })
  .map((name) => path.join(HERE, name))
  .filter((name) => TEST.test(name) && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .sort();
if (files.length === 0) {
  console.error('there is no such test');
  process.exit(2);
}
const loader = new URL('./unit/typescript.mjs', import.meta.url).href;
const { status } = spawnSync(process.execPath, ['--import', loader, '--test', ...options, ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
