// The TypeScript compiler's findings.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf } from './sheet.mjs';

/** `this.timer = …`, but not `this.timer.x = …` and `this.timer === …`. */
const ASSIGNED = /\bthis\.(?!data\b)([A-Za-z_$][\w$]*)\s*=(?!=)/g;
/** Without strict nulls a `null` is an `any`, and these are told of it. */
const FOLLOWS_FROM_NULL = new Set(['TS7011', 'TS7018', 'TS7023']);
const FINDING = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/;

/** Runs tsc with these settings and declarations; places are seen from `root`. */
export async function checkTypes(root, settings, declarations = '') {
  // The settings lie inside the repository, where the packages of types are found from.
  const folder = mkdtempSync(path.join(root, 'node_modules/.yueke-lint-'));
  try {
    const extra = path.join(folder, 'declarations.d.ts');
    writeFileSync(extra, declarations);
    const files = settings.extends ? {} : { files: [extra] };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ ...settings, ...files }));
    const text = await run(root, [path.join(root, 'node_modules/typescript/bin/tsc'), '--project', folder, '--pretty', 'false', '--noEmit']);
    return text.split('\n').filter(Boolean).reduce((lines, line) => {
      const [, file, row, column, code, message] = FINDING.exec(line) ?? [];
      if (FOLLOWS_FROM_NULL.has(code)) return lines;
      if (file) return [...lines, `${path.relative(root, path.resolve(root, file))}:${row}:${column}: ${message} (${code})`];
      // What is indented goes on with the line before; anything else is a fault of the settings.
      if (/^\s/.test(line) && lines.length > 0) return [...lines.slice(0, -1), `${lines.at(-1)} ${line.trim()}`];
      return [...lines, `tsconfig.json: ${line}`];
    }, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Pages and components keep what is no data in fields of `this`, which WeChat's types do not know.
 * Those that are assigned somewhere are declared; a misspelt one still is unknown.
 */
export function instanceFields(folder) {
  const texts = filesOf(folder, '.js').map((file) => readFileSync(path.join(folder, file), 'utf8'));
  const names = new Set(texts.flatMap((text) => [...text.matchAll(ASSIGNED)].map(([, name]) => name)));
  const fields = [...names].sort().map((name) => `    ${name}: any`).join('\n');
  return ['Page', 'Component'].map((kind) => `declare namespace WechatMiniprogram.${kind} {\n  interface InstanceProperties {\n${fields}\n  }\n}\n`).join('');
}

function run(cwd, args) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else if (error && stdout === '') reject(new Error(stderr));
      else resolve(stdout);
    });
  });
}
