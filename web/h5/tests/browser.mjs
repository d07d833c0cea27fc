// The fixture's program in Chromium: layout, touches, keys, history, and what axe says of the chrome.
//
//   node --test web/h5/tests/browser.mjs
//
// Screenshots go to YUEKE_TEST_FOLDER, or to a folder in the system's temporary one, named at the end.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, openPage } from '../../../scripts/browser/browser.mjs';
import { inAnyScope } from '../../unit/selectors.mjs';
import { serve } from '../../unit/static-server.mjs';
import { buildMiniProgram } from '../build.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { viewport: { width: 375, height: 720 }, hasTouch: true, isMobile: true };
const WAIT_MS = 10_000;
const folder = process.env.YUEKE_TEST_FOLDER ?? mkdtempSync(path.join(os.tmpdir(), 'yueke-h5-'));
let server;
let browser;

before(async () => {
  mkdirSync(folder, { recursive: true });
  const area = await buildMiniProgram(ROOT, { from: 'web/h5/tests/fixture' });
  assert.deepEqual(area.errors, []);
  const frame = (name) => `<iframe name="${name}" title="${name}" width="375" height="640" src="/m/?person=${name}"></iframe>`;
  const frames = `<!doctype html><title>two</title><link rel="icon" href="data:,">${frame('a')}${frame('b')}`;
  server = await serve({ '/m/': area.files, '/two/': new Map([['index.html', frames]]) });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  console.log(`# screenshots: ${folder}`);
});

