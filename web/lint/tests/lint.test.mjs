// A program with a fault of every kind: each must be found, at its place.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lintMiniProgram } from '../all.mjs';
import { checkSizes } from '../sizes.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FIXTURE = path.join(ROOT, 'web/lint/tests/fixture');
const found = (await lintMiniProgram(ROOT, FIXTURE)).map((line) => line.replace('web/lint/tests/fixture/', ''));

const PLANTED = {
  'a page that is not there': /^pages\/absent\/absent\.js: this file is missing/,
  'a component that is not there': /^pages\/wrong\/wrong\.json:1: usingComponents\.x-none/,
  'a file in url()': /^app\.wxss:1: url\(\.\/images\/none\.png\)/,
  'a value that WeChat does not know': /^app\.json:3: window\/navigationBarTextStyle/,
  'a key that WeChat does not know': /^app\.json:4: WeChat knows no "pagess"/,
  'a sitemap with an unknown action': /^sitemap\.json:1: rules\/0\/action/,
  'a title that is no text': /^pages\/wrong\/wrong\.json:2: navigationBarTitleText must be string/,
  'the window of a browser': /^app\.js:3:5: .*'window'.*no such thing on a device/,
  'a line to the console': /^app\.js:4:5: .*\(no-console\)/,
  'fetch': /^app\.js:5:5: .*'fetch'/,
  'a variable that nobody reads': /^pages\/wrong\/wrong\.js:6:11: .*\(no-unused-vars\)/,
  'a wrong argument': /^pages\/wrong\/wrong\.js:7:33: .*\(TS2345\)/,
  'a method that is not there': /^pages\/wrong\/wrong\.js:8:10: .*'misspelt'.*\(TS2339\)/,
  'a function that wx does not have': /^pages\/wrong\/wrong\.js:9:8: .*\(TS2551\)/,
  'a loop without a key': /^pages\/wrong\/wrong\.wxml:1:\d+: .*\(wxml\/wx-key\)/,
  'a text for a boolean': /^pages\/wrong\/wrong\.wxml:2:\d+: .*\(wxml\/no-unexpected-string-bool\)/,
  'let in WXS': /^pages\/wrong\/wrong\.wxml:3:\d+: .*\(wxml\/no-const-and-let-in-wxs\)/,
  'two classes': /^pages\/wrong\/wrong\.wxml:4:\d+: .*\(wxml\/no-duplicate-attributes\)/,
  'new JavaScript in a .wxs file': /^utils\/modern\.wxs:1:\d+: .*\(syntax\)/,
  'an id in a component\'s sheet': /^components\/box\/box\.wxss:1: "#inner" selects by id/,
  'a tag in a component\'s sheet': /^components\/box\/box\.wxss:1: "view \.box" selects by tag/,
  'a width that WeChat\'s own sheet takes from a button': /^app\.wxss:2: "\.b" gives a button its width/,
  'an attribute in a component\'s sheet': /^components\/box\/box\.wxss:1: "\.box\[role\]" selects by attribute/,
};

for (const [fault, line] of Object.entries(PLANTED)) {
  test(`it is found: ${fault}`, () => {
    assert.ok(found.some((finding) => line.test(finding)), found.join('\n'));
  });
}

test('nothing is found where nothing is wrong', async () => {
  assert.deepEqual(found.filter((line) => line.includes('aria-hidden') || line.startsWith('utils/numbers.js')), []);
  assert.deepEqual(await lintMiniProgram(ROOT, path.join(ROOT, 'web/h5/tests/fixture')), []);
});

test('packages that are too large are told, each by its name', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'yueke-sizes-'));
  try {
    mkdirSync(path.join(folder, 'sub'));
    writeFileSync(path.join(folder, 'app.json'), '{"pages":[],"subPackages":[{"root":"sub/","pages":[]}]}');
    writeFileSync(path.join(folder, 'sub/large.js'), 'x'.repeat(3000));
    writeFileSync(path.join(folder, 'main.js'), 'x'.repeat(1000));
    writeFileSync(path.join(folder, 'picture.png'), 'x'.repeat(1500));
    const limits = { main: 2000, each: 2000, all: 5000, image: 1024 };
    assert.deepEqual(checkSizes(folder, limits), [
      'picture.png:1: a picture of 2 KB; at most 1 KB',
      'app.json:1: package main has 3 KB; at most 2 KB',
      'app.json:1: package sub has 3 KB; at most 2 KB',
      'app.json:1: all packages have 6 KB; at most 5 KB',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
