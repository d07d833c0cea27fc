// The sheets of a mini-program, and their rules with the lines they stand on.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import postcss from 'postcss';

/** The files of a folder with this ending, as seen from the folder. */
export function filesOf(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules/'))
    .sort();
}

/** The rules of a sheet, each with its `place`; none of a sheet that is broken, of which the compiler speaks. */
export function rulesOf(folder, file) {
  const rules = [];
  let root;
  try {
    root = postcss.parse(readFileSync(path.join(folder, file), 'utf8'), { from: file });
  } catch {
    return [];
  }
  root.walkRules((rule) => { rules.push({ rule, place: `${file}:${rule.source.start.line}` }); });
  return rules;
}