/** Runs `visit` on a page of the program and then looks at what went wrong meanwhile. */
function visit(name, at, run, options = PHONE) {
  test(name, async () => {
    const { page, seen, context } = await openPage(browser, server.base, options);
    page.setDefaultTimeout(WAIT_MS);
    try {
      await page.goto(`${server.base}/m/${at ? `#${at}` : ''}`);
      await page.locator('wx-page').first().waitFor();
      await run(page);
      assert.deepEqual(await page.evaluate(() => __mp.problems), []);
      assert.deepEqual(seen.faults, []);
    } catch (error) {
      await page.screenshot({ path: path.join(folder, `failed ${name}.png`) });
      throw error;
    } finally {
      await context.close();
    }
  });
}

const shoot = (page, name) => page.screenshot({ path: path.join(folder, `h5 ${name}.png`) });
const heard = (page, name) => page.evaluate((key) => __mp.router.current.caller.heard[key], name);
const route = (page) => page.evaluate(() => __mp.router.current.path);
const style = (locator, property) => locator.evaluate((element, name) => getComputedStyle(element)[name], property);
const until = (page, condition, argument) => page.waitForFunction(condition, argument, { polling: 30 });

/** What axe finds serious in the page as it is. */
async function seriousFindings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

visit('styles: rpx, vw, scopes, imports, keyframes, external classes', '', async (page) => {
  const words = page.locator('.wxs');
  assert.equal(await style(words, 'fontSize'), '20px');
  assert.equal(await style(words, 'marginTop'), '15px');
  assert.equal(await style(page.locator('.condition'), 'color'), 'rgb(0, 0, 255)');
  const badge = page.locator('x-badge > wx-view');
  assert.equal(await style(badge, 'color'), 'rgb(255, 0, 0)');
  assert.equal(await style(badge, 'paddingLeft'), '10px');
  const wide = page.locator('.wide');
  assert.equal(await style(wide, 'width'), '187.5px');
  assert.equal(Math.round(parseFloat(await style(wide, 'height')) * 10), 720 - 44);
  assert.equal(await style(wide, 'marginLeft'), '10px');
  assert.equal(await style(wide, 'animationName'), 'pages-home-home-fade');
  await page.evaluate(() => __mp.wx.switchTab({ url: '/pages/second/second' }));
  assert.equal(await style(page.locator('h5-frame:not([hidden]) .only-home'), 'paddingLeft'), '0px');
});

visit('a touch is one tap; a long press is none', '', async (page) => {
  await page.locator('.caught').tap();
  assert.deepEqual(await page.evaluate(() => __mp.router.current.caller.heard), ['inner']);
  const { x, y } = await page.locator('.pressed').boundingBox();
  await page.mouse.move(x + 5, y + 5);
  await page.mouse.down();
  await until(page, () => __mp.router.current.caller.heard.includes('long'));
  await page.mouse.up();
  assert.deepEqual(await page.evaluate(() => __mp.router.current.caller.heard), ['inner', 'long']);
});

visit('pages: forth, back by the bar, the browser and a reload', '', async (page) => {
  await page.locator('.link').tap();
  assert.equal(await page.locator('.leaf').innerText(), '1 你');
  assert.equal(await page.title(), '样例');
  await page.goBack();
  await until(page, () => __mp.router.current.path === 'pages/home/home');
  await page.locator('.link').tap();
  await page.reload();
  assert.equal(await page.locator('.leaf').innerText(), '1 你');
  await page.getByRole('button', { name: '回到首页' }).tap();
  assert.equal(await route(page), 'pages/home/home');
  await page.locator('.link').tap();
  await page.getByRole('button', { name: '返回' }).tap();
  await until(page, () => location.hash === '#/pages/home/home');
  assert.equal(await page.evaluate(() => __mp.router.stack.length), 1);
});

visit('tab pages live on, with the place that they were scrolled to', '', async (page) => {
  await page.locator('h5-frame:not([hidden])').getByRole('button', { name: '第二页' }).tap();
  await page.evaluate(() => __mp.wx.pageScrollTo({ scrollTop: 200, duration: 0 }));
  await page.locator('h5-frame:not([hidden])').getByRole('button', { name: '首页' }).tap();
  await page.locator('h5-frame:not([hidden])').getByRole('button', { name: '第二页' }).tap();
  assert.equal(await page.locator('h5-frame:not([hidden]) > wx-page').evaluate((element) => element.scrollTop), 200);
  assert.match(await page.locator('h5-frame:not([hidden]) .only-home').innerText(), /loaded 1 time/);
  await shoot(page, 'tabs');
});

visit('fields, pickers and the form', '/pages/fields/fields', async (page) => {
  await page.getByRole('textbox', { name: '姓名' }).pressSequentially('abcdefg');
  assert.equal(await page.getByRole('textbox', { name: '姓名' }).inputValue(), 'ABCDE');
  assert.equal(await heard(page, 'input'), 5);
  await page.getByRole('textbox', { name: '备注' }).fill('一行\n两行');
  await page.getByRole('checkbox', { name: '一' }).tap();
  await page.getByRole('radio', { name: 'r2' }).tap();
  await page.getByRole('switch').tap();
  await page.locator('.single').tap();
  await shoot(page, 'picker');
  await page.getByRole('option', { name: '西' }).tap();
  await page.getByRole('button', { name: '确定' }).tap();
  await page.locator('.multi').tap();
  await page.getByRole('listbox').nth(1).focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('button', { name: '确定' }).tap();
  await page.locator('.date').tap();
  await page.getByLabel('选择日期').last().fill('2031-05-06');
  await page.getByRole('button', { name: '确定' }).tap();
  await page.locator('.time').tap();
  await page.keyboard.press('Escape');
  await until(page, () => __mp.router.current.caller.heard.date !== undefined);
  await page.locator('.submit').tap();
  assert.deepEqual(await heard(page, 'submit'), { name: 'ABCDE', note: '一行\n两行', checks: ['1', '2'], radio: 'r2', switch: true, slider: 3, single: '1', multi: [0, 1], date: '2031-05-06', time: '19:00', own: 'own' });
  assert.equal(await heard(page, 'change'), 1);
  await shoot(page, 'fields');
});

visit('scroll views, swipers, pictures and the portal', '/pages/views/views', async (page) => {
  await page.locator('.scroll').evaluate((element) => element.scrollTo(0, 99_999));
  await until(page, () => __mp.router.current.caller.heard.low === 1);
  await page.evaluate(() => __mp.router.current.caller.setData({ into: 'row3' }));
  await until(page, () => document.querySelector('.scroll').scrollTop === 90);
  await page.locator('.swiper').evaluate((element) => element.scrollTo({ left: element.clientWidth * 2, behavior: 'instant' }));
  await until(page, () => __mp.router.current.caller.heard.turned.includes(2));
  await page.evaluate(() => __mp.router.current.caller.setData({ current: 0 }));
  await until(page, () => document.querySelector('.swiper').scrollLeft === 0);
  await until(page, () => __mp.router.current.caller.heard.loaded === 16 && __mp.router.current.caller.heard.failed);
  assert.ok(await page.getByRole('img', { name: '一个点' }).isVisible());
  await shoot(page, 'views');
  await page.evaluate(() => __mp.router.current.caller.setData({ isCovered: true }));
  assert.equal(await style(page.locator('h5-frame > wx-page'), 'overflowY'), 'hidden');
  const box = await page.locator(inAnyScope('.over')).boundingBox();
  assert.deepEqual([box.x, box.width], [0, 375]);
  assert.equal(await holdsStill(page, 200, 20), true);
  await page.locator(inAnyScope('.over')).tap();
  assert.equal(await page.locator(inAnyScope('.over')).innerText(), 'over 1');
});

visit('a long page tells its end, its scrolling, and is pulled down', '/pages/deep/deep?name=x', async (page) => {
  await page.evaluate(() => __mp.wx.pageScrollTo({ selector: '#line50', duration: 0 }));
  await until(page, () => __mp.router.current.caller.heard.scrolled > 1000);
  await page.locator('wx-page').evaluate((element) => element.scrollTo(0, 99_999));
  await until(page, () => __mp.router.current.caller.heard.bottom === 1);
  assert.equal(await style(page.locator('h5-nav'), 'backgroundColor'), 'rgb(168, 50, 26)');
  await page.getByRole('button', { name: '刷新' }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await heard(page, 'pulled'), 1);
  await shoot(page, 'refreshing');
  await page.evaluate(() => __mp.wx.stopPullDownRefresh());
  await page.evaluate(() => __mp.wx.pageScrollTo({ scrollTop: 0, duration: 0 }));
  await drag(page, 200, 100, 220);
  await until(page, () => __mp.router.current.caller.heard.pulled === 2);
});

/** Whether a touch's move is kept from scrolling, as `catchtouchmove` says. */
async function holdsStill(page, x, y) {
  await page.evaluate(() => {
    window.isHeld = null;
    document.addEventListener('touchmove', (event) => { window.isHeld = event.defaultPrevented; }, { once: true, passive: true });
  });
  await drag(page, x, y, y + 60);
  await until(page, () => window.isHeld !== null);
  return page.evaluate(() => window.isHeld);
}

/** A finger from one height to another. */
async function drag(page, x, from, to) {
  const client = await page.context().newCDPSession(page);
  const touch = (type, y) => client.send('Input.dispatchTouchEvent', { type, touchPoints: y === null ? [] : [{ x, y }] });
  await touch('touchStart', from);
  for (let y = from; y <= to; y += 20) await touch('touchMove', y);
  await touch('touchEnd', null);
}

visit('what a touch opens is not pressed by the same touch, nor by the second of a double tap', '', async (page) => {
  await page.evaluate(() => {
    window.answers = [];
    const ask = () => __mp.wx.showModal({ title: '确认预约？', content: '还剩5分钟决策时间', success: ({ confirm }) => window.answers.push(confirm) });
    __mp.router.current.caller.inner = ask;
    document.querySelector('.caught').__wxElement.addListener('tap', ask);
  });
  const { x, y, width, height } = await page.locator('.caught').boundingBox();
  const tap = () => page.touchscreen.tap(x + width / 2, y + height / 2);
  await Promise.all([tap(), tap()]);
  assert.ok(await page.getByRole('dialog').isVisible());
  assert.deepEqual(await page.evaluate(() => window.answers), []);
  await shoot(page, 'dialog');
});

visit('a dialog keeps the focus, goes with Escape and gives the focus back', '', async (page) => {
  await page.locator('.counter wx-button').focus();
  await page.evaluate(() => {
    __mp.wx.showModal({ title: '标题', content: '正文', success: ({ confirm }) => { window.answer = confirm; } });
  });
  for (let count = 0; count < 5; count += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null));
  }
  await page.keyboard.press('Escape');
  await until(page, () => window.answer === false);
  assert.equal(await page.evaluate(() => document.activeElement.localName), 'wx-button');
  await page.keyboard.press('Space');
  assert.equal(await page.locator('.counter wx-button').innerText(), '加一 1');
}, { viewport: { width: 1280, height: 800 } });

