// .ts and .tsx by esbuild, as the build has them; pictures and style sheets are empty.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const SCRIPT = /\.(tsx?)$/;
const EMPTY = /\.(css|svg|png)$/;

export async function load(url, context, next) {
  if (EMPTY.test(url)) return { format: 'module', shortCircuit: true, source: 'export default "";' };
  const [, loader] = SCRIPT.exec(url) ?? [];
  if (!loader) return next(url, context);
  const source = await readFile(fileURLToPath(url), 'utf8');
  const { code } = await transform(source, {
    format: 'esm', jsx: 'automatic', jsxImportSource: 'preact', loader, sourcefile: fileURLToPath(url), sourcemap: 'inline', target: 'node20',
  });
  return { format: 'module', shortCircuit: true, source: code };
}
