// What WeChat refuses or ignores in WXSS, though a browser would take it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import selectors from 'postcss-selector-parser';
import { filesOf, rulesOf } from './sheet.mjs';

/** @returns {string[]} findings with places as seen from the folder */
export function checkSheets(folder) {
  const components = filesOf(folder, '.wxss').filter((file) => isComponent(path.join(folder, file)));
  return components.flatMap((file) => checkComponent(folder, file));
}

/** In a component only classes and :host may be selected; WeChat warns and other bases ignore the rest. */
function checkComponent(folder, file) {
  const found = [];
  for (const { rule, place } of rulesOf(folder, file)) {
    if (rule.parent.type === 'atrule' && /keyframes$/.test(rule.parent.name)) continue;
    const refused = (what) => found.push(`${place}: "${rule.selector}" selects by ${what}; a component's WXSS may use classes only`);
    selectors((list) => list.walk((node) => {
      if (node.type === 'tag') refused('tag');
      else if (node.type === 'id') refused('id');
      else if (node.type === 'attribute') refused('attribute');
    })).processSync(rule.selector);
  }
  return found;
}

function isComponent(sheet) {
  try {
    return JSON.parse(readFileSync(sheet.replace(/\.wxss$/, '.json'), 'utf8')).component === true;
  } catch {
    return false;
  }
}