visit('on a wide screen the phone is a column, and what is fixed stays in it', '/pages/home/home', async (page) => {
  const column = await page.locator('#app').boundingBox();
  assert.deepEqual([column.x, column.width], [430, 420]);
  const bar = await page.locator(inAnyScope('.tab')).first().boundingBox();
  assert.equal(bar.x, 430);
  assert.equal(Math.round(bar.width), 210);
  assert.equal(await style(page.locator('.wide'), 'width'), '210px');
  await page.evaluate(() => { __mp.wx.showActionSheet({ itemList: ['甲', '乙'] }).catch(() => {}); });
  const sheet = await page.getByRole('dialog').boundingBox();
  assert.deepEqual([sheet.x, sheet.width], [430, 420]);
  await shoot(page, 'wide');
  const where = await page.evaluate(async () => (await __mp.router.current.caller.measure())[0].left);
  assert.equal(where, 0);
}, { viewport: { width: 1280, height: 800 } });

visit('a way that somebody types leads there', '', async (page) => {
  await page.evaluate(() => { location.hash = '#/sub/pages/leaf/leaf?x=typed'; });
  await until(page, () => __mp.router.current.path === 'sub/pages/leaf/leaf');
  assert.match(await page.locator('.leaf').innerText(), /typed/);
});

