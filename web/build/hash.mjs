// Names that tell the content, so that a browser may keep a file for ever.

import { createHash } from 'node:crypto';
import path from 'node:path';

const DIGITS = 10;

/** `app.js` with these bytes → `app.0123456789.js`. */
export function hashed(name, bytes) {
  const { name: stem, ext } = path.posix.parse(name);
  return `${stem}.${createHash('sha256').update(bytes).digest('hex').slice(0, DIGITS)}${ext}`;
}
