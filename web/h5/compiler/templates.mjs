// WXML and WXS become one expression of JavaScript, by the framework's own template compiler.

import { createRequire } from 'node:module';
import path from 'node:path';
import { lineAt } from './findings.mjs';

const require = createRequire(import.meta.url);
const COMPILER = require.resolve('glass-easel-template-compiler');

/** Warnings of the template compiler that are mistakes: unknown syntax, unmatched tags. */
const ERROR_CODES = new Set([65543, 65544]);
const HANDLER = /(?:\s|^)(?:capture-)?(?:mut-)?(?:bind|catch):?[\w-]+\s*=\s*(?:"([\w$]+)"|'([\w$]+)')/g;

/** What a `require` of WXS leads to, and the shims that make WXS of today's JavaScript. */
const EXTENSION = /require\(\s*(['"])([^'"]+)\.wxs\1\s*\)/g;
const REQUIRED = /require\(\s*['"]([^'"]+)['"]\s*\)/g;

/**
 * A compiler that has compiled nothing yet: it keeps templates in tables whose order depends on all
 * that it did before, and the same source must give the same bytes.
 */
function newGroup() {
  delete require.cache[COMPILER];
  const { TmplGroup } = require(COMPILER);
  return new TmplGroup();
}

export class Templates {
  #group = newGroup();
  #seen = new Set();
  #scripts = new Set();

  constructor(source) {
    this.source = source;
    /** For each template file, the names of handlers that it binds, its imports included. */
    this.handlers = {};
  }

  /** Takes in a component's WXML, with all that it imports. */
  add(name) {
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    const text = this.source.text(`${name}.wxml`);
    if (text === null) return;
    for (const found of this.#group.addTmpl(name, text) ?? []) this.#tell(found);
    this.handlers[name] = handlersIn(text);
    for (const imported of this.#group.getDirectDependencies(name)) this.#import(name, imported, text);
    for (const script of this.#group.getScriptDependencies(name)) this.#addScript(script, `${name}.wxml`);
    for (const module of this.#group.getInlineScriptModuleNames(name)) {
      const code = this.#group.getInlineScript(name, module);
      this.#requires(name, code);
      this.#group.setInlineScript(name, module, modernized(code));
    }
  }

  /** One expression: an object with a function for every template. */
  code() {
    const code = this.#group.getTmplGenObjectGroups();
    this.#group.free();
    return code;
  }

  #import(name, imported, text) {
    if (!this.source.has(`${imported}.wxml`)) {
      const at = text.search(/<(import|include)\b/);
      this.source.findings.error(`${name}.wxml:${lineAt(text, at)}`, `it imports ${imported}.wxml, which is not there`);
    }
    this.add(imported);
    this.handlers[name] = [...new Set([...this.handlers[name], ...(this.handlers[imported] ?? [])])];
  }

  #addScript(name, user) {
    if (this.#scripts.has(name)) return;
    this.#scripts.add(name);
    const code = this.source.text(`${name}.wxs`);
    if (code === null) {
      this.source.findings.error(user, `it uses ${name}.wxs, which is not there`);
      return;
    }
    this.#group.addScript(name, modernized(code));
    this.#requires(name, code);
  }

  #requires(from, code) {
    for (const [, target] of code.matchAll(REQUIRED)) {
      const below = target.startsWith('/') ? '' : path.posix.dirname(from);
      this.#addScript(path.posix.join(below, target).replace(/^\//, '').replace(/\.wxs$/, ''), `${from}.wxs`);
    }
  }

  #tell(found) {
    const place = `${found.path}.wxml:${found.startLine + 1}:${found.startColumn + 1}`;
    if (found.isError || ERROR_CODES.has(found.code)) this.source.findings.error(place, found.message);
    else this.source.findings.warn(place, found.message);
  }
}

/** In WXS `x.constructor` is a string, and the compiler's `require` knows no file endings. */
function modernized(code) {
  return code.replace(/\.constructor\b/g, '.__wxsConstructor').replace(EXTENSION, 'require("$2")');
}

function handlersIn(text) {
  const withoutComments = text.replace(/<!--[\s\S]*?-->/g, '');
  return [...new Set([...withoutComments.matchAll(HANDLER)].map(([, double, single]) => double ?? single))];
}