test('two phones in one window do not go back for each other', async () => {
  const { page, seen, context } = await openPage(browser, server.base, { viewport: { width: 900, height: 700 } });
  await page.goto(`${server.base}/two/`);
  const [a, b] = ['a', 'b'].map((name) => page.frame({ name }));
  await a.locator('.link').click();
  await b.locator('.link').click();
  await a.getByRole('button', { name: '返回' }).click();
  await a.locator('.included').waitFor();
  assert.equal(await b.evaluate(() => __mp.router.current.path), 'sub/pages/leaf/leaf');
  assert.deepEqual(await Promise.all([a, b].map((frame) => frame.evaluate(() => __mp.wx.login().then(({ code }) => code)))), ['dev:student:a', 'dev:student:b']);
  assert.deepEqual(seen.faults.filter((fault) => !fault.includes('X-Frame')), []);
  await context.close();
});

for (const colorScheme of ['light', 'dark']) {
  for (const at of ['home/home', 'fields/fields', 'views/views', 'deep/deep']) {
    visit(`axe has no serious finding: ${at}, ${colorScheme}`, `/pages/${at}`, async (page) => {
      assert.deepEqual(await seriousFindings(page), []);
    }, { ...PHONE, colorScheme });
  }
  visit(`axe has no serious finding: dialogs, ${colorScheme}`, '', async (page) => {
    const opened = ['showModal', 'showActionSheet'];
    for (const name of opened) {
      await page.evaluate((api) => { __mp.wx[api]({ title: '标题', content: '正文', alertText: '请选择', itemList: ['甲', '乙'] }).catch(() => {}); }, name);
      assert.deepEqual(await seriousFindings(page), []);
      await shoot(page, `${name} ${colorScheme}`);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await page.evaluate(() => { __mp.wx.showToast({ title: '已候补', duration: 60_000 }); });
    assert.deepEqual(await seriousFindings(page), []);
    await shoot(page, `toast ${colorScheme}`);
  }, { ...PHONE, colorScheme });
}

visit('letters twice as large fit', '/pages/fields/fields', async (page) => {
  await page.addStyleTag({ content: 'html { font-size: 200% }' });
  await page.evaluate(() => {
    __mp.wx.setNavigationBarTitle({ title: '一个相当长的标题，长到放不下' });
    __mp.wx.showModal({ title: '确认预约？还剩5分钟决策时间', content: '名额已被抢占。'.repeat(20) }).catch(() => {});
  });
  const box = await page.getByRole('dialog').boundingBox();
  assert.ok(box.y >= 0 && box.y + box.height <= 720);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
  await shoot(page, 'large');
  await page.getByRole('button', { name: '确定' }).scrollIntoViewIfNeeded();
  await page.getByRole('button', { name: '确定' }).tap();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => __mp.wx.getAppBaseInfo().fontSizeScaleFactor), 2);
});
