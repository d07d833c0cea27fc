// WeChat's limits for packages; the main one is also what people wait for when they open the program.

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { packagesOf } from '../h5/compiler/components.mjs';
import { filesOf } from './sheet.mjs';

const MEGABYTE = 1024 * 1024;
const MAIN_MAX = 1 * MEGABYTE;
const PACKAGE_MAX = 2 * MEGABYTE;
const ALL_MAX = 30 * MEGABYTE;
const IMAGE_MAX = 200 * 1024;
const IMAGE = /\.(png|jpe?g|gif|webp|svg)$/;

/** @returns {string[]} findings with places as seen from the folder */
export function checkSizes(folder, limits = { main: MAIN_MAX, each: PACKAGE_MAX, all: ALL_MAX, image: IMAGE_MAX }) {
  const roots = rootsOf(folder);
  const sizes = new Map([['main', 0]]);
  const found = [];
  for (const file of filesOf(folder, '')) {
    const { size } = fileAt(folder, file);
    if (size === null) continue;
    const owner = roots.find((root) => file.startsWith(`${root}/`)) ?? 'main';
    sizes.set(owner, (sizes.get(owner) ?? 0) + size);
    if (IMAGE.test(file) && size > limits.image) found.push(`${file}:1: a picture of ${kilobytes(size)}; at most ${kilobytes(limits.image)}`);
  }
  for (const [owner, size] of sizes) {
    const most = owner === 'main' ? limits.main : limits.each;
    if (size > most) found.push(`app.json:1: package ${owner} has ${kilobytes(size)}; at most ${kilobytes(most)}`);
  }
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (all > limits.all) found.push(`app.json:1: all packages have ${kilobytes(all)}; at most ${kilobytes(limits.all)}`);
  return found;
}

function rootsOf(folder) {
  try {
    return packagesOf(JSON.parse(readFileSync(path.join(folder, 'app.json'), 'utf8'))).map(({ root }) => root.replace(/\/$/, ''));
  } catch {
    return [];
  }
}

function fileAt(folder, file) {
  const found = statSync(path.join(folder, file));
  return { size: found.isFile() ? found.size : null };
}

function kilobytes(size) {
  return `${Math.ceil(size / 1024)} KB`;
}
