// The build: the same bytes everywhere, hashed names, faults with their places, and what --check says.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildMiniProgram } from '../../h5/build.mjs';
import { compile } from '../../h5/compiler/compile.mjs';
import { hashed } from '../hash.mjs';
import { licences } from '../licences.mjs';
import { differences, write } from '../output.mjs';
import { buildPages } from '../page-area.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FIXTURE = 'web/h5/tests/fixture';
const folder = mkdtempSync(path.join(os.tmpdir(), 'yueke-build-'));

after(() => rmSync(folder, { recursive: true }));

/** A folder with these files, in which packages are found. */
function project(name, files) {
  const root = path.join(folder, name);
  mkdirSync(root);
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

const PAGE = '<link rel="icon" href="icon.svg">\n<link rel="stylesheet" href="/x/style.css">\n<script type="module" src="/x/main.tsx"></script>\n<a href="/api/v1/docs/">docs</a>';
const AREA = { name: 'x', entry: 'main.tsx', pages: ['index.html'], base: '/x/' };

test('the same source in another place gives the same bytes', async () => {
  const elsewhere = path.join(folder, 'elsewhere');
  cpSync(path.join(ROOT, FIXTURE), path.join(elsewhere, 'some/where'), { recursive: true });
  const here = await buildMiniProgram(ROOT, { from: FIXTURE });
  const there = await buildMiniProgram(elsewhere, { from: 'some/where' });
  assert.deepEqual([...here.files.keys()], [...there.files.keys()]);
  for (const [name, content] of here.files) assert.ok(Buffer.from(content).equals(Buffer.from(there.files.get(name))), name);
});

test('the page names its files by their content, and nothing in them is evaluated', async () => {
  const { files } = await buildMiniProgram(ROOT, { from: FIXTURE });
  const page = files.get('index.html');
  for (const name of [...files.keys()].filter((file) => /^app\./.test(file))) {
    assert.match(name, /^app\.[0-9a-f]{10}\.(js|css)$/);
    assert.ok(page.includes(`"${name}"`));
    assert.equal(hashed(name.replace(/\.[0-9a-f]{10}/, ''), files.get(name)), name);
  }
  assert.ok([...files.keys()].some((name) => /^assets\/dot\.[0-9a-f]{10}\.svg$/.test(name)));
  const script = [...files].find(([name]) => name.endsWith('.js'))[1];
  assert.doesNotMatch(script, /\beval\(|new Function\(/);
  assert.ok(!script.includes(ROOT), 'a path of this machine is in the script');
  assert.doesNotMatch(page, /<script>|<style|style=/);
});

test('a page area is bundled, its files get hashed names, other addresses stay', async () => {
  const root = project('pages', {
    'x/index.html': PAGE,
    'x/icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'x/style.css': 'body { color: red }',
    'x/main.tsx': 'import { render } from "preact"; render(<b>{1 as number}</b>, document.body);',
  });
  const { files, errors, inputs } = await buildPages(root, AREA);
  assert.deepEqual(errors, []);
  assert.match(files.get('index.html'), /href="\/x\/icon\.[0-9a-f]{10}\.svg"[^]*href="\/x\/style\.[0-9a-f]{10}\.css"[^]*src="\/x\/main\.[0-9a-f]{10}\.js"[^]*href="\/api\/v1\/docs\/"/);
  assert.match(licences(ROOT, inputs), /^preact \d+\.\d+\.\d+$/m);
});

test('faults have their place', async () => {
  const root = project('faulty', { 'x/index.html': PAGE, 'x/icon.svg': '', 'x/main.tsx': '\nconst a = ;' });
  const { errors } = await buildPages(root, AREA);
  assert.deepEqual(errors, [
    'x/index.html:2: it names /x/style.css, which is not there',
    'x/main.tsx:2:11: Unexpected ";"',
  ]);
  assert.deepEqual(await buildPages(root, { ...AREA, name: 'none' }), { skipped: 'none/main.tsx' });
});

const BROKEN = {
  'app.json': '{ "pages": ["a"] }',
  'a.json': '{ "usingComponents": {} }',
  'a.js': 'Page({\n  data: {,\n})',
  'a.wxml': '<view>\n<text></view>',
  'a.wxss': '.a { color: red;\n.b }',
};
const PLACES = { 'a.js': /^a\.js:2:10: /, 'a.wxml': /^a\.wxml:\d+:\d+: /, 'a.wxss': /^a\.wxss:\d+:\d+: / };

test('faults of a mini-program have their place, all of them at once', async () => {
  const root = project('broken', BROKEN);
  const { findings } = await compile({ folder: root });
  for (const place of Object.values(PLACES)) assert.ok(findings.errors.some((error) => place.test(error)), `${place} in\n${findings.errors.join('\n')}`);
});

test('what is written is found to be so; a change, an addition and a loss are told', () => {
  const built = path.join(folder, 'built');
  const files = new Map([['index.html', 'a'], ['sub/b.js', 'b']]);
  write(built, 'x', files);
  assert.deepEqual(differences(built, 'x', files), []);
  writeFileSync(path.join(built, 'x/index.html'), 'changed');
  writeFileSync(path.join(built, 'x/more.js'), '');
  rmSync(path.join(built, 'x/sub/b.js'));
  assert.deepEqual(differences(built, 'x', files), [
    'web/built/x/index.html differs',
    'web/built/x/more.js is not of this build',
    'web/built/x/sub/b.js is missing',
  ]);
  write(built, 'x', files);
  assert.deepEqual(differences(built, 'x', files), []);
  assert.equal(readFileSync(path.join(built, 'x/index.html'), 'utf8'), 'a');
});
