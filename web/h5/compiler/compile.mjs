// A WeChat mini-program's folder becomes one script and one style sheet for a browser.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { collectAssets } from './assets.mjs';
import { findComponents, packagesOf, pagesOf } from './components.mjs';
import { Findings } from './findings.mjs';
import { compileModules } from './modules.mjs';
import { Source } from './source.mjs';
import { compileStyles } from './styles.mjs';
import { Templates } from './templates.mjs';

const H5 = fileURLToPath(new URL('../', import.meta.url));
const ROOT = path.resolve(H5, '../..');
/** The browsers that count: two years of Chromium, Firefox and Safari. */
export const BROWSERS = ['chrome111', 'firefox114', 'safari16.4'];

/** What WXS has in place of the language's own. */
const WXS_SHIMS = `
var getDate = (...parts) => new Date(...parts);
var getRegExp = (pattern, flags) => new RegExp(pattern, flags);
Object.defineProperty(Object.prototype, '__wxsConstructor', {
  get() { return this.constructor && this.constructor.name; },
  configurable: true,
});`;

/**
 * Compiles the mini-program in `folder`.
 *
 * `hosts` maps the origins that the source asks to where they are in this build; `self` is the page's own.
 * Nothing is thrown for a fault in the source: see `findings`.
 */
export async function compile({ folder, hosts = {}, minify = true }) {
  const findings = new Findings();
  const source = new Source(folder, findings);
  const app = source.json('app.json');
  if (app === null) {
    findings.error('app.json', 'there is no app.json in this folder');
    return { findings, js: '', css: '', assets: new Map(), inputs: [] };
  }
  const components = findComponents(source, app);
  const templates = new Templates(source);
  for (const name of Object.keys(components)) templates.add(name);
  const { names, files } = collectAssets(source);
  const styles = compileStyles(source, components);
  const generated = [
    WXS_SHIMS,
    `export const templates = ${templates.code()};`,
    `export const modules = ${compileModules(source)};`,
    `export const config = ${JSON.stringify(describe(source, app, components, templates.handlers, names, hosts))};`,
  ].join('\n');
  if (findings.errors.length > 0) return { findings, js: '', css: '', assets: files, inputs: [] };
  const base = readFileSync(path.join(H5, 'runtime/base.css'), 'utf8');
  const [script, css] = await Promise.all([
    bundle(generated, minify),
    style(`${base}\n${styles}`, minify),
  ]);
  return { findings, css, assets: files, ...script };
}

/** All that the runtime must know of the JSON files. */
function describe(source, app, components, handlers, assets, hosts) {
  const described = Object.entries(components).map(([name, { json, isPage, using, scope }]) => [
    name,
    { json: { ...json, component: isPage ? undefined : true, usingComponents: using }, isPage, scope, handlers: handlers[name] ?? [] },
  ]);
  return {
    app,
    assets,
    hosts,
    components: Object.fromEntries(described),
    pages: pagesOf(app),
    roots: packagesOf(app).map(({ root }) => root),
    theme: app.themeLocation ? source.json(app.themeLocation) : null,
  };
}

async function bundle(generated, minify) {
  const result = await esbuild.build({
    stdin: {
      contents: `import * as app from 'mini-program';\nimport { boot } from './runtime/main.js';\nboot(app);`,
      resolveDir: H5,
      sourcefile: 'entry.js',
    },
    absWorkingDir: ROOT,
    bundle: true,
    charset: 'utf8',
    define: { 'process.env.NODE_ENV': '"production"' },
    format: 'iife',
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
    minify,
    plugins: [generatedModule(generated)],
    target: BROWSERS,
    write: false,
  });
  return { js: result.outputFiles[0].text, inputs: Object.keys(result.metafile.inputs) };
}

function generatedModule(contents) {
  return {
    name: 'mini-program',
    setup(build) {
      build.onResolve({ filter: /^mini-program$/ }, () => ({ path: 'source', namespace: 'mini-program' }));
      build.onLoad({ filter: /.*/, namespace: 'mini-program' }, () => ({ contents, loader: 'js' }));
    },
  };
}

async function style(css, minify) {
  const { code } = await esbuild.transform(css, { loader: 'css', minify, target: BROWSERS, charset: 'utf8', legalComments: 'none' });
  return code;
}
