// The licences of what is bundled, which go with every copy of it.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const PACKAGE = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/;

/** One text with each package that any of the inputs is of, in the order of their names. */
export function licences(root, inputs) {
  const names = [...new Set(inputs.map((input) => PACKAGE.exec(input)?.[1]).filter(Boolean))].sort();
  const parts = names.map((name) => {
    const folder = path.join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).filter((entry) => /^(licen[cs]e|copying)/i.test(entry)).sort()[0];
    const text = file && existsSync(path.join(folder, file)) ? readFileSync(path.join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim() : `Licence: ${license}`;
    return `${name} ${version}\n\n${text}\n`;
  });
  return `Parts of these files are of the packages below.\n\n${parts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}
