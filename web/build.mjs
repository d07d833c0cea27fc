#!/usr/bin/env node
// Builds everything that a browser is served into web/built: the mini-program's page (m), the console
// and the first page (start). The same source gives the same bytes on every machine.
//
//   node web/build.mjs [--check] [--watch] [--only m|console|start]
//
// --check builds in memory and says which file of web/built differs.

import { existsSync, writeFileSync, watch } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { licences } from './build/licences.mjs';
import { differences, isSame, write } from './build/output.mjs';
import { buildPages } from './build/page-area.mjs';
import { buildMiniProgram } from './h5/build.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BUILT = path.join(ROOT, 'web/built');
const SETTLE_MS = 150;

const AREAS = {
  m: () => buildMiniProgram(ROOT),
  console: () => buildPages(ROOT, { name: 'console', entry: 'main.tsx', pages: ['index.html'], base: '/console/' }),
  start: () => buildPages(ROOT, { name: 'start', entry: 'app.js', pages: ['index.html', 'service.html'], base: '/start/' }),
};
/** What a change in one of these folders may change. */
const WATCHED = ['miniprogram', 'console', 'start', 'web/h5'];

async function main() {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, watch: { type: 'boolean' }, only: { type: 'string' } } });
  if (values.only && !AREAS[values.only]) {
    console.error(`--only ${values.only}: there are ${Object.keys(AREAS).join(', ')}`);
    return 2;
  }
  const names = values.only ? [values.only] : Object.keys(AREAS);
  const isGood = await run(names, values);
  if (values.watch) {
    await watchForEver(() => run(names, values));
  }
  return isGood ? 0 : 1;
}

/** Builds the areas and writes or compares them; answers whether all is well. */
async function run(names, { check, only }) {
  const inputs = [];
  let isGood = true;
  let isComplete = !only;
  for (const name of names) {
    const began = performance.now();
    const area = await AREAS[name]();
    if (area.skipped) {
      console.log(`${name}: skipped, there is no ${area.skipped}`);
      continue;
    }
    for (const warning of area.warnings) console.log(`warning ${warning}`);
    for (const error of area.errors) console.error(`error ${error}`);
    if (area.errors.length > 0) {
      isGood = false;
      isComplete = false;
      continue;
    }
    inputs.push(...area.inputs);
    isGood = settle(name, area.files, check) && isGood;
    const size = [...area.files.values()].reduce((sum, content) => sum + Buffer.byteLength(content), 0);
    console.log(`${name}: ${area.files.size} files, ${Math.round(size / 1024)} KiB, ${Math.round(performance.now() - began)} ms`);
  }
  return (isComplete ? settleLicences(inputs, check) : true) && isGood;
}

function settle(name, files, check) {
  if (!check) {
    write(BUILT, name, files);
    return true;
  }
  const different = differences(BUILT, name, files);
  for (const line of different) console.error(`${line}: run scripts/web and commit web/built`);
  return different.length === 0;
}

function settleLicences(inputs, check) {
  const text = licences(ROOT, inputs);
  const file = path.join(BUILT, 'LICENSES.txt');
  if (isSame(file, text)) return true;
  if (check) {
    console.error('web/built/LICENSES.txt differs: run scripts/web and commit web/built');
    return false;
  }
  writeFileSync(file, text);
  return true;
}

async function watchForEver(build) {
  let timer = null;
  for (const folder of WATCHED.map((name) => path.join(ROOT, name)).filter((name) => existsSync(name))) {
    watch(folder, { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => build().catch((error) => console.error(error)), SETTLE_MS);
    });
  }
  console.log('watching');
  await new Promise(() => {});
}

process.exitCode = await main();
