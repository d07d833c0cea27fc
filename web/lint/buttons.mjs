// With "style": "v2" WeChat makes every button 184px wide and centres it, by a rule that is stronger than
// one class: a width or a margin of a button's has to be said with two.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import selectors from 'postcss-selector-parser';
import { filesOf, rulesOf } from './sheet.mjs';

const BUTTON = /<button\b[^]*?\bclass="([^"]*)"/g;
const WEAK = /^(width|margin|margin-left|margin-right)$/;

/** @returns {string[]} findings with places as seen from the folder */
export function checkButtons(folder) {
  const classes = new Set(filesOf(folder, '.wxml').flatMap((file) => buttonClasses(readFileSync(path.join(folder, file), 'utf8'))));
  return filesOf(folder, '.wxss').flatMap((file) => checkSheet(folder, file, classes));
}

function buttonClasses(wxml) {
  return [...wxml.matchAll(BUTTON)].flatMap(([, value]) => value.match(/[\w-]+/g) ?? []);
}

function checkSheet(folder, file, classes) {
  const found = [];
  for (const { rule, place } of rulesOf(folder, file)) {
    const weak = rule.nodes.find((node) => node.type === 'decl' && WEAK.test(node.prop));
    if (!weak) continue;
    selectors((list) => list.each((selector) => {
      if (!isOfButton(selector, classes) || strength(selector) >= 2) return;
      found.push(`${place}: "${String(selector).trim()}" gives a button its ${weak.prop}, but WeChat's own sheet is stronger; say the class twice`);
    })).processSync(rule.selector);
  }
  return found;
}

/** Whether what is selected in the end may be a button itself. */
function isOfButton(selector, classes) {
  const last = selector.nodes.slice(selector.nodes.findLastIndex((node) => node.type === 'combinator') + 1);
  if (last.some((node) => node.type === 'pseudo' && node.value.startsWith('::'))) return false;
  return last.some((node) => node.type === 'class' && classes.has(node.value));
}

/** How many classes and attributes select. */
function strength(selector) {
  let count = 0;
  selector.walk((node) => { if (node.type === 'class' || node.type === 'attribute') count += 1; });
  return count;
}
