// Pictures and other files of the package that WXML names: copied under names that tell their content.

import path from 'node:path';
import { hashed } from '../../build/hash.mjs';

const CODE = /\.(js|wxml|wxss|wxs|json|md|d\.ts)$/;

/** @returns {{ names: Record<string, string>, files: Map<string, Uint8Array> }} */
export function collectAssets(source) {
  const names = {};
  const files = new Map();
  for (const file of source.files) {
    if (CODE.test(file)) continue;
    const bytes = source.bytes(file);
    const name = `assets/${hashed(path.posix.basename(file), bytes)}`;
    names[file] = name;
    files.set(name, bytes);
  }
  return { names, files };
}
