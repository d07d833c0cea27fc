// The checks, by what they look at.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { compile } from '../h5/compiler/compile.mjs';
import { checkRules } from './rules.mjs';
import { checkSchemas } from './schemas.mjs';
import { checkButtons } from './buttons.mjs';
import { checkSizes } from './sizes.mjs';
import { checkSheets } from './sheets.mjs';
import { checkTypes, instanceFields } from './types.mjs';

/** Findings of a mini-program in `folder`, with places as seen from `root`. */
export async function lintMiniProgram(root, folder) {
  if (!existsSync(path.join(folder, 'app.json'))) return [];
  const { findings } = await compile({ folder, minify: false });
  const below = path.relative(root, folder).split(path.sep).join('/');
  const place = (finding) => `${below}/${finding}`;
  const [types, rules, schemas] = await Promise.all([
    checkTypes(root, miniProgramTypes(root, folder), instanceFields(folder)),
    checkRules(root, [folder]),
    checkSchemas(root, folder),
  ]);
  return [
    ...[...findings.errors, ...findings.warnings, ...schemas, ...checkSheets(folder), ...checkButtons(folder), ...checkSizes(folder)].map(place),
    ...types,
    ...rules,
  ];
}

export async function lintConsole(root) {
  if (!existsSync(path.join(root, 'console/main.tsx'))) return [];
  return checkTypes(root, { extends: path.join(root, 'tsconfig.json') });
}

/** The compiler, the runtime and the scripts around them. */
export async function lintTools(root) {
  const patterns = ['web/*.mjs', 'web/{build,h5,tests,unit}', 'web/lint/*.mjs', 'start', 'scripts/browser'];
  return checkRules(root, patterns);
}

/** WeChat's own types, and every `any` said aloud. */
function miniProgramTypes(root, folder) {
  return {
    compilerOptions: {
      allowJs: true,
      checkJs: true,
      lib: ['es2021'],
      module: 'commonjs',
      moduleResolution: 'bundler',
      noEmit: true,
      noUnusedLocals: true,
      skipLibCheck: true,
      strict: true,
      // Data begins as null and becomes something; JSDoc for each would say less than the code.
      strictNullChecks: false,
      target: 'es2021',
      typeRoots: [path.join(root, 'node_modules')],
      types: ['miniprogram-api-typings'],
      useUnknownInCatchVariables: false,
    },
    include: [path.join(folder, '**/*.js')],
  };
}
