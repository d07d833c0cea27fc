// The phone of the WeChat sandbox as somebody with a browser meets it: Chromium, the real binary.
//
//   cargo build && npm ci --prefix scripts/browser && node --test scripts/browser/phone.mjs
//
// The tests run in order, on a sandbox that is served alone. Screenshots go to YUEKE_TEST_FOLDER.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, lowContrast, openPage } from './browser.mjs';
import { binary } from './server.mjs';

const folder = process.env.YUEKE_TEST_FOLDER ?? mkdtempSync(path.join(os.tmpdir(), 'yueke-phone-'));
mkdirSync(folder, { recursive: true });
const WAIT_MS = 15_000;
const PHONE = { viewport: { width: 360, height: 720 } };
let child;
let base;
/** The template of a freed seat, as the sandbox prints it. */
let freed;
let browser;
let page;
let seen;

const ask = async (method, route, body) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${base}${route}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
};
const of = (person) => `/phone/${encodeURIComponent(person)}`;
const openidOf = async (person) => (await ask('POST', `${of(person)}/login-code`, {})).openid;

async function send(person, course) {
  const credentials = { grant_type: 'client_credential', appid: 'wx0000000000000000', secret: 'sandbox' };
  const { access_token: token } = await ask('POST', '/cgi-bin/stable_token', credentials);
  const data = { thing1: { value: course }, time2: { value: '2026-11-25 19:00~21:00' }, time3: { value: '19:45' }, thing4: { value: '15 分钟内确认' } };
  const message = { touser: await openidOf(person), template_id: freed, page: 'pages/offer/index?entry=01&a=b', data };
  return (await ask('POST', `/cgi-bin/message/subscribe/send?access_token=${token}`, message)).errcode;
}

/** Nothing was refused by the browser, all can be read, and nothing is wider than the screen. */
async function isWell(on, faults, name) {
  await on.screenshot({ path: path.join(folder, `${name}.png`) });
  assert.deepEqual(faults, [], name);
  assert.deepEqual(await lowContrast(on), [], name);
  assert.equal(await on.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is too wide`);
}

before(async () => {
  child = spawn(binary(), ['wechat-sandbox', '--listen', '127.0.0.1:0'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  let told = '';
  child.stdout.setEncoding('utf8');
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    told += text;
    base = /phone +(http:\/\/[\d.:]+)\/\n/.exec(told)?.[1];
    freed = /\[templates\.seat_offered\]\nid = "([\w-]+)"\n/.exec(told)?.[1];
    if (freed) break;
  }
  assert.ok(base && freed, told);
  browser = await launch();
  ({ page, seen } = await openPage(browser, base));
  page.setDefaultTimeout(WAIT_MS);
});

after(async () => {
  await browser?.close();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  assert.equal(await gone, 0, 'ends by itself');
});

test('an empty desk says what to do, and a phone can be added', async () => {
  await page.goto(`${base}/`);
  await page.locator('#nobody').waitFor();
  assert.equal(await page.locator('.home').filter({ visible: true }).count(), 0, 'served alone there is nowhere to go back to');
  await isWell(page, seen.faults, 'phone-empty');
  await page.fill('#add-name', '小明');
  await page.press('#add-name', 'Enter');
  await page.locator('#phone-title', { hasText: '小明' }).waitFor();
  assert.match(await page.locator('#chat').textContent(), /还没有消息/);
});

test('a message arrives by itself where there is a consent, newest first', async () => {
  assert.equal(await send('小明', '书法'), 43101);
  await page.click('#consent');
  await page.locator('#grants', { hasText: '候补名额通知 ×1' }).waitFor();
  await page.click('#consent');
  await page.locator('#grants', { hasText: '候补名额通知 ×2' }).waitFor();
  assert.equal(await send('小明', '书法'), 0);
  assert.equal(await send('小明', '国画'), 0);
  await page.locator('.notice').nth(1).waitFor();
  assert.match(await page.locator('.notice').first().textContent(), /候补名额通知.*课程国画/);
  assert.equal(await page.locator('.person .unread').textContent(), '2');
  await isWell(page, seen.faults, 'phone-light');
  await page.locator('.person .unread').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.notice__new').count(), 0, 'read after a while');
});

test('a tap leads to the mini-program with person and page', async () => {
  await page.locator('.notice__open').first().click();
  await page.waitForURL(/wx_page/);
  const to = new URL(page.url()).searchParams;
  assert.deepEqual([to.get('wx_person'), to.get('wx_page')], ['小明', 'pages/offer/index?entry=01&a=b']);
  assert.match(await page.locator('#opened').textContent(), /pages\/offer\/index/);
});

test('what goes wrong is chosen on the panel, and what was chosen elsewhere shows', async () => {
  await page.selectOption('[name=busy_rate]', '1');
  await page.locator('#panel-state').waitFor();
  assert.equal(await send('小明', '书法'), -1);
  await page.locator('#counts-rows', { hasText: '-1 ×1' }).waitFor();
  await ask('PUT', '/control', { busy_rate: 0, latency_ms: 700, auto_accept: true });
  await page.waitForFunction(() => document.querySelector('[name=latency_ms]').value === '700');
  assert.equal(await page.locator('[name=auto_accept]').isChecked(), true);
  await ask('PUT', '/control', { latency_ms: 0 });
  await page.locator('#panel-state').waitFor({ state: 'hidden' });
  assert.equal(await send('小明', '无需同意'), 0);
});

test('dark, narrow and English', async () => {
  await send('student:amy', 'Calligraphy');
  for (const [name, options, hash] of [
    ['dark', { colorScheme: 'dark' }, of('小明')],
    ['dark-english', { colorScheme: 'dark', locale: 'en-GB' }, of('student:amy')],
    ['narrow', PHONE, of('小明')],
    ['narrow-list', PHONE, ''],
    ['narrow-dark', { ...PHONE, colorScheme: 'dark', locale: 'en-GB' }, of('student:amy')],
  ]) {
    const view = await openPage(browser, base, options);
    await view.page.goto(`${base}/${hash && `#person=${hash.slice('/phone/'.length)}`}`);
    await view.page.locator(hash ? '.notice' : '.person').first().waitFor();
    await isWell(view.page, view.seen.faults, `phone-${name}`);
    await view.context.close();
  }
});

test('on a narrow screen one goes to a phone and back, and an error is told', async () => {
  const { page: narrow, seen: { faults }, context } = await openPage(browser, base, { ...PHONE, locale: 'en-GB' });
  await narrow.goto(`${base}/`);
  await narrow.locator('.person', { hasText: 'amy · student' }).click();
  await narrow.locator('.notice').first().waitFor();
  assert.equal(await narrow.locator('.list').isVisible(), false);
  await narrow.click('#back');
  await narrow.locator('.list').waitFor();
  assert.deepEqual(faults, []);
  await narrow.fill('#add-name', 'a/b');
  await narrow.press('#add-name', 'Enter');
  await narrow.locator('#lost', { hasText: 'That failed' }).waitFor();
  await context.close();
});
