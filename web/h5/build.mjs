// The mini-program's area of what browsers are served: a page, a script, a sheet and its pictures.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashed } from '../build/hash.mjs';
import { compile } from './compiler/compile.mjs';

const PAGE = fileURLToPath(new URL('index.html', import.meta.url));
/** The host in the source stands for whatever server this page comes from. */
const HOSTS = { 'https://yueke.example.com': 'self' };

/**
 * @param {string} root the repository's
 * @param {{ from?: string, minify?: boolean }} options `from` is the mini-program's folder in it
 * @returns {Promise<import('../build/area.mjs').Area>}
 */
export async function buildMiniProgram(root, { from = 'miniprogram', minify = true } = {}) {
  const folder = path.join(root, from);
  if (!existsSync(path.join(folder, 'app.json'))) return { skipped: `${from}/app.json` };
  const { js, css, assets, findings, inputs } = await compile({ folder, hosts: HOSTS, minify });
  const place = (finding) => `${from}/${finding}`;
  const told = { errors: findings.errors.map(place), warnings: findings.warnings.map(place) };
  if (told.errors.length > 0) return { ...told, files: new Map(), inputs: [] };
  const script = hashed('app.js', js);
  const sheet = hashed('app.css', css);
  const page = readFileSync(PAGE, 'utf8').replace('"app.js"', `"${script}"`).replace('"app.css"', `"${sheet}"`);
  return { ...told, inputs, files: new Map([['index.html', page], [script, js], [sheet, css], ...assets]) };
}
