// WXSS becomes CSS: one sheet for all, in which pages and components cannot reach each other.

import path from 'node:path';
import postcss from 'postcss';
import selectors from 'postcss-selector-parser';
import { domTag } from '../tags.js';

const RPX = /(-?\d*\.?\d+)rpx\b/g;
const VIEWPORT = /(?<![\w.#-])(-?\d*\.?\d+)(vh|vw)\b/g;
const ANIMATION = /^(-webkit-)?animation(-name)?$/;

/** The CSS of app.wxss, then of every component, then of every page. */
export function compileStyles(source, components) {
  const names = Object.keys(components);
  return [
    sheet(source, 'app.wxss', {}),
    ...names.filter((name) => !components[name].isPage).map((name) => sheet(source, `${name}.wxss`, { prefix: components[name].scope })),
    ...names.filter((name) => components[name].isPage).map((name) => sheet(source, `${name}.wxss`, { page: name })),
  ].join('\n');
}

/** Lengths of the phone: on a wide screen the phone is a column, and so are its vw and rpx. */
export function phoneLengths(value) {
  return value.replace(RPX, 'calc($1 * var(--rpx))').replace(VIEWPORT, 'calc($1 * var(--$2))');
}

function sheet(source, file, { prefix = '', page = '' }) {
  if (!source.has(file)) return '';
  const root = parsed(source, file, []);
  const scoped = selectors((list) => list.each((selector) => scope(selector, prefix, page)));
  renameKeyframes(root, prefix || page.replace(/\W/g, '-'));
  root.walkRules((rule) => {
    if (isInKeyframes(rule)) return;
    rule.selector = scoped.processSync(rule.selector);
  });
  root.walkDecls((declaration) => {
    if (/rpx|vh|vw/.test(declaration.value)) declaration.value = phoneLengths(declaration.value);
    refuseFiles(source, file, declaration);
  });
  root.walkAtRules((rule) => {
    rule.params = rule.params.replace(RPX, (_, number) => `${number / 2}px`);
  });
  root.walkComments((comment) => comment.remove());
  return root.toString();
}

/** The file's rules with its imports in their places. */
function parsed(source, file, within) {
  let root;
  try {
    root = postcss.parse(source.text(file), { from: file });
  } catch (error) {
    source.findings.error(`${file}:${error.line}:${error.column}`, error.reason);
    return postcss.root();
  }
  root.walkAtRules('import', (rule) => {
    const target = /['"]([^'"]+)['"]/.exec(rule.params)?.[1] ?? '';
    const below = target.startsWith('/') ? '' : path.posix.dirname(file);
    const imported = path.posix.join(below, target).replace(/^\//, '');
    if (within.includes(imported)) {
      rule.remove();
    } else if (source.has(imported)) {
      rule.replaceWith(parsed(source, imported, [...within, file]).nodes);
    } else {
      source.findings.error(`${file}:${rule.source.start.line}`, `it imports ${target}, which is not there`);
      rule.remove();
    }
  });
  return root;
}

function scope(selector, prefix, page) {
  selector.walk((node) => {
    if (node.type === 'tag' && !node.value.startsWith('wx-')) node.value = domTag(node.value);
    else if (node.type === 'class' && prefix) node.value = `${prefix}--${node.value}`;
    else if (node.type === 'pseudo' && node.value === ':host') node.replaceWith(hostOf(prefix));
  });
  if (!page) return;
  const own = selectors.pseudo({ value: `:where([is="${page}"])` });
  const { first } = selector;
  const space = first.spaces.before;
  if (first.type === 'tag' && first.value === 'wx-page') {
    first.replaceWith(selectors.tag({ value: 'wx-page' }), own);
  } else {
    first.spaces.before = '';
    selector.prepend(selectors.combinator({ value: ' ' }));
    selector.prepend(own);
  }
  selector.first.spaces.before = space;
}

function hostOf(prefix) {
  return selectors.attribute({ attribute: 'wx-host', operator: '=', value: `"${prefix}"`, raws: {}, quoteMark: null });
}

/** Two pages may each have a `pulse` of their own: names of animations get their owner's. */
function renameKeyframes(root, owner) {
  if (!owner) return;
  const names = new Set();
  root.walkAtRules(/keyframes$/, (rule) => {
    names.add(rule.params.trim());
    rule.params = `${owner}-${rule.params.trim()}`;
  });
  if (names.size === 0) return;
  root.walkDecls(ANIMATION, (declaration) => {
    declaration.value = declaration.value.replace(/[\w-]+/g, (word) => (names.has(word) ? `${owner}-${word}` : word));
  });
}

/** WeChat takes no files of the package in url(): only data and the network. */
function refuseFiles(source, file, declaration) {
  for (const [, target] of declaration.value.matchAll(/url\(\s*['"]?([^'")]*)/g)) {
    if (/^(data:|https:|#)/.test(target)) continue;
    source.findings.error(`${file}:${declaration.source.start.line}`, `url(${target}): WXSS cannot use files; take a data: URI or <image>`);
  }
}

function isInKeyframes(rule) {
  return rule.parent.type === 'atrule' && /keyframes$/.test(rule.parent.name);
}
