// app.json, page json and the rest against WeChat's own schemas, which are inside its package
// miniprogram-ci. That has hundreds of dependencies, so only its archive is fetched and looked into.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { findComponents } from '../h5/compiler/components.mjs';
import { Findings } from '../h5/compiler/findings.mjs';
import { Source } from '../h5/compiler/source.mjs';

const VERSION = '2.1.42';
const SHA512 = '1ff6ead16a3a90c6f0cdc38ce2389848cb90524343e74fb37b263c12426e6354d06228e42db16634afc216c149b0981572f5d9f78c27f03a39d1848efd1bfaff';
/** Keys that devices know and the schemas of this version do not. */
const KNOWN = { app: ['glassEaselWebview'], page: [], sitemap: [], theme: [], projectconfig: [] };

const run = promisify(execFile);

/** @returns {Promise<string[]>} findings with places as seen from the folder */
export async function checkSchemas(root, folder) {
  const schemas = await schemasIn(root);
  const source = new Source(folder, new Findings());
  const app = source.json('app.json') ?? {};
  const check = (kind, file) => (source.has(file) ? checkFile(schemas, kind, file, source) : []);
  const components = Object.keys(findComponents(source, app));
  return [
    ...check('app', 'app.json'),
    ...check('sitemap', app.sitemapLocation ?? 'sitemap.json'),
    ...check('theme', app.themeLocation ?? 'theme.json'),
    ...check('projectconfig', 'project.config.json'),
    ...components.flatMap((name) => check('page', `${name}.json`)),
  ];
}

function checkFile(schemas, kind, file, source) {
  const schema = schemas(kind);
  const validate = new Ajv({ allErrors: true, strict: false, logger: false, validateFormats: false }).compile(schema);
  const value = source.json(file);
  const text = source.text(file);
  validate(value);
  const wrong = (validate.errors ?? [])
    // Unknown keys of the file itself are told below, also where the schema lets them pass.
    .filter(({ keyword, instancePath }) => keyword !== 'anyOf' && keyword !== 'if' && (keyword !== 'additionalProperties' || instancePath !== ''))
    .map(({ instancePath, message, params }) => `${file}:${lineOf(text, instancePath)}: ${instancePath.slice(1) || kind} ${message}${said(params)}`);
  const unknown = Object.keys(value)
    .filter((key) => !(key in (schema.properties ?? {})) && !KNOWN[kind].includes(key))
    .map((key) => `${file}:${lineOf(text, `/${key}`)}: WeChat knows no "${key}" here`);
  return [...wrong, ...unknown];
}

/** The line of the last named key on the way to a value. */
function lineOf(text, pointer) {
  let at = 0;
  for (const key of pointer.split('/').filter(Boolean)) {
    const next = text.indexOf(`"${key}"`, at);
    if (next >= 0) at = next;
  }
  return text.slice(0, at).split('\n').length;
}

function said({ allowedValues, additionalProperty }) {
  if (allowedValues) return `: ${allowedValues.join(', ')}`;
  return additionalProperty ? `: ${additionalProperty}` : '';
}

/** Loads a schema by its name, from the archive that was fetched once. */
async function schemasIn(root) {
  const place = path.join(root, 'target', `wechat-schemas-${VERSION}`);
  if (!existsSync(place)) await fetchSchemas(root, place);
  const require = createRequire(path.join(place, 'package/dist/schema/dist/'));
  return (kind) => require(`./${kind}.js`);
}

async function fetchSchemas(root, place) {
  mkdirSync(path.dirname(place), { recursive: true });
  const folder = mkdtempSync(`${place}-`);
  try {
    await run('npm', ['pack', `miniprogram-ci@${VERSION}`, '--pack-destination', folder, '--silent'], { cwd: root });
    const archive = path.join(folder, `miniprogram-ci-${VERSION}.tgz`);
    const sum = createHash('sha512').update(readFileSync(archive)).digest('hex');
    if (sum !== SHA512) throw new Error(`${archive} is not the file that was meant`);
    await run('tar', ['-xzf', archive, '-C', folder, 'package/package.json', 'package/dist/schema']);
    rmSync(archive);
    // Two lints at once fetch twice, and one of them wins.
    if (!existsSync(place)) renameSync(folder, place);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
