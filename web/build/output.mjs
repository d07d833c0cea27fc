// The files of web/built: written, or compared with what is there.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Makes the folder `area` contain exactly these files; unchanged ones are not touched. */
export function write(built, area, files) {
  const folder = path.join(built, area);
  for (const stale of filesIn(folder)) {
    if (!files.has(stale)) rmSync(path.join(folder, stale));
  }
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    if (isSame(file, content)) continue;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** What differs, in words; nothing when the folder contains exactly these files. */
export function differences(built, area, files) {
  const folder = path.join(built, area);
  const extra = filesIn(folder).filter((name) => !files.has(name)).map((name) => `web/built/${area}/${name} is not of this build`);
  const other = [...files].filter(([name, content]) => !isSame(path.join(folder, name), content)).map(([name]) => {
    const file = path.join(folder, name);
    return `web/built/${area}/${name} ${existsSync(file) ? 'differs' : 'is missing'}`;
  });
  return [...extra, ...other].sort();
}

export function isSame(file, content) {
  return existsSync(file) && readFileSync(file).equals(Buffer.from(content));
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}
