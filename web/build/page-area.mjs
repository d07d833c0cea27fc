// An area that is an ordinary page: its HTML names scripts, sheets and pictures of its own folder,
// which are bundled, given hashed names, and named so in the HTML.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { BROWSERS } from '../h5/compiler/compile.mjs';
import { hashed } from './hash.mjs';

const BUNDLED = /\.(tsx?|js|css)$/;

/**
 * @param {string} root the repository's
 * @param {{ name: string, entry: string, pages: string[], base: string }} area `base` is where it is served
 * @returns {Promise<import('./area.mjs').Area>}
 */
export async function buildPages(root, { name, entry, pages, base }, { minify = true } = {}) {
  const folder = path.join(root, name);
  if (!existsSync(path.join(folder, entry))) return { skipped: `${name}/${entry}` };
  const files = new Map();
  const inputs = [];
  const errors = [];
  const warnings = [];
  const names = new Map();

  const emit = async (file) => {
    if (names.has(file)) return names.get(file);
    const output = BUNDLED.test(file) ? await bundle(root, path.join(name, file), minify) : { bytes: readFileSync(path.join(folder, file)) };
    errors.push(...(output.errors ?? []));
    warnings.push(...(output.warnings ?? []));
    inputs.push(...(output.inputs ?? []));
    if (output.bytes === undefined) return file;
    const ending = { '.tsx': '.js', '.ts': '.js' }[path.extname(file)] ?? path.extname(file);
    const made = hashed(path.basename(file, path.extname(file)) + ending, output.bytes);
    names.set(file, made);
    files.set(made, output.bytes);
    return made;
  };

  for (const page of pages) {
    if (!existsSync(path.join(folder, page))) {
      errors.push(`${name}/${page}: this page is missing`);
      continue;
    }
    files.set(page, await rewrite(readFileSync(path.join(folder, page), 'utf8'), `${name}/${page}`, { folder, base, emit, errors }));
  }
  return { files, inputs: [...new Set(inputs)], errors, warnings };
}

/** The HTML with the hashed name in place of each file of the folder; other addresses stay. */
async function rewrite(html, page, { folder, base, emit, errors }) {
  const parts = [];
  let done = 0;
  for (const match of html.matchAll(/\b(src|href)="([^"#?]+)"/g)) {
    const [whole, attribute, target] = match;
    const isOwn = target.startsWith(base) && target !== base;
    const isRelative = /^(\.\/)?[\w-]+[\w./-]*\.\w+$/.test(target) && !target.startsWith('/');
    if (!isOwn && !isRelative) continue;
    const file = isOwn ? target.slice(base.length) : target.replace(/^\.\//, '');
    if (!existsSync(path.join(folder, file))) {
      const line = html.slice(0, match.index).split('\n').length;
      errors.push(`${page}:${line}: it names ${target}, which is not there`);
      continue;
    }
    parts.push(html.slice(done, match.index), `${attribute}="${base}${await emit(file)}"`);
    done = match.index + whole.length;
  }
  return parts.join('') + html.slice(done);
}

async function bundle(root, file, minify) {
  const isStyle = file.endsWith('.css');
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      assetNames: '[name].[hash]',
      bundle: true,
      charset: 'utf8',
      define: { 'process.env.NODE_ENV': '"production"' },
      entryPoints: [file],
      format: isStyle ? undefined : 'esm',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      legalComments: 'none',
      loader: { '.svg': 'dataurl', '.png': 'dataurl' },
      logLevel: 'silent',
      metafile: true,
      minify,
      outdir: 'out',
      target: BROWSERS,
      tsconfigRaw: { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'preact', useDefineForClassFields: true } },
      write: false,
    });
    const ending = isStyle ? '.css' : '.js';
    const inputs = Object.keys(result.metafile.inputs);
    const extra = result.outputFiles.filter((output) => !output.path.endsWith(ending));
    if (extra.length > 0) return { errors: [`${file}: it imports a style sheet from a script; name it in the HTML`], inputs };
    return { bytes: result.outputFiles[0].text, inputs, warnings: result.warnings.map(told) };
  } catch (error) {
    return { errors: (error.errors ?? [{ text: error.message }]).map(told) };
  }
}

function told({ location, text }) {
  return location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text;
}
