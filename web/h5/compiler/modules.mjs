// The JavaScript of a mini-program as a table of CommonJS functions, to which wx, Page and the rest
// are given: they never become globals of the browser's window.

import * as esbuild from 'esbuild';

export const MODULE_ARGUMENTS = 'require, module, exports, wx, App, Page, Component, Behavior, getApp, getCurrentPages';
/** What the oldest supported base library (3.8.12) runs; also what browsers of 2022 run. */
const TARGET = 'es2021';

/** An object expression: module name → function. */
export function compileModules(source) {
  const entries = source.files.filter((file) => file.endsWith('.js')).map((file) => {
    const code = compileModule(source, file);
    return `${JSON.stringify(file.replace(/\.js$/, ''))}: function (${MODULE_ARGUMENTS}) {\n${code}}`;
  });
  return `{\n${entries.join(',\n')}\n}`;
}

function compileModule(source, file) {
  try {
    return esbuild.transformSync(source.text(file), { format: 'cjs', target: TARGET, sourcefile: file, charset: 'utf8' }).code;
  } catch (error) {
    for (const { location, text } of error.errors ?? [{ text: error.message }]) {
      source.findings.error(`${file}:${location?.line ?? 1}:${(location?.column ?? 0) + 1}`, text);
    }
    return '';
  }
}
